package dataset_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/dataset"
)

// grouped writes a table of n rows whose group is a text, and opens it.
func grouped(t *testing.T, sizes []int, options dataset.Options) *dataset.Dataset {
	t.Helper()
	var b strings.Builder
	b.WriteString("a,patient,b\n")
	row := 0
	for g, n := range sizes {
		for range n {
			fmt.Fprintf(&b, "%d.5,P%02d,%d.25\n", row, g, row*row)
			row++
		}
	}
	path := filepath.Join(t.TempDir(), "visits.csv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	options.Group = "patient"
	d, err := dataset.OpenWith(path, options)
	require.NoError(t, err)
	return d
}

// The column of groups is no data, by name and by number, in text and arrays; a class may
// be the group.
func TestGroupColumn(t *testing.T) {
	d := grouped(t, []int{2, 1, 3}, dataset.Options{})
	require.Equal(t, []string{"a", "b"}, d.Columns)
	require.Equal(t, []int{0, 0, 1, 2, 2, 2}, d.Groups)
	require.Equal(t, []string{"P00", "P01", "P02"}, d.GroupNames)
	require.Equal(t, 25.25, d.X.At(5, 1))
	require.Equal(t, []int{0, 0}, d.Head(2).Groups)
	require.Equal(t, []int{2, 0}, d.Take([]int{4, 1}).Groups)

	weighed := grouped(t, []int{2, 3}, dataset.Options{Weights: "a"})
	require.Equal(t, []int{0, 0, 1, 1, 1}, weighed.Groups)

	byClass, err := dataset.OpenWith("iris", dataset.Options{Group: "label"})
	require.NoError(t, err)
	require.Equal(t, byClass.Labels, byClass.Groups)
	require.Equal(t, []string{"setosa", "versicolor", "virginica"}, byClass.GroupNames)
	for _, name := range []string{"penguins", "wreath"} {
		_, err := dataset.OpenWith(name, dataset.Options{Group: "nobody"})
		require.ErrorIs(t, err, dataset.ErrGroups, name)
	}
	_, err = dataset.OpenWith("moons", dataset.Options{Group: "nobody"})
	require.ErrorIs(t, err, dataset.ErrGroups)
	species, err := dataset.OpenWith("penguins", dataset.Options{Group: "species"})
	require.NoError(t, err)
	require.Len(t, dataset.Grouped(species.Groups), 3)

	path := filepath.Join(t.TempDir(), "empty.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,g\n1,x\n2,\n"), 0o600))
	_, err = dataset.OpenWith(path, dataset.Options{Group: "g"})
	require.ErrorIs(t, err, dataset.ErrGroups)
	require.ErrorContains(t, err, "line 3")
}

// No group is divided, every part has rows, and shares are near what was asked for, over
// many tables and seeds. Without groups the rows are those of Split.
func TestSplitKeepsGroups(t *testing.T) {
	for seed := range uint64(200) {
		sizes := make([]int, 3+seed%40)
		total := 0
		for g := range sizes {
			sizes[g] = 1 + int(seed*7+uint64(g)*13)%9
			total += sizes[g]
		}
		d := grouped(t, sizes, dataset.Options{})
		train, valid, test := d.SplitRows(0.2, 0.1, seed)
		all := slices.Sorted(slices.Values(slices.Concat(train, valid, test)))
		require.Len(t, all, total)
		require.Len(t, slices.Compact(all), total)
		part := make(map[int]int)
		for p, rows := range [][]int{train, valid, test} {
			require.NotEmpty(t, rows)
			for _, i := range rows {
				if at, known := part[d.Groups[i]]; known {
					require.Equal(t, at, p, "group %d is in two parts", d.Groups[i])
				}
				part[d.Groups[i]] = p
			}
		}
		require.LessOrEqual(t, math.Abs(float64(len(test))-0.2*float64(total)), 9.0)
		again, _, _ := d.SplitRows(0.2, 0.1, seed)
		require.Equal(t, train, again)
	}
	d := grouped(t, []int{5, 5}, dataset.Options{})
	d.Groups = nil
	train, _, test := d.SplitRows(0.2, 0.1, 3)
	want, _, wantTest := dataset.Split(10, 0.2, 0.1, 3)
	require.Equal(t, want, train)
	require.Equal(t, wantTest, test)
}

// Groups on both sides are found by name, whatever their numbers.
func TestSharedGroups(t *testing.T) {
	a, b := grouped(t, []int{1, 1, 1}, dataset.Options{}), grouped(t, []int{1, 2}, dataset.Options{})
	require.Equal(t, []string{"P00", "P01"}, dataset.SharedGroups(a, b))
	require.Equal(t, []string{"P01"}, dataset.SharedGroups(a, b.Take([]int{1, 2})))
	b.GroupNames = []string{"P02", "P07"}
	require.Equal(t, []string{"P02"}, dataset.SharedGroups(a, b))
	b.Groups = nil
	require.Empty(t, dataset.SharedGroups(a, b))
}
