package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"likely/density"
)

// groupColumn finds the column of the groups among all columns of a file, by name or
// number from 1; −1 if none is asked for.
func groupColumn(names []string, column string) (int, error) {
	if column == "" {
		return -1, nil
	}
	j, err := findColumn(names, column)
	if err != nil {
		return -1, fmt.Errorf("%w: %w", err, ErrGroups)
	}
	return j, nil
}

// setGroups makes texts, one a row, the groups.
func (d *Dataset) setGroups(texts []string) error {
	if i := slices.Index(texts, ""); i >= 0 {
		return fmt.Errorf("%s has no group: %w; fill it in or remove the row", d.Where(i, -1), ErrGroups)
	}
	index := make(map[string]int)
	d.Groups, d.GroupNames = make([]int, len(texts)), nil
	for i, text := range texts {
		k, known := index[text]
		if !known {
			k = len(d.GroupNames)
			index[text] = k
			d.GroupNames = append(d.GroupNames, text)
		}
		d.Groups[i] = k
	}
	return nil
}

// groupByClass makes the classes the groups.
func (d *Dataset) groupByClass() error {
	texts := make([]string, len(d.Labels))
	for i, k := range d.Labels {
		texts[i] = strconv.Itoa(k)
		if k < len(d.LabelNames) {
			texts[i] = d.LabelNames[k]
		}
	}
	return d.setGroups(texts)
}

// classesAsGroups is what Options.Group calls the classes where no column is called so.
const classesAsGroups = "label"

// openGrouped reads data with the groups that are asked for: a column, or the classes.
func openGrouped(opt Options, open func(Options) (train, test *Dataset, err error)) (train, test *Dataset, err error) {
	train, test, err = open(opt)
	if opt.Group == "" || err == nil && train.Groups != nil || err != nil && !errors.Is(err, ErrGroups) {
		return train, test, err
	}
	column := opt.Group
	opt.Group = ""
	byClass, testByClass, again := open(opt)
	if again != nil || column != classesAsGroups || byClass.Labels == nil {
		if err == nil {
			err = fmt.Errorf("dataset: no column is called %s: %w; give one of a table, or %s for classes that it comes with", quote(column), ErrGroups, classesAsGroups)
		}
		return nil, nil, err
	}
	for _, d := range []*Dataset{byClass, testByClass} {
		if d != nil {
			if err := d.groupByClass(); err != nil {
				return nil, nil, fmt.Errorf("dataset: %s: %w", d.Place(), err)
			}
		}
	}
	return byClass, testByClass, nil
}

// groupByColumn makes the values of a column (from 0) of X the groups, and leaves it out.
func (d *Dataset) groupByColumn(at int) error {
	texts := make([]string, d.Rows())
	for i := range texts {
		if v := d.X.At(i, at); !math.IsNaN(v) {
			texts[i] = strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return d.setGroups(texts)
}

// SplitRows is [Split] for the rows of d. Rows of one group are all in the same part:
// groups are taken in a random order from the seed, each where it brings a part closer to
// its share, and a positive share has at least one group as long as one is left to train
// on.
func (d *Dataset) SplitRows(holdout, valid float64, seed uint64) (train, validation, test []int) {
	if d.Groups == nil || holdout == 0 && valid == 0 {
		return Split(d.Rows(), holdout, valid, seed)
	}
	random := rand.New(density.NewSource(seed, "dataset.split groups"))
	members := Grouped(d.Groups)
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	deal := func(p float64) (part []int) {
		if p == 0 {
			return nil
		}
		var n int
		for _, rows := range members {
			n += len(rows)
		}
		want := p * float64(n)
		var rest [][]int
		for i, rows := range members {
			closer := math.Abs(float64(len(part)+len(rows))-want) < math.Abs(float64(len(part))-want)
			if closer && len(rest)+len(members)-i > 1 {
				part = append(part, rows...)
				continue
			}
			rest = append(rest, rows)
		}
		if len(part) == 0 && len(rest) > 1 { // the smallest is the nearest
			least := slices.IndexFunc(rest, func(rows []int) bool {
				return len(rows) == len(slices.MinFunc(rest, func(a, b []int) int { return cmp.Compare(len(a), len(b)) }))
			})
			part = rest[least]
			rest = slices.Delete(rest, least, least+1)
		}
		members = rest
		return part
	}
	test = deal(holdout)
	validation = deal(valid)
	train = slices.Concat(members...)
	for _, part := range [][]int{train, validation, test} {
		random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return train, validation, test
}

// SharedGroups returns the names of groups that have rows in both of two tables, in the
// order of the first; nil where either has no groups.
func SharedGroups(a, b *Dataset) []string {
	var shared []string
	for _, rows := range Grouped(a.Groups) {
		name := a.GroupNames[a.Groups[rows[0]]]
		if k := slices.Index(b.GroupNames, name); k >= 0 && slices.Contains(b.Groups, k) {
			shared = append(shared, name)
		}
	}
	return shared
}
