package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"likely/density"
)

// maxCategories is the number of different texts above which a column is not
// taken for categories.
const maxCategories = 256

// textColumn is the state of a column of a text file.
type textColumn struct {
	role role
	at   int // its place among the columns that are data

	numbers     bool           // a number has been seen
	codes       map[string]int // of its texts; nil: none has been seen
	levels      []string       // the texts, by code
	known       bool           // the levels are those of other data
	forced      bool           // it is categorical whatever it holds
	whole3      bool           // a whole number of three digits has been seen
	whole4      bool           // one of more has been seen
	pending     []pendingCell
	lostDigits  tally
	unseen      tally
	rowNumbers  []float64 // of a column of row numbers
	largestSeen float64
}

// pendingCell is a cell that waits for the convention of the file.
type pendingCell struct {
	row  int
	line int
	cell string
}

// missingCodes are the values that stand for a missing one by the user's word.
type missingCodes struct {
	texts   []string
	numbers []float64
}

func newMissingCodes(values []string) missingCodes {
	c := missingCodes{texts: values}
	for _, value := range values {
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			c.numbers = append(c.numbers, v)
		}
	}
	return c
}

func (c *missingCodes) text(cell string) bool { return slices.Contains(c.texts, cell) }
func (c *missingCodes) number(v float64) bool { return slices.Contains(c.numbers, v) }

// choose decides what becomes of the columns. One without a name is looked at
// in the first rows: it may number the rows, or hold nothing.
func (t *table) choose() (*choice, error) {
	c, err := choose(t.names, t.named, t.opt)
	if err != nil {
		return nil, err
	}
	if t.named {
		for j, name := range t.names {
			if c.roles[j] == roleValue && j != c.weightsFrom && (name == "" || j == 0 && strings.HasPrefix(name, "Unnamed: ")) {
				c.roles[j] = t.unnamedRole(j)
			}
		}
		if err := c.checkNames(t.names); err != nil {
			return nil, err
		}
	}
	c.columns, c.weights = c.columns[:0], -1
	t.columns = make([]*textColumn, t.width)
	for j, name := range t.names {
		column := &textColumn{role: c.roles[j], at: len(c.columns)}
		t.columns[j] = column
		if column.role != roleValue {
			continue
		}
		c.columns = append(c.columns, name)
		// Where rows are not held, categories are numbers, and get codes at the end.
		column.forced = c.types[name] == Categorical && t.each == nil
		if j == c.weightsFrom {
			c.weights = column.at
		} else if levels := t.knownLevels(name, column.at, c.weights); levels != nil {
			column.know(levels)
		}
	}
	if len(c.columns) == 0 {
		return nil, fmt.Errorf("no column is left beside row numbers: %w", ErrColumn)
	}
	return c, nil
}

// knownLevels returns the levels that other data have for a column: by its
// name, or by its place among the columns that are data where names say
// nothing.
func (t *table) knownLevels(name string, at, weights int) []string {
	like := t.opt.Like
	if like == nil || like.Levels == nil {
		return nil
	}
	if t.named && Named(like.Columns) {
		return like.levelsOf(name)
	}
	if weights >= 0 {
		at--
	}
	if at < len(like.Levels) {
		return like.Levels[at]
	}
	return nil
}

// know gives a column the levels of other data.
func (c *textColumn) know(levels []string) {
	c.known, c.levels, c.codes = true, levels, make(map[string]int, len(levels))
	for k, level := range levels {
		c.codes[level] = k
	}
}

// unnamedRole looks at the first rows of a column without a name: whole
// numbers that all differ number the rows, as pandas and R write them.
func (t *table) unnamedRole(j int) role {
	numbers, empty := make(map[float64]bool), true
	for _, r := range t.ahead {
		if len(r.cells) != t.width {
			continue
		}
		cell := strings.TrimSpace(r.cells[j])
		if cell == "" {
			continue
		}
		empty = false
		v, number := isNumber(cell)
		if !number || v < 0 || v != math.Trunc(v) || numbers[v] {
			return roleValue
		}
		numbers[v] = true
	}
	switch {
	case len(t.ahead) == 0:
		return roleValue
	case empty:
		return roleHollow
	case j == 0:
		return roleNumber
	}
	return roleValue
}

