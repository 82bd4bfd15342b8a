package eval_test

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// Codes of one, two and three dimensions of linear models, whose evidence is
// known: the error is within the tolerance, which the error estimate respects.
func TestQuadratureOfLinearModels(t *testing.T) {
	for l := 1; l <= 3; l++ {
		m := linear(4, l, uint64(l))
		x := rows(m, 5, 1)
		tolerance := []float64{0, 1e-9, 1e-7, 1e-4}[l]
		q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: tolerance})
		require.NoError(t, err)
		require.Empty(t, q.Warnings)
		require.Equal(t, density.Quadrature, q.Kind)
		require.Positive(t, q.Spent)
		t.Logf("%d dimensions: %d evaluations a row", l, q.Spent/5)
		for i, want := range m.LogProb(nil, x) {
			near(t, want, q.LogProb[i], tolerance+1e-11)
			require.LessOrEqual(t, q.Error[i], tolerance)
		}
	}
}

func TestQuadratureAgreesWithAGrid(t *testing.T) {
	for l := 1; l <= 2; l++ {
		m := curve(4, l, 0.05, uint64(l))
		x := rows(m, 6, 1)
		q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{})
		require.NoError(t, err)
		for i, want := range m.Evidence(x, 501) {
			near(t, want, q.LogProb[i], 1e-5)
		}
	}
}

// A posterior 1000 times narrower than the prior is found with hints.
func TestQuadratureWithHints(t *testing.T) {
	m := newNarrow()
	x := rows(m, 5, 3)
	q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Hints: m.Posterior(), Tolerance: 1e-8})
	require.NoError(t, err)
	require.Empty(t, q.Warnings)
	for i, want := range m.LogProb(nil, x) {
		near(t, want, q.LogProb[i], 1e-7)
	}
}

func TestQuadratureSaysWhatItCannotDo(t *testing.T) {
	m := curve(4, 2, 0.05, 1)
	x := rows(m, 3, 1)
	q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Evaluations: 100, Tolerance: 1e-12})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, q.Kind)
	require.NotEmpty(t, q.Warnings)
	_, err = eval.Quadrate(t.Context(), linear(5, 4, 1), rows(linear(5, 4, 1), 1, 1), eval.QuadratureSettings{})
	require.ErrorIs(t, err, eval.ErrDimension)
	mix := mixture(t)
	_, err = eval.Quadrate(t.Context(), mix, rows(mix, 1, 1), eval.QuadratureSettings{})
	require.ErrorIs(t, err, eval.ErrDimension)
	_, err = eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: -1})
	require.ErrorIs(t, err, eval.ErrSettings)
	_, err = eval.Quadrate(t.Context(), brokenDecoder{m, x.At(1, 0)}, x, eval.QuadratureSettings{})
	require.ErrorIs(t, err, elbo.ErrNotANumber)
	require.ErrorContains(t, err, "row 2")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = eval.Quadrate(ctx, m, x, eval.QuadratureSettings{})
	require.ErrorIs(t, err, context.Canceled)
	// A row so far out that its posterior lies at the edge of the prior.
	far := linear(2, 1, 1)
	y := rows(far, 1, 1)
	y.Set(0, 0, 1e3)
	q, err = eval.Quadrate(t.Context(), far, y, eval.QuadratureSettings{})
	require.NoError(t, err)
	require.NotEmpty(t, q.Warnings)
	require.False(t, math.IsNaN(q.LogProb[0]))
}

func TestQuadratureBits(t *testing.T) {
	m := curve(4, 2, 0.05, 1)
	x := rows(m, 4, 1)
	run := func() *eval.Quadrature {
		q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: 1e-3})
		require.NoError(t, err)
		return q
	}
	want := run()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, run())
}
