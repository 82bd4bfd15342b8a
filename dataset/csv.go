package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// readText reads a table of numbers: cells separated by commas, semicolons or
// tabs, quoted or not; an optional line of column names; blank lines and lines
// that start with # are skipped. With semicolons or tabs the decimal sign may
// be a comma. What is wrong with a cell is said with its line and column.
func readText(in *input, opt Options) (*Dataset, error) {
	t, err := newTable(in, opt)
	if err != nil {
		return nil, err
	}
	if err := t.read(opt); err != nil {
		return nil, err
	}
	d := len(t.columns)
	out := &Dataset{
		X:       mat.NewDense(len(t.values)/d, d, t.values),
		Columns: t.columns,
		lines:   t.lines,
	}
	if t.label >= 0 {
		if out.Labels, out.LabelNames, err = indexLabels(t.classes); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", in.path, err)
		}
	}
	return out, nil
}

// newTable finds out how the cells of a text are separated.
func newTable(in *input, opt Options) (*table, error) {
	head, err := in.reader.Peek(in.reader.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, in.fail(err)
	}
	if strings.HasPrefix(string(head), "\xff\xfe") || strings.HasPrefix(string(head), "\xfe\xff") {
		return nil, fmt.Errorf("dataset: %s is UTF-16 text: %w; save it as UTF-8", in.path, ErrFormat)
	}
	if strings.HasPrefix(string(head), "\xef\xbb\xbf") {
		in.reader.Discard(3) // three bytes were just peeked at
		head = head[3:]
	}
	t := &table{in: in, label: -1, missing: opt.Missing}
	t.csv = csv.NewReader(&lines{r: in.reader})
	t.csv.Comma = delimiter(string(head))
	t.csv.Comment = '#'
	t.csv.FieldsPerRecord = -1
	t.csv.TrimLeadingSpace = t.csv.Comma != '\t' // an empty cell between tabs is not space
	t.csv.ReuseRecord = true
	return t, nil
}

// delimiter guesses what separates the cells from the first line that is
// neither blank nor a comment: a tab if there is one outside quotes, else a
// semicolon, else a comma.
func delimiter(head string) rune {
	for line := range strings.Lines(head) {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found := ','
		quoted := false
		for _, r := range line {
			switch {
			case r == '"':
				quoted = !quoted
			case !quoted && r == '\t':
				return '\t'
			case !quoted && r == ';':
				found = ';'
			}
		}
		return found
	}
	return ','
}

// table is the state of reading a text file.
type table struct {
	in      *input
	csv     *csv.Reader
	names   []string // of all columns in the file; nil: no header
	columns []string // of the columns kept, without the label
	label   int      // the column of the labels in the file, or −1
	width   int      // cells a line
	first   int      // line of the first row
	values  []float64
	lines   []int32
	classes []string

	// each is called with the values of a row and its line, which are then
	// forgotten; nil: all rows are kept.
	each func(row []float64, line int32) error

	missing      bool // cells may be empty
	point, comma bool // a decimal point, a decimal comma has been seen
}

func (t *table) read(opt Options) error {
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("dataset: %s is empty: %w; give a file with one example a line", t.in.path, ErrEmpty)
	}
	if err != nil {
		return t.fail(err)
	}
	t.width = len(record)
	header := t.isHeader(record)
	if header {
		t.names = slices.Clone(record)
		for j, name := range t.names {
			t.names[j] = strings.TrimSpace(name)
			if t.names[j] == "" {
				t.names[j] = columnName(j)
			}
		}
	} else {
		t.names = columnNames(t.width)
	}
	if t.label, err = labelColumn(t.names, opt.Label); err != nil {
		return fmt.Errorf("dataset: %s: %w", t.in.path, err)
	}
	t.columns = t.names
	if t.label >= 0 {
		t.columns = slices.Delete(slices.Clone(t.names), t.label, t.label+1)
		if len(t.columns) == 0 {
			return fmt.Errorf("dataset: %s has no column beside the labels: %w", t.in.path, ErrLabels)
		}
	}
	t.first, _ = t.csv.FieldPos(0)
	if header {
		if record, err = t.csv.Read(); errors.Is(err, io.EOF) {
			return fmt.Errorf("dataset: %s holds column names and nothing else: %w; give at least one line of numbers", t.in.path, ErrEmpty)
		}
	}
	for rows := 0; err == nil && (opt.Limit <= 0 || rows < opt.Limit); rows++ {
		if err := t.row(record); err != nil {
			return err
		}
		if t.each != nil {
			if err := t.each(t.values, t.lines[0]); err != nil {
				return err
			}
			t.values, t.lines, t.classes = t.values[:0], t.lines[:0], t.classes[:0]
		}
		record, err = t.csv.Read()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return t.fail(err)
	}
	return nil
}

