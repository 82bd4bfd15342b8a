package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Of the first lines of a text so many are looked at before it is decided what
// they are, and so many bytes.
const (
	aheadLines = 100
	aheadBytes = 1 << 20
)

// textRecord is a line of a text in its cells.
type textRecord struct {
	cells []string
	line  int
	hash  bool // it begins with #, which is not quoted
}

// next returns the next record, or io.EOF. Its cells are valid until then.
// What begins with # and is no CSV is a comment.
func (t *table) next() (textRecord, error) {
	for {
		cells, err := t.csv.Read()
		var parse *csv.ParseError
		if errors.As(err, &parse) && t.lines.hash(parse.StartLine) && parse.StartLine == parse.Line {
			t.comments.add(parse.StartLine)
			continue
		}
		if err != nil {
			return textRecord{}, err
		}
		line, _ := t.csv.FieldPos(0)
		return textRecord{cells, line, t.lines.hash(line)}, nil
	}
}

// lookAhead reads the first records and keeps them.
func (t *table) lookAhead() error {
	size := 0
	for len(t.ahead) < aheadLines && size < aheadBytes {
		record, err := t.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.aheadErr = err // told when the records before it have been used
			}
			return err
		}
		record.cells = slices.Clone(record.cells)
		for j, cell := range record.cells {
			size += len(cell) + 16
			record.cells[j] = strings.Clone(cell)
		}
		t.ahead = append(t.ahead, record)
	}
	return nil
}

// head decides on the first records: how many cells a line has, which lines
// are comments and whether names come first. It leaves the rows in t.ahead.
func (t *table) head() error {
	if err := t.lookAhead(); err != nil && !errors.Is(err, io.EOF) && len(t.ahead) == 0 {
		return t.fail(err)
	}
	body := slices.IndexFunc(t.ahead, func(r textRecord) bool { return !r.hash })
	if body < 0 { // every line begins with #: rows, if they hold data
		body = slices.IndexFunc(t.ahead, t.holdsData)
		if body < 0 {
			if t.aheadErr != nil {
				return t.fail(t.aheadErr)
			}
			return fmt.Errorf("dataset: %s is empty: %w; give a file with one example a line", t.in.path, ErrEmpty)
		}
	}
	first := t.ahead[body]
	t.width, t.first = len(first.cells), first.line
	names := t.headerOf(t.ahead[body:])
	rows := t.ahead[body:]
	if names != nil {
		rows = rows[1:]
	}
	// Lines with # before the first other one: a row, names, or a comment.
	var kept []textRecord
	for i, record := range t.ahead[:body] {
		switch {
		case names == nil && t.isRow(record):
			kept = append(kept, record)
		case names == nil && i == body-1 && len(kept) == 0 && t.width > 1 && len(record.cells) == t.width && t.opt.Header != HeaderAbsent:
			names = record.cells
		default:
			t.comments.add(record.line)
		}
	}
	t.ahead = append(kept, rows...)
	if len(kept) > 0 {
		t.first = kept[0].line
	}
	return t.name(names)
}

// name gives the columns their names.
func (t *table) name(names []string) error {
	t.named = names != nil
	if !t.named {
		t.names = columnNames(t.width)
		return nil
	}
	t.names = make([]string, t.width)
	for j, name := range names {
		var err error
		if t.names[j], err = t.decode(strings.TrimSpace(name), t.first); err != nil {
			return err
		}
		if strings.ContainsRune(name, 0) {
			return fmt.Errorf("dataset: %s holds a zero byte in the name of column %d: %w; it is no text, or UTF-16: save it as UTF-8", t.in.path, j+1, ErrFormat)
		}
	}
	return nil
}

// isRow reports whether a record that begins with # is a row and no comment:
// it has as many cells as others, and a number or a missing value among them.
func (t *table) isRow(r textRecord) bool {
	if len(r.cells) != t.width {
		return isMissing(strings.TrimSpace(r.cells[0])) // so that it is told to be short
	}
	return t.holdsData(r)
}

// holdsData reports whether one of the cells of a record that begins with # is
// a number, or stands for a missing one.
func (t *table) holdsData(r textRecord) bool {
	if len(r.cells) == 1 {
		_, number := isNumber(strings.TrimLeft(r.cells[0], "# "))
		return number && !strings.HasPrefix(r.cells[0], "# ") || isMissing(strings.TrimSpace(r.cells[0]))
	}
	return slices.ContainsFunc(r.cells, func(cell string) bool {
		cell = strings.TrimSpace(cell)
		_, number := isNumber(cell)
		return number || cell != "" && isMissing(cell)
	})
}

// isNumber reports whether a cell is a number, be it one too large.
func isNumber(cell string) (float64, bool) {
	v, _, err := parseNumber(cell)
	return v, err == nil || errors.Is(err, strconv.ErrRange)
}

