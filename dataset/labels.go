package dataset

import (
	"fmt"
	"slices"
	"strconv"
)

// labelColumn finds the column that holds the labels, by name or by number
// from 1; −1 if label is empty.
func labelColumn(names []string, label string) (int, error) {
	if label == "" {
		return -1, nil
	}
	j, err := findColumn(names, label)
	if err != nil {
		return -1, fmt.Errorf("%w: %w", err, ErrLabels)
	}
	return j, nil
}

// indexLabels turns classes as they are written into indices. If all are
// whole numbers from 0 they stand for themselves and have no names; otherwise
// the names are numbered in the order in which they appear.
func indexLabels(classes []string) (labels []int, names []string, err error) {
	labels = make([]int, len(classes))
	numbers := true
	for i, class := range classes {
		if class == "" {
			return nil, nil, fmt.Errorf("row %d has no label: %w; fill it in or remove the row", i+1, ErrLabels)
		}
		k, err := strconv.Atoi(class)
		numbers = numbers && err == nil && k >= 0
		labels[i] = k
	}
	if numbers {
		return labels, nil, nil
	}
	index := make(map[string]int)
	for i, class := range classes {
		k, known := index[class]
		if !known {
			k = len(names)
			index[class] = k
			names = append(names, class)
		}
		labels[i] = k
	}
	return labels, names, nil
}

// adoptLabels renumbers the labels of a test set by the class names of the
// training data. Classes that training has not seen are numbered after those.
func (d *Dataset) adoptLabels(train *Dataset) {
	if d.Labels == nil || d.LabelNames == nil || train.LabelNames == nil {
		return
	}
	names := slices.Clone(train.LabelNames)
	labels := make([]int, len(d.Labels))
	for i, label := range d.Labels {
		name := d.LabelNames[label]
		k := slices.Index(names, name)
		if k < 0 {
			k = len(names)
			names = append(names, name)
		}
		labels[i] = k
	}
	d.Labels, d.LabelNames = labels, names
}