// isHeader reports whether a first line holds names: something is written in
// it, and no cell is a number.
func (t *table) isHeader(record []string) bool {
	var written bool
	for _, cell := range record {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		if _, err := t.number(cell); err == nil || errors.Is(err, strconv.ErrRange) {
			return false
		}
		written = true
	}
	return written
}

func (t *table) row(record []string) error {
	line, _ := t.csv.FieldPos(0)
	if len(record) != t.width {
		return fmt.Errorf("dataset: %s, line %d has %s where line %d has %d: %w; complete the line or remove it",
			t.in.path, line, count(len(record), "column"), t.first, t.width, ErrRagged)
	}
	for j, cell := range record {
		cell = strings.TrimSpace(cell)
		if j == t.label {
			t.classes = append(t.classes, strings.Clone(cell))
			continue
		}
		if t.missing && isMissing(cell) {
			t.values = append(t.values, math.NaN())
			continue
		}
		v, err := t.number(cell)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return t.badCell(line, j, cell, err)
		}
		if t.comma && t.point {
			return fmt.Errorf("dataset: %s, line %d, %s: %s: both a decimal point and a decimal comma occur: %w; use one of them in the whole file",
				t.in.path, line, columnPlace(t.names, j), quote(cell), ErrText)
		}
		t.values = append(t.values, v)
	}
	t.lines = append(t.lines, int32(min(line, math.MaxInt32)))
	if !t.in.fits(int64(len(t.values))) {
		return t.in.tooLarge()
	}
	return nil
}

// number parses a cell, with a decimal comma where commas do not separate
// cells.
func (t *table) number(cell string) (float64, error) {
	v, err := strconv.ParseFloat(cell, 64)
	if err == nil {
		if !t.point && t.csv.Comma != ',' && strings.Contains(cell, ".") {
			t.point = true
		}
		return v, nil
	}
	if t.csv.Comma != ',' && strings.Count(cell, ",") == 1 && !strings.Contains(cell, ".") {
		if w, err := strconv.ParseFloat(strings.Replace(cell, ",", ".", 1), 64); err == nil {
			t.comma = true
			return w, nil
		}
	}
	return v, err
}

// isMissing reports whether a cell stands for a value that is missing.
func isMissing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "?", "null", "none", "nan":
		return true
	}
	return false
}

// badCell says what is wrong with a cell that holds no finite number.
func (t *table) badCell(line, col int, cell string, err error) error {
	place := fmt.Sprintf("%s, line %d, %s", t.in.path, line, columnPlace(t.names, col))
	switch {
	case cell == "":
		return fmt.Errorf("dataset: %s is empty: %w; fill the value in or remove the line", place, ErrMissing)
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("dataset: %s: %s is too large for a float64: %w; change the unit", place, quote(cell), density.ErrNonFinite)
	case err == nil:
		return fmt.Errorf("dataset: %s is %s: %w; remove the line or fill the value in", place, cell, density.ErrNonFinite)
	case isMissing(cell):
		return fmt.Errorf("dataset: %s is %s: %w; fill the value in or remove the line", place, quote(cell), ErrMissing)
	}
	remedy := "correct the cell, or remove the column if it holds names or classes"
	if t.width == 1 && len(strings.Fields(cell)) > 1 {
		remedy = "separate the columns by commas, semicolons or tabs"
	}
	return fmt.Errorf("dataset: %s: %s is %w; %s", place, quote(cell), ErrText, remedy)
}

// fail says where the text breaks the rules of CSV.
func (t *table) fail(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("dataset: %s, line %d: %w: %w; a quoted cell begins and ends with \" and doubles any \" inside", t.in.path, parse.Line, parse.Err, ErrFormat)
	}
	if errors.Is(err, errLongLine) {
		return fmt.Errorf("dataset: %s has a line of more than %d bytes: %w; write one example a line", t.in.path, maxLine, ErrFormat)
	}
	return t.in.fail(err)
}

// quote shows a cell in a message, cut if it is long.
func quote(cell string) string {
	const most = 40
	if runes := []rune(cell); len(runes) > most {
		return strconv.Quote(string(runes[:most])) + "…"
	}
	return strconv.Quote(cell)
}
