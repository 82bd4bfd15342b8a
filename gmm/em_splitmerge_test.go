package gmm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Two components on one cluster and one on two clusters is an optimum that EM does
// not leave; a move does.
func TestSplitMergeLeavesAPoorOptimum(t *testing.T) {
	truth, err := NewDiagonal([]float64{.3, .3, .4}, mat.NewDense(3, 2, []float64{0, 0, 10, 0, 60, 0}), mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1}))
	require.NoError(t, err)
	x := mat.NewDense(600, 2, nil)
	truth.Rand(x, density.NewSource(1, "x"))
	poor, err := NewDiagonal([]float64{.6, .2, .2}, mat.NewDense(3, 2, []float64{5, 0, 60, 1, 60, -1}), mat.NewDense(3, 2, []float64{25, 1, 1, 1, 1, 1}))
	require.NoError(t, err)
	best, _ := fit(t, x, Settings{Components: 3}, 1)
	stuck, _ := fit(t, x, Settings{Components: 3, Start: From(poor)}, 1)
	require.Less(t, total(stuck, x), total(best, x)-100)
	moved, r := fit(t, x, Settings{Components: 3, Start: From(poor), SplitMerge: 5}, 1)
	near(t, total(best, x), total(moved, x), 1e-4)
	require.True(t, r.Converged)
	require.Greater(t, r.TotalIterations, r.Iterations)
}

// Moves never make a fit worse, and rest on the best optimum known.
func TestSplitMergeNeverLoses(t *testing.T) {
	x := open(t, "iris")
	for seed := range uint64(4) {
		s := Settings{Components: 3, Start: RandomResponsibilities, Starts: 1}
		a, _ := fit(t, x, s, seed)
		s.SplitMerge = 4
		b, _ := fit(t, x, s, seed)
		require.GreaterOrEqual(t, total(b, x), total(a, x)-1e-6)
	}
	m, _ := fit(t, x, Settings{Components: 3, SplitMerge: 3}, 1)
	near(t, -180.185477, total(m, x), 2e-6)
	ctx, cancel := context.WithCancel(context.Background())
	s := Settings{Components: 3, Starts: 1, SplitMerge: 3}
	s.Progress = func(int, int, float64) { cancel() }
	_, _, err := Fit(ctx, x, s, density.NewSource(1, "t"))
	require.ErrorIs(t, err, context.Canceled)
}
