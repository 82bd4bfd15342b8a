package gmm

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// What is not there, and numbers that no machine could work through, are errors.
func TestAtTheDoor(t *testing.T) {
	x := open(t, "faithful")
	src := density.NewSource(1, "door")
	var none context.Context
	for _, c := range []struct {
		ctx  context.Context
		x    *mat.Dense
		s    Settings
		kind error
		text string
	}{
		{t.Context(), new(mat.Dense), Settings{}, ErrTooFewRows, "no rows"},
		{t.Context(), nil, Settings{}, ErrTooFewRows, "no rows"},
		{none, x, Settings{}, ErrSettings, "context.Background()"},
		{t.Context(), x, Settings{Starts: math.MaxInt}, ErrSettings, "Settings.Starts is"},
		{t.Context(), x, Settings{Components: math.MaxInt}, ErrTooFewRows, "Settings.Components of at most 256"},
	} {
		_, _, err := Fit(c.ctx, c.x, c.s, src)
		require.ErrorIs(t, err, c.kind)
		require.ErrorContains(t, err, c.text)
	}
	_, _, err := Fit(t.Context(), x, Settings{}, nil)
	require.ErrorContains(t, err, "source of random numbers is nil")
	m, _ := fit(t, x, Settings{Components: 2, Iterations: math.MaxInt, SplitMerge: math.MaxInt, Starts: 2}, 1)
	_, _, err = FitStream(none, &pieces{x: x}, m, Settings{})
	require.ErrorIs(t, err, ErrSettings)
	_, _, err = SampleRows(none, &pieces{x: x}, 5, src)
	require.ErrorIs(t, err, ErrSettings)
	e, err := NewEM(x, mat.NewDense(272, 1, onesOf(272)), Settings{})
	require.NoError(t, err)
	require.ErrorIs(t, e.Step(none), ErrSettings)
}

func onesOf(n int) []float64 {
	v := make([]float64, n)
	fill(v, 1)
	return v
}

// Distinct rows are those that differ in a value, −0 and 0 are one.
func TestDistinctRows(t *testing.T) {
	s := &scaledRows{n: 5, d: 2, x: []float64{0, 1, math.Copysign(0, -1), 1, 1, 0, 0, 1, 2, 2}}
	require.Equal(t, 3, s.countDistinct(100))
	require.Equal(t, 2, s.countDistinct(2))
}
