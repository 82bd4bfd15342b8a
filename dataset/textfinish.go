package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// finish settles what only all rows together can tell, and notes what was
// decided.
func (t *table) finish() error {
	if err := t.conflict(); err != nil {
		return err
	}
	if err := t.settle(); err != nil {
		return err
	}
	for j, c := range t.columns {
		if err := t.finishUnnamed(j, c); err != nil {
			return err
		}
		if err := t.finishLevels(j, c); err != nil {
			return err
		}
	}
	if t.comments.count > 0 {
		t.notes = append(t.notes, t.comments.note(NoteSkipped, "", "%s %s with # and %s skipped as %s",
			t.comments.where(), map[bool]string{true: "begins", false: "begin"}[t.comments.count == 1], isAre(t.comments.count),
			map[bool]string{true: "a comment", false: "comments"}[t.comments.count == 1]))
	}
	if t.texts.latin > 0 {
		t.notes = append(t.notes, Note{Kind: NoteReading, Lines: []int{t.texts.latin}, Count: 1,
			Text: fmt.Sprintf("the text is not UTF-8 (line %d) and is read as Windows-1252, which includes Latin-1", t.texts.latin)})
	}
	if t.underflow.count > 0 {
		t.notes = append(t.notes, t.underflow.note(NotePrecision, "", "%s: numbers too small for a float64 (below 5e-324) are 0; multiply the column by a power of ten", t.underflow.where()))
	}
	if t.huge.count > 0 {
		t.notes = append(t.notes, t.huge.note(NotePrecision, "", "%s: numbers beyond %g have squares too large for a float64; divide the column by a power of ten", t.huge.where(), tooLargeToSquare))
	}
	return nil
}

// conflict says where commas and points mean different things.
func (t *table) conflict() error {
	at, why := t.commas.conflict()
	if at == nil {
		return nil
	}
	return fmt.Errorf("dataset: %s, line %d, %s: %s: %s: %w; write all numbers without separators of thousands and with one decimal sign",
		t.in.path, at.line, columnPlace(t.names, at.col), quote(at.cell), why, ErrText)
}

// ambiguous says that a cell can be read in two ways.
func (t *table) ambiguous(at *cellPlace) error {
	return fmt.Errorf("dataset: %s, line %d, %s: %s may be %v or %s: %w without doubt; write all numbers of the column without separators of thousands",
		t.in.path, at.line, columnPlace(t.names, at.col), quote(at.cell), asDecimal(at.cell), strings.ReplaceAll(at.cell, ",", ""), ErrText)
}

// settle reads the cells such as 1,205 by what the others of the file say: a
// comma before other than three digits goes before decimals, a point before
// decimals leaves the comma to thousands. Without either, a column that has
// whole numbers of three digits and none of more is one of thousands; all else
// is in doubt.
func (t *table) settle() error {
	for j, c := range t.columns {
		if c.role != roleValue || len(c.pending) == 0 {
			continue
		}
		d := len(t.choice.columns)
		switch {
		case t.commas.commaDecimal():
			for _, p := range c.pending {
				t.values[p.row*d+c.at] = asDecimal(p.cell)
			}
		case t.commas.pointDecimal():
		case t.commas.first[formPoint3] == nil && c.whole3 && !c.whole4:
		default:
			p := c.pending[0]
			return t.ambiguous(&cellPlace{p.line, j, p.cell})
		}
		c.pending = nil
	}
	at := t.commas.first[formAmbiguous]
	if at == nil {
		at = t.commas.first[formGrouped]
	}
	if at == nil {
		at = t.commas.first[formEuropean]
	}
	if at == nil {
		return nil
	}
	reading := "commas stand between thousands"
	if t.commas.commaDecimal() {
		reading = "commas stand before decimals"
	}
	v, _, _ := parseNumber(at.cell)
	if at == t.commas.first[formAmbiguous] && t.commas.commaDecimal() {
		v = asDecimal(at.cell)
	}
	t.notes = append(t.notes, Note{Kind: NoteReading, Column: t.names[at.col], Lines: []int{at.line}, Count: 1,
		Text: fmt.Sprintf("%s, as all cells together say: %s in line %d is %s", reading, quote(at.cell), at.line, strconv.FormatFloat(v, 'f', -1, 64))})
	return nil
}