// take takes in a record: a row, or a comment.
func (t *table) take(r textRecord) error {
	if r.hash && !t.rowBelow(r) {
		t.comments.add(r.line)
		return nil
	}
	if len(r.cells) != t.width {
		return fmt.Errorf("dataset: %s, line %d has %s where line %d has %d: %w; complete the line or remove it",
			t.in.path, r.line, count(len(r.cells), "column"), t.first, t.width, ErrRagged)
	}
	for j, cell := range r.cells {
		if err := t.cell(j, strings.TrimSpace(cell), r.line); err != nil {
			return err
		}
	}
	t.rows++
	line := int32(min(r.line, math.MaxInt32))
	if t.each != nil {
		err := t.each(t.values, line)
		t.values, t.classes, t.groups = t.values[:0], t.classes[:0], t.groups[:0]
		return err
	}
	t.rowLines = append(t.rowLines, line)
	if t.bytes += int64(8*len(t.choice.columns) + 4); !t.in.holds(t.bytes) {
		return t.in.tooLarge()
	}
	return nil
}

// rowBelow reports whether a record that begins with # is a row, where rows
// have begun. In a table with texts any record of the right width is.
func (t *table) rowBelow(r textRecord) bool {
	if t.isRow(r) {
		return true
	}
	texts := slices.ContainsFunc(t.columns, func(c *textColumn) bool { return c.codes != nil || c.role == roleLabel || c.role == roleGroup })
	return texts && t.width > 1 && len(r.cells) == t.width
}

// cell takes in a cell, without the spaces around it.
func (t *table) cell(j int, cell string, line int) error {
	c := t.columns[j]
	switch c.role {
	case roleSkip:
		return nil
	case roleLabel, roleGroup:
		text, err := t.decode(cell, line)
		if err != nil {
			return err
		}
		if t.each == nil {
			to := &t.classes
			if c.role == roleGroup {
				to = &t.groups
			}
			*to = append(*to, strings.Clone(text))
			t.bytes += int64(16 + len(text))
		}
		return nil
	case roleNumber, roleHollow:
		return t.unnamedCell(j, cell, line)
	}
	if t.opt.gaps() && (isMissing(cell) || t.codes.text(cell)) {
		t.values = append(t.values, math.NaN())
		return nil
	}
	if c.known || c.forced {
		return t.category(j, cell, line)
	}
	v, form, err := parseNumber(cell)
	if err != nil && errors.Is(err, errNotNumber) && t.opt.categories() && t.each == nil && t.opt.Like == nil && cell != "" && !isMissing(cell) && !c.numbers {
		return t.category(j, cell, line)
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return t.badCell(line, j, cell, err)
	}
	if c.codes != nil {
		return t.category(j, cell, line) // a number among texts
	}
	if len(t.codes.numbers) > 0 && t.codes.number(v) {
		t.values = append(t.values, math.NaN())
		return nil
	}
	return t.number(j, cell, line, v, form)
}

// number takes in a number.
func (t *table) number(j int, cell string, line int, v float64, form numberForm) error {
	c := t.columns[j]
	c.numbers = true
	switch form {
	case formPlain:
		if v >= 100 || v <= -100 {
			c.whole3 = c.whole3 || math.Abs(v) < 1000
			c.whole4 = c.whole4 || math.Abs(v) >= 1000
			if losesDigits(cell, v) {
				c.lostDigits.add(line)
			}
		}
	case formAmbiguous:
		t.commas.see(form, line, j, cell)
		switch {
		case t.commas.commaDecimal():
			v = asDecimal(cell)
		case t.commas.pointDecimal():
		case t.each != nil:
			return t.ambiguous(&cellPlace{line, j, cell})
		default:
			c.pending = append(c.pending, pendingCell{t.rows, line, strings.Clone(cell)})
			t.bytes += int64(40 + len(cell))
		}
	default:
		t.commas.see(form, line, j, cell)
	}
	if t.each != nil && form != formPlain {
		if err := t.conflict(); err != nil {
			return err
		}
	}
	if vanishes(cell, v) {
		t.underflow.add(line)
	} else if math.Abs(v) > tooLargeToSquare {
		t.huge.add(line)
	}
	t.values = append(t.values, v)
	return nil
}

