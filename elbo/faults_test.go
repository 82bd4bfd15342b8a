package elbo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
)

// spoilt gives a number of one's choice for the log-density of the draw at a
// place, or for the divergence of a row from the prior.
type spoilt struct {
	density.PriorDivergence
	draw, row int // from 0; −1: none
	value     float64
}

func (q spoilt) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	dst = q.PriorDivergence.LogProb(dst, z, x)
	if q.draw >= 0 {
		dst[q.draw] = q.value
	}
	return dst
}

func (q spoilt) KLPrior(dst []float64, x *mat.Dense) []float64 {
	dst = q.PriorDivergence.KLPrior(dst, x)
	if q.row >= 0 {
		dst[q.row] = q.value
	}
	return dst
}

// spoiltEvidence gives a number of one's choice for log p of the second row.
type spoiltEvidence struct {
	*densitytest.Linear
	value float64
}

func (m spoiltEvidence) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = m.Linear.LogProb(dst, x)
	dst[1] = m.value
	return dst
}

func TestNumbersThatCannotBeAreNamed(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(1, "w"))
	x := rows(m, 4, 1)
	q := m.Posterior().(density.PriorDivergence)
	inf := math.Inf(1)
	for _, v := range []float64{math.NaN(), inf, -inf} {
		_, err := elbo.ELBO(t.Context(), m, spoilt{q, 7, -1, v}, x, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrNotANumber, "log q = %v at its own draw", v)
		require.ErrorContains(t, err, "draw 8 for row 1")
		_, err = elbo.MultiSample(t.Context(), m, spoilt{q, 7, -1, v}, x, []int{10}, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrNotANumber)
	}
	for _, v := range []float64{math.NaN(), -inf} {
		_, err := elbo.ELBO(t.Context(), m, spoilt{q, -1, 2, v}, x, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrNotANumber, "KL = %v", v)
		require.ErrorContains(t, err, "row 3")
	}
	for _, v := range []float64{math.NaN(), inf} {
		_, err := elbo.ELBO(t.Context(), spoiltEvidence{m, v}, q, x, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrNotANumber, "log p = %v", v)
		require.ErrorContains(t, err, "row 2")
	}
}

// A row too far away to have a probability makes its bounds −Inf, with an error
// that says they are not known at all; the other rows stay as they are.
func TestRowsWithoutProbability(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(1, "w"))
	x := rows(m, 3, 1)
	x.Set(1, 0, 1e200)
	q := density.PriorProposal(m)
	inf := math.Inf(1)
	b, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{})
	require.NoError(t, err)
	require.Equal(t, -inf, b.PerRow[1])
	require.Equal(t, inf, b.StdErr[1])
	require.True(t, math.IsNaN(b.Divergence[1]), "there is no posterior to diverge from")
	multi, err := elbo.MultiSample(t.Context(), m, q, x, []int{1, 10, 100}, elbo.Settings{})
	require.NoError(t, err)
	for _, l := range multi {
		require.Equal(t, -inf, l.PerRow[1])
	}
	require.Equal(t, inf, multi[1].StdErr[1])
	require.True(t, math.IsNaN(multi[2].StdErr[1]), "one group says nothing about its spread")
	for _, i := range []int{0, 2} {
		for _, v := range []float64{b.PerRow[i], b.StdErr[i], b.Divergence[i], multi[0].PerRow[i], multi[1].StdErr[i]} {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
		}
	}
}
