package dataset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every row is in one fold, folds differ by a row at most, and the seed decides.
func TestFoldsDealAllRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(1, 60).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "k")
		seed := rapid.Uint64().Draw(t, "seed")
		folds := Folds(n, k, nil, seed)
		var all []int
		for _, f := range folds {
			all = append(all, f...)
			if len(f) < n/k || len(f) > (n+k-1)/k {
				t.Fatalf("a fold of %d rows among %d in %d", len(f), n, k)
			}
			rest := Except(n, f)
			if merged := slices.Sorted(slices.Values(append(slices.Clone(rest), f...))); len(merged) != n || merged[n-1] != n-1 {
				t.Fatalf("%v and %v are not all rows", f, rest)
			}
		}
		slices.Sort(all)
		for i := range n {
			if all[i] != i {
				t.Fatalf("row %d is not dealt once", i)
			}
		}
		require.Equal(t, folds, Folds(n, k, nil, seed))
	})
	require.NotEqual(t, Folds(50, 5, nil, 1), Folds(50, 5, nil, 2))
}

// Rows of a group stay together.
func TestFoldsKeepGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 60).Draw(t, "groups")
		k := rapid.IntRange(1, 5).Draw(t, "k")
		where := make(map[int]int)
		count := 0
		for f, rows := range Folds(len(groups), k, groups, 1) {
			for _, i := range rows {
				count++
				if at, known := where[groups[i]]; known && at != f {
					t.Fatalf("group %d is in folds %d and %d", groups[i], at, f)
				}
				where[groups[i]] = f
			}
		}
		if count != len(groups) {
			t.Fatalf("%d rows of %d", count, len(groups))
		}
	})
}
