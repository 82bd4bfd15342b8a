package dataset

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// role says what becomes of a column of a file.
type role int

const (
	roleValue  role = iota // it is data
	roleLabel              // it holds the classes
	roleSkip               // it was not asked for
	roleNumber             // it has no name and numbers the rows
	roleGroup              // it holds the groups of rows
	roleHollow             // it has neither a name nor a value
)

// choice says what becomes of each column of a file.
type choice struct {
	roles       []role
	columns     []string              // names of the columns that are data, weights among them
	label       int                   // the column of the labels, or −1
	group       int                   // that of the groups, or −1; it may be that of the labels
	weights     int                   // the column of the weights among columns, or −1
	weightsFrom int                   // the same among all columns of the file
	types       map[string]ColumnType // those that were asked for, by name
	notes       []Note
	asked       bool // columns were asked for by name
}

// choose decides on the columns of a file by its options. Names are those in
// the file, where it has them.
func choose(names []string, named bool, opt Options) (*choice, error) {
	c := &choice{roles: make([]role, len(names)), weights: -1, weightsFrom: -1}
	var err error
	if c.label, err = labelColumn(names, opt.Label); err != nil {
		return nil, err
	}
	if c.group, err = groupColumn(names, opt.Group); err != nil {
		return nil, err
	}
	weights := -1
	if opt.Weights != "" {
		if weights, err = weightColumn(names, c.label, opt.Weights); err != nil {
			return nil, err
		}
	}
	if err := c.pick(names, opt); err != nil {
		return nil, err
	}
	if err := c.match(names, named, weights, opt); err != nil {
		return nil, err
	}
	if c.weightsFrom = weights; weights >= 0 {
		c.roles[weights] = roleValue
	}
	if c.label >= 0 {
		c.roles[c.label] = roleLabel
	}
	if c.group >= 0 && c.group != c.label {
		if c.group == weights {
			return nil, fmt.Errorf("column %s holds both groups and weights: %w; give two columns", quote(names[c.group]), ErrGroups)
		}
		c.roles[c.group] = roleGroup
	}
	c.leaveIndex(names)
	types, err := opt.typed(names)
	if err != nil {
		return nil, err
	}
	c.types = make(map[string]ColumnType, len(types))
	for j, name := range names {
		if kind, asked := types[j]; asked && c.roles[j] == roleValue && j != weights {
			c.types[name] = kind
		}
		if c.roles[j] == roleValue {
			if j == weights {
				c.weights = len(c.columns)
			}
			c.columns = append(c.columns, name)
		}
	}
	switch {
	case len(c.columns) == 0 && c.group >= 0:
		return nil, fmt.Errorf("there is no column beside the groups: %w", ErrGroups)
	case len(c.columns) == 0 && c.label >= 0:
		return nil, fmt.Errorf("there is no column beside the labels: %w", ErrLabels)
	case len(c.columns) == 0:
		return nil, fmt.Errorf("no column is left: %w; keep at least one", ErrColumn)
	case len(c.columns) == 1 && c.weights == 0:
		return nil, fmt.Errorf("there is no column beside the weights: %w", ErrWeights)
	}
	return c, nil
}

// leaveIndex leaves out the columns in which pandas keeps the numbers of rows,
// unless they were asked for.
func (c *choice) leaveIndex(names []string) {
	for j, name := range names {
		if c.roles[j] == roleValue && !c.asked && j != c.weightsFrom && strings.HasPrefix(name, "__index_level_") && strings.HasSuffix(name, "__") {
			c.roles[j] = roleSkip
			c.notes = append(c.notes, Note{Kind: NoteSkipped, Column: name, Text: fmt.Sprintf("column %d (%s) numbers the rows, and is left out", j+1, quote(name))})
		}
	}
}

// weightColumn finds the column of the weights: a number counts the columns
// without that of the labels.
func weightColumn(names []string, label int, column string) (int, error) {
	if label < 0 {
		return findColumn(names, column)
	}
	at, err := findColumn(slices.Delete(slices.Clone(names), label, label+1), column)
	if err == nil && at >= label {
		at++
	}
	return at, err
}

// pick applies Options.Columns and Options.Drop.
func (c *choice) pick(names []string, opt Options) error {
	if len(opt.Columns) > 0 {
		c.asked = true
		for j := range c.roles {
			c.roles[j] = roleSkip
		}
		if err := c.mark(names, opt.Columns, roleValue); err != nil {
			return err
		}
	}
	return c.mark(names, opt.Drop, roleSkip)
}

// mark gives the columns that patterns name a role.
func (c *choice) mark(names, patterns []string, to role) error {
	for _, pattern := range patterns {
		found, err := findColumns(names, pattern)
		if err != nil {
			return err
		}
		for _, j := range found {
			c.roles[j] = to
		}
	}
	return nil
}