// category takes in a text as a level.
func (t *table) category(j int, cell string, line int) error {
	c := t.columns[j]
	if cell == "" || isMissing(cell) && !c.forced && !c.known {
		return t.badCell(line, j, cell, nil)
	}
	text, err := t.decode(cell, line)
	if err != nil {
		return err
	}
	if v, number := isNumber(text); number && (c.forced || c.known) {
		text = levelName(v)
	}
	code, known := c.codes[text]
	switch {
	case known:
	case c.known && t.opt.UnseenMissing:
		c.unseen.add(line)
		t.values = append(t.values, math.NaN())
		return nil
	case c.known:
		return optionErrorf("dataset: %s, line %d, %s: %s is %w: the training data have %s; correct the cell, or set {UnseenMissing} to take it for missing",
			t.in.path, line, columnPlace(t.names, j), quote(text), ErrUnseen, quoteList(c.levels))
	case t.each != nil:
		return t.badCell(line, j, cell, errNotNumber)
	case len(c.levels) == maxCategories:
		return t.manyLevels(j, fmt.Sprintf("more than %d different texts", maxCategories))
	default:
		if c.codes == nil {
			c.codes = make(map[string]int)
		}
		code = len(c.levels)
		text = strings.Clone(text)
		c.codes[text] = code
		c.levels = append(c.levels, text)
		t.bytes += int64(64 + 2*len(text))
	}
	t.values = append(t.values, float64(code))
	return nil
}

// levelName is how a number is written as the name of a level.
func levelName(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (t *table) manyLevels(j int, what string) error {
	return optionErrorf("dataset: %s: %s holds %s: %w; categories have few values that repeat; leave the column out (%s)",
		t.in.path, columnPlace(t.names, j), what, ErrText, dropGap(t.names[j], j))
}

// unnamedCell takes in a cell of a column that is left out if it holds what it
// seems to hold.
func (t *table) unnamedCell(j int, cell string, line int) error {
	c := t.columns[j]
	v, number := isNumber(cell)
	switch {
	case c.role == roleHollow && cell == "":
		return nil
	case c.role == roleHollow:
		return optionErrorf("dataset: %s, line %d: column %d has no name, and holds %s: %w; name it, or leave it out (%s)", t.in.path, line, j+1, quote(cell), ErrNames, dropGap("", j))
	case !number || v < 0 || v != math.Trunc(v):
		return optionErrorf("dataset: %s, line %d: column %d has no name, and does not number the rows (%s): %w; name it, or leave it out (%s)", t.in.path, line, j+1, quote(cell), ErrNames, dropGap("", j))
	}
	if t.each == nil {
		c.rowNumbers = append(c.rowNumbers, v)
		t.bytes += 8
	} else if t.rows > 0 && v <= c.largestSeen {
		return optionErrorf("dataset: %s, line %d: column %d has no name, and does not number the rows in order: %w; name it, or leave it out (%s)", t.in.path, line, j+1, ErrNames, dropGap("", j))
	}
	c.largestSeen = v
	return nil
}

// badCell says what is wrong with a cell that holds no finite number.
func (t *table) badCell(line, col int, cell string, err error) error {
	place := fmt.Sprintf("%s, line %d, %s", t.in.path, line, columnPlace(t.names, col))
	drop := dropGap(t.names[col], col)
	switch {
	case cell == "":
		return fmt.Errorf("dataset: %s is empty: %w; fill the value in or remove the line", place, ErrMissing)
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("dataset: %s: %s is too large for a float64: %w; change the unit", place, quote(cell), density.ErrNonFinite)
	case isMissing(cell) && !strings.EqualFold(cell, "nan"):
		return fmt.Errorf("dataset: %s is %s: %w; fill the value in or remove the line", place, quote(cell), ErrMissing)
	case err == nil:
		return fmt.Errorf("dataset: %s is %s: %w; remove the line or fill the value in", place, cell, density.ErrNonFinite)
	}
	remedy := fmt.Sprintf("correct the cell, or remove the column if it holds names or classes (%s)", drop)
	switch {
	case t.width == 1 && len(strings.Fields(cell)) > 1:
		remedy = "separate the columns by commas, semicolons or tabs"
	case strings.HasPrefix(cell, "#") && col == 0:
		remedy = "correct the cell; a line that begins with # is a comment only where it holds no data"
	case t.opt.categories() && t.each == nil:
		remedy = fmt.Sprintf("correct the cell, declare the column categorical ({Types=%s=categorical}), or leave it out (%s)", plainName(t.names[col], col), drop)
	}
	return optionErrorf("dataset: %s: %s is %w; %s", place, quote(cell), ErrText, remedy)
}

// isMissing reports whether a cell stands for a value that is missing.
func isMissing(cell string) bool {
	if len(cell) > 5 {
		return false
	}
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "?", "null", "none", "nan", "#n/a", "#na", "<na>":
		return true
	}
	return false
}
