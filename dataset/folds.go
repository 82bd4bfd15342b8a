package dataset

import (
	"math/rand/v2"
	"slices"

	"likely/density"
)

// Folds deals n rows, numbered from 0, to k parts of nearly the same size, at random from
// the seed. Rows of one group (groups, length n; nil: each row is its own) are dealt to
// the same part: the largest groups first, each to the part that has the fewest rows.
// Parts have their rows in increasing order, and may be empty where there are fewer groups
// than parts.
func Folds(n, k int, groups []int, seed uint64) [][]int {
	if n < 1 || k < 1 || groups != nil && len(groups) != n {
		panic("dataset: folds need rows, parts and a group for each row")
	}
	random := rand.New(density.NewSource(seed, "dataset.folds"))
	var members [][]int
	if groups == nil {
		for i := range n {
			members = append(members, []int{i})
		}
	} else {
		members = Grouped(groups)
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	slices.SortStableFunc(members, func(a, b []int) int { return len(b) - len(a) })
	folds := make([][]int, k)
	for _, rows := range members {
		least := 0
		for f := range folds {
			if len(folds[f]) < len(folds[least]) {
				least = f
			}
		}
		folds[least] = append(folds[least], rows...)
	}
	for _, rows := range folds {
		slices.Sort(rows)
	}
	return folds
}

// Grouped returns the rows of each group, groups in the order of their first rows.
func Grouped(groups []int) [][]int {
	var members [][]int
	at := make(map[int]int)
	for i, g := range groups {
		to, known := at[g]
		if !known {
			to = len(members)
			at[g] = to
			members = append(members, nil)
		}
		members[to] = append(members[to], i)
	}
	return members
}

// Except returns the rows of 0 … n−1 that are not among rows, which are in increasing
// order.
func Except(n int, rows []int) []int {
	rest := make([]int, 0, n-len(rows))
	for i := range n {
		if len(rows) > 0 && rows[0] == i {
			rows = rows[1:]
			continue
		}
		rest = append(rest, i)
	}
	return rest
}