// headerOf returns the names in the first of the records, or nil if it is a
// row.
func (t *table) headerOf(records []textRecord) []string {
	cells, body := records[0].cells, records[1:]
	switch {
	case t.opt.Header == HeaderPresent:
		return cells
	case t.opt.Header == HeaderAbsent:
		return nil
	}
	numbers, words := 0, 0
	for _, cell := range cells {
		cell = strings.TrimSpace(cell)
		if _, number := isNumber(cell); number {
			numbers++
		} else if !isMissing(cell) {
			words++
		}
	}
	switch {
	case numbers == 0 && words == 0:
		return nil
	case numbers == 0:
		if t.opt.categories() && t.repeats(cells, body) {
			t.notes = append(t.notes, Note{Kind: NoteReading, Lines: []int{records[0].line}, Count: 1,
				Text: fmt.Sprintf("line %d is read as a row and not as names, since its texts occur in the same columns below", records[0].line)})
			return nil
		}
		return cells
	}
	return t.numericHeader(records, words)
}

// repeats reports whether each cell of a first line occurs in its column
// below, so that a table of texts has no names.
func (t *table) repeats(cells []string, body []textRecord) bool {
	for j, cell := range cells {
		if !slices.ContainsFunc(body, func(r textRecord) bool { return j < len(r.cells) && r.cells[j] == cell }) {
			return false
		}
	}
	return true
}

// numericHeader decides on a first line with numbers in it. Years and numbers
// of columns may be names: they are if they do not look like the values below.
// Where that cannot be told the line is a row, and a note says so.
func (t *table) numericHeader(records []textRecord, words int) []string {
	cells, body := records[0].cells, records[1:]
	var labels []int
	fits, odd := true, 0
	for j, cell := range cells {
		cell = strings.TrimSpace(cell)
		v, number := isNumber(cell)
		if !number {
			if words > 0 && !isMissing(cell) && !t.textAbove(j, cell, body) {
				fits = false
			}
			continue
		}
		if len(cell) > 9 || strings.Trim(cell, "0123456789") != "" {
			return nil
		}
		labels = append(labels, int(v))
		if t.unlike(j, v, body) {
			odd++
		}
	}
	if !looksLikeNames(labels, words) {
		return nil
	}
	where, shown := records[0].line, shortList(cells)
	if fits && odd == len(labels) {
		t.notes = append(t.notes, Note{Kind: NoteReading, Lines: []int{where}, Count: 1,
			Text: fmt.Sprintf("line %d (%s) is read as names of the columns, since its numbers are unlike those below", where, shown)})
		return cells
	}
	if len(labels) < 2 {
		return nil
	}
	t.notes = append(t.notes, Note{Kind: NoteReading, Lines: []int{where}, Count: 1,
		Text: fmt.Sprintf("line %d (%s) is read as a row, and may be names of the columns; if it is, write them as words", where, shown)})
	return nil
}

// looksLikeNames reports whether numbers of a first line are ascending years,
// or count columns.
func looksLikeNames(labels []int, words int) bool {
	if len(labels) < 2 && words == 0 {
		return false
	}
	years, run := true, true
	for i, v := range labels {
		years = years && 1000 <= v && v < 3000 && (i == 0 || v > labels[i-1])
		run = run && (i == 0 || v == labels[i-1]+1)
	}
	return years || run && len(labels) > 2
}

// textAbove reports whether a text in a first line is likely to be a name: the
// column below holds numbers, or other texts.
func (t *table) textAbove(j int, cell string, body []textRecord) bool {
	for _, r := range body {
		if j < len(r.cells) && strings.TrimSpace(r.cells[j]) == cell {
			return false
		}
	}
	return len(body) > 0
}

// unlike reports whether a whole number in a first line is unlike the values
// below: most of these have decimals, or it is farther from them than they are
// from each other.
func (t *table) unlike(j int, v float64, body []textRecord) bool {
	numbers, decimals := 0, 0
	var lo, hi float64
	for _, r := range body {
		if j >= len(r.cells) {
			continue
		}
		cell := strings.TrimSpace(r.cells[j])
		w, number := isNumber(cell)
		if !number {
			continue
		}
		if numbers == 0 {
			lo, hi = w, w
		}
		lo, hi = min(lo, w), max(hi, w)
		numbers++
		if strings.ContainsAny(cell, ".,") {
			decimals++
		}
	}
	if numbers < 3 {
		return false
	}
	return 2*decimals > numbers || v < lo-(hi-lo) || v > hi+(hi-lo)
}

// shortList shows the first cells of a line.
func shortList(cells []string) string {
	const most = 4
	words := make([]string, 0, most)
	for _, cell := range cells[:min(most, len(cells))] {
		words = append(words, strings.Trim(quote(strings.TrimSpace(cell)), `"`))
	}
	return enumerate(words, len(cells))
}