// finishUnnamed notes the columns without a name that were left out, and the
// whole numbers that lost digits.
func (t *table) finishUnnamed(j int, c *textColumn) error {
	if c.lostDigits.count > 0 {
		t.notes = append(t.notes, c.lostDigits.note(NotePrecision, t.names[j],
			"%s, %s: whole numbers beyond 2^53 are not held digit by digit, and different ones may be equal; if they number or name the rows, leave the column out (%s)",
			columnPlace(t.names, j), c.lostDigits.where(), dropGap(t.names[j], j)))
	}
	switch c.role {
	case roleHollow:
		t.notes = append(t.notes, Note{Kind: NoteSkipped, Text: fmt.Sprintf("column %d has neither a name nor a value, and is left out", j+1)})
	case roleNumber:
		numbers := slices.Clone(c.rowNumbers)
		slices.Sort(numbers)
		if len(slices.Compact(numbers)) < len(c.rowNumbers) {
			return optionErrorf("dataset: %s: column %d has no name, and values that repeat, so it does not number the rows: %w; name it, or leave it out (%s)", t.in.path, j+1, ErrNames, dropGap("", j))
		}
		what := "has no name and numbers the rows"
		if t.names[j] != "" {
			what = fmt.Sprintf("(%s) numbers the rows", quote(t.names[j]))
		}
		t.notes = append(t.notes, Note{Kind: NoteSkipped, Column: t.names[j], Text: fmt.Sprintf("column %d %s, and is left out", j+1, what)})
	}
	return nil
}

// finishLevels puts the levels of a categorical column in order.
func (t *table) finishLevels(j int, c *textColumn) error {
	if c.unseen.count > 0 {
		t.notes = append(t.notes, c.unseen.note(NoteReading, t.names[j], "%s, %s: levels that the training data do not have are taken for missing", columnPlace(t.names, j), c.unseen.where()))
	}
	if c.known || c.codes == nil || t.each != nil {
		return nil
	}
	if n := len(c.levels); n > 1 && (!c.forced && 2*n > t.rows || n == t.rows) {
		what := fmt.Sprintf("%d different texts in %s", n, count(t.rows, "row"))
		for _, level := range c.levels {
			if _, number := isNumber(level); !number {
				what += fmt.Sprintf(", such as %s, which is not a number", quote(level))
				break
			}
		}
		return t.manyLevels(j, what)
	}
	var codes []float64
	c.levels, codes = sortLevels(c.levels)
	for at := c.at; at < len(t.values); at += len(t.choice.columns) {
		if v := t.values[at]; !math.IsNaN(v) {
			t.values[at] = codes[int(v)]
		}
	}
	return nil
}

// sortLevels sorts names, as numbers where all are such, and returns the new
// code of each old one.
func sortLevels(levels []string) (sorted []string, codes []float64) {
	order := make([]int, len(levels))
	numbers := make([]float64, len(levels))
	numeric := true
	for k, level := range levels {
		order[k] = k
		v, number := isNumber(level)
		numbers[k], numeric = v, numeric && number
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if numeric && numbers[a] != numbers[b] {
			if numbers[a] < numbers[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(levels[a], levels[b])
	})
	sorted, codes = make([]string, len(levels)), make([]float64, len(levels))
	for to, from := range order {
		sorted[to], codes[from] = levels[from], float64(to)
	}
	return sorted, codes
}

// levels returns the names of the levels of the columns that are data, or nil
// if none has any.
func (t *table) levels() [][]string {
	var levels [][]string
	for _, c := range t.columns {
		if c.role == roleValue && c.codes != nil {
			if levels == nil {
				levels = make([][]string, len(t.choice.columns))
			}
			levels[c.at] = c.levels
		}
	}
	return levels
}

// dataset makes a dataset of the rows that were read.
func (t *table) dataset() (*Dataset, error) {
	d := len(t.choice.columns)
	out := &Dataset{X: mat.NewDense(t.rows, d, t.values), Columns: t.choice.columns, lines: t.rowLines, Notes: t.notes, Levels: t.levels(), choice: t.choice}
	if t.choice.label >= 0 {
		var err error
		if out.Labels, out.LabelNames, err = indexLabels(t.classes); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", t.in.path, err)
		}
	}
	if t.choice.group >= 0 {
		texts := t.groups
		if t.choice.group == t.choice.label {
			texts = t.classes
		}
		if err := out.setGroups(texts); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", t.in.path, err)
		}
	}
	return out, nil
}
