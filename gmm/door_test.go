package gmm

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

// What is left to gain is never negative, whatever the path: with two falls of which
// the second is smaller it once was, and the best start waited for itself for ever.
func TestRestIsNotNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &EM{history: rapid.SliceOfN(rapid.Float64Range(-3, 3), 0, 6).Draw(t, "history"), slow: rapid.Float64Range(0, 20).Draw(t, "slow")}
		require.GreaterOrEqual(t, e.rest(), 0.0)
	})
	require.Equal(t, math.Inf(1), (&EM{history: []float64{-1, -1.5, -1.6}}).rest())
}

// The best start converges though its last two steps fell, the second by less: the run
// of EM goes on until it has converged or its iterations are used up.
func TestFallingStartEnds(t *testing.T) {
	s, err := Settings{Components: 2, Iterations: 30}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(open(t, "faithful"), s)
	require.NoError(t, err)
	e, err := start(t.Context(), rows, s, 0, 1)
	require.NoError(t, err)
	last := e.history[len(e.history)-1]
	e.history = append(e.history, last-1e-3, last-1.5e-3)
	e.leapt, e.converged, e.fell = 0, false, true
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := &Report{StartLogLik: make([]float64, 1)}
	best := r.converge(ctx, []*EM{e}, []error{nil}, s)
	require.NoError(t, ctx.Err())
	require.Same(t, e, best)
	require.True(t, best.ended(s))
}

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
