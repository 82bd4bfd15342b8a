package dataset

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The parts are disjoint, complete and as large as was asked for; the test
// rows do not depend on the validation share.
func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		holdout := rapid.Float64Range(0, 0.99).Draw(t, "holdout")
		valid := rapid.Float64Range(0, 0.99).Draw(t, "valid")
		seed := rapid.Uint64().Draw(t, "seed")
		train, validation, test := Split(n, holdout, valid, seed)

		all := slices.Concat(train, validation, test)
		slices.Sort(all)
		for i, r := range all {
			require.Equal(t, i, r)
		}
		require.Len(t, all, n)
		require.NotEmpty(t, train)
		if n > 1 {
			require.Equal(t, holdout > 0, len(test) > 0)
		}
		if n*2 > 3 {
			require.LessOrEqual(t, math.Abs(float64(len(test))-holdout*float64(n)), 1.0)
		}
		_, _, same := Split(n, holdout, 0, seed)
		require.True(t, slices.Equal(test, same) || valid == 0)
	})
}

func TestSplitKeepsOrder(t *testing.T) {
	train, validation, test := Split(5, 0, 0, 7)
	require.Equal(t, []int{0, 1, 2, 3, 4}, train)
	require.Empty(t, validation)
	require.Empty(t, test)
}

// The shuffle is part of every published result, so it is pinned.
func TestSplitIsPinned(t *testing.T) {
	train, validation, test := Split(10, 0.2, 0.25, 1)
	require.Len(t, test, 2)
	require.Len(t, validation, 2)
	require.Len(t, train, 6)
	again, _, _ := Split(10, 0.2, 0.25, 1)
	require.Equal(t, train, again)
	other, _, _ := Split(10, 0.2, 0.25, 2)
	require.NotEqual(t, train, other)
}

// A part of sorted data holds all classes: 30 test rows without one of three
// species would have probability below 3·(2/3)³⁰ < 2e-5.
func TestSplitShuffles(t *testing.T) {
	d, _ := mustOpen(t, "iris", Options{})
	_, _, test := d.Split(0.2, 0, 1)
	require.Equal(t, 30, test.Rows())
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(test.Labels))), 3)
	_, _, head := d.Split(0.2, 0, 1)
	require.Greater(t, len(slices.Compact(slices.Sorted(slices.Values(head.Head(8).Labels)))), 1)
}

func TestSplitRejectsBadShares(t *testing.T) {
	for _, share := range []float64{-0.1, 1, math.NaN()} {
		require.PanicsWithValue(t, "dataset: split needs a row and shares in [0,1)", func() { Split(5, share, 0, 1) })
		require.PanicsWithValue(t, "dataset: split needs a row and shares in [0,1)", func() { Split(5, 0, share, 1) })
	}
}

// Rows remember where they come from through any cutting.
func TestTake(t *testing.T) {
	d, _ := mustOpen(t, "iris", Options{})
	part := d.Take([]int{100, 3, 60}).Take([]int{2, 0})
	require.Equal(t, []int{1, 2}, part.Labels)
	require.Equal(t, 60, part.Row(0))
	require.Equal(t, d.X.RawRowView(100), part.X.RawRowView(1))
	require.Equal(t, `iris, line 62, column 3 ("Petal.Length")`, part.Where(0, 2))
	require.Equal(t, "iris, line 102", part.Where(1, -1))
	require.Equal(t, 60, part.Head(1).Row(0))
	require.Equal(t, 1, part.Head(1).Rows())
	require.Panics(t, func() { d.Take(nil) })

	images, _ := mustOpen(t, "eight-gaussians", Options{Limit: 4})
	require.Equal(t, "eight-gaussians, row 3, column 1", images.Take([]int{2}).Where(0, 0))
}

// A share of the rows is the nearest whole number of them: a quarter of 7 is 2, and of
// the 5 that are left 0.3 is 2 again; a share that is not 0 has a row.
func TestSharesByHand(t *testing.T) {
	train, valid, test := Split(7, 0.25, 0.3, 1)
	require.Equal(t, []int{3, 2, 2}, []int{len(train), len(valid), len(test)})
	train, valid, test = Split(40, 0.01, 0, 1)
	require.Equal(t, []int{39, 0, 1}, []int{len(train), len(valid), len(test)})
}