// match keeps the columns of another table, where both have names: others are
// left out with a note, absent ones are an error unless they are to be missing values.
func (c *choice) match(names []string, named bool, weights int, opt Options) error {
	like := opt.Like
	if like == nil || !named || !Named(like.Columns) {
		return nil
	}
	wanted := make(map[string]bool, len(like.Columns))
	for _, name := range like.Columns {
		wanted[name] = true
	}
	var unknown []string
	for j, name := range names {
		if c.roles[j] != roleValue || j == weights || j == c.label || j == c.group {
			continue
		}
		if !wanted[name] {
			c.roles[j] = roleSkip
			unknown = append(unknown, name)
		}
		delete(wanted, name)
	}
	var missing []string
	for _, name := range like.Columns {
		if wanted[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && opt.AbsentMissing {
		c.notes = append(c.notes, Note{Kind: NoteReading, Count: len(missing),
			Text: fmt.Sprintf("%s %s, which the training data have, %s not there: all values are missing", plural(len(missing), "column"), quoteList(missing), isAre(len(missing)))})
	} else if len(missing) > 0 {
		return fmt.Errorf("has no column %s, which the training data have: %w; its columns are %s", quoteList(missing), ErrMismatch, quoteList(names))
	}
	if len(unknown) > 0 {
		c.notes = append(c.notes, Note{Kind: NoteSkipped, Count: len(unknown),
			Text: fmt.Sprintf("%s %s, which the training data do not have, %s left out", plural(len(unknown), "column"), quoteList(unknown), isAre(len(unknown)))})
	}
	return nil
}

func plural(n int, thing string) string {
	if n == 1 {
		return thing
	}
	return thing + "s"
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// findColumns finds columns by a name, a number from 1, or a pattern with *, ?
// or [ ] in it.
func findColumns(names []string, pattern string) ([]int, error) {
	j, err := findColumn(names, pattern)
	if err == nil {
		return []int{j}, nil
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return nil, err
	}
	var found []int
	for j, name := range names {
		matched, bad := path.Match(pattern, name)
		if bad != nil {
			return nil, fmt.Errorf("%s is no pattern: %w; * stands for any letters, ? for one, [a-c] for one of a, b, c", quote(pattern), ErrColumn)
		}
		if matched {
			found = append(found, j)
		}
	}
	if len(found) == 0 {
		return nil, err
	}
	return found, nil
}

// Index returns the number of a column, from 0, by its name or its number from 1. An
// unknown one is an error that wraps [ErrColumn] and names those that are near.
func (s *Schema) Index(column string) (int, error) {
	j, err := findColumn(s.Columns, column)
	if err != nil {
		return 0, fmt.Errorf("dataset: %w", err)
	}
	return j, nil
}

// findColumn finds a column by its name, or its number from 1.
func findColumn(names []string, column string) (int, error) {
	if j := slices.Index(names, column); j >= 0 {
		return j, nil
	}
	if k, err := strconv.Atoi(column); err == nil && 1 <= k && k <= len(names) {
		return k - 1, nil
	}
	return 0, fmt.Errorf("no column is called %s: %w; the columns are %s", quote(column), ErrColumn, quoteList(near(names, column)))
}

// near puts the names that look like the one asked for first.
func near(names []string, asked string) []string {
	if len(names) > 1000 || len(asked) > 100 {
		return names
	}
	type match struct {
		name     string
		distance int
	}
	matches := make([]match, len(names))
	for i, name := range names {
		matches[i] = match{name, max(len(name), len(asked))}
		if len(name) <= 100 {
			if d := editDistance(strings.ToLower(name), strings.ToLower(asked)); d <= max(1, len(asked)/3) {
				matches[i].distance = d
			} else {
				matches[i].distance = 100
			}
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	sorted := make([]string, len(names))
	for i, m := range matches {
		sorted[i] = m.name
	}
	return sorted
}

// dropGap asks to leave a column out, in a text with gaps for options.
func dropGap(name string, col int) string { return "{Drop=" + plainName(name, col) + "}" }

// plainName is how a column is asked for: by its name where a shell takes that as it is,
// else by its number.
func plainName(name string, col int) string {
	simple := name != "" && len(name) <= 40
	for _, r := range name {
		simple = simple && (r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if _, err := strconv.Atoi(name); err == nil || !simple {
		name = strconv.Itoa(col + 1)
	}
	return name
}

// checkNames returns an error if a column that takes part has no name, or the
// name of another.
func (c *choice) checkNames(names []string) error {
	first := make(map[string]int, len(names))
	for j, name := range names {
		if c.roles[j] != roleValue && c.roles[j] != roleLabel && c.roles[j] != roleGroup {
			continue
		}
		if name == "" {
			return optionErrorf("column %d has no name: %w; name it, or leave it out (%s)", j+1, ErrNames, dropGap("", j))
		}
		if k, again := first[name]; again {
			return optionErrorf("columns %d and %d are both called %s: %w; rename one, or leave one out (%s)", k+1, j+1, quote(name), ErrNames, dropGap("", j))
		}
		first[name] = j
	}
	return nil
}
