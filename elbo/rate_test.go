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

// factored adds the moments of a normalProposal with a diagonal covariance.
type factored struct {
	normalProposal
	variance []float64
}

func (f factored) Moments(x *mat.Dense) (mean, logvar *mat.Dense) {
	n, _ := x.Dims()
	mean, logvar = mat.NewDense(n, f.LatentDim(), nil), mat.NewDense(n, f.LatentDim(), nil)
	for i := range n {
		mean.SetRow(i, f.mean(x.RawRowView(i)))
		for j, v := range f.variance {
			logvar.Set(i, j, math.Log(v))
		}
	}
	return mean, logvar
}

func newFactored(t testing.TB, gain *mat.Dense, variance ...float64) factored {
	return factored{newNormalProposal(t, gain, mat.NewDiagDense(len(variance), variance)), variance}
}

func TestRateSplit(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(1, "w"))
	x := rows(m, 30, 1)
	gain := mat.NewDense(2, 3, []float64{0.4, -0.2, 0.1, 0.2, 0.3, -0.4})
	q := newFactored(t, gain, 0.2, 0.5)
	r, err := elbo.SplitRate(t.Context(), m, q, x, true, elbo.Settings{Samples: 400, Seed: 1})
	require.NoError(t, err)
	var rate float64
	means, _ := q.Moments(x)
	for i := range 30 {
		for j, v := range q.variance {
			rate += 0.5 * (v + means.At(i, j)*means.At(i, j) - 1 - math.Log(v)) / 30
		}
	}
	// Five standard errors.
	near(t, rate, r.Rate.Value, 5*r.Rate.SampleErr)
	near(t, r.Rate.Value, r.Information.Value+r.Marginal.Value, 1e-12)
	near(t, r.Marginal.Value, r.TotalCorrelation.Value+r.Dimension[0]+r.Dimension[1], 1e-12)
	require.Greater(t, r.Information.Value, 0.1)
	require.Less(t, r.Information.Value, math.Log(30))

	// One dimension has nothing to be correlated with.
	one := densitytest.RandomLinear(3, 1, 0.4, density.NewSource(1, "w"))
	r, err = elbo.SplitRate(t.Context(), one, newFactored(t, mat.NewDense(1, 3, []float64{0.4, -0.2, 0.1}), 0.2), x, true, elbo.Settings{Seed: 1})
	require.NoError(t, err)
	near(t, 0, r.TotalCorrelation.Value, 1e-12)
}

func TestRateSplitAtItsEnds(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(1, "w"))
	x := rows(m, 20, 1)
	// A q that ignores x says nothing about it.
	r, err := elbo.SplitRate(t.Context(), m, density.PriorProposal(m), x, false, elbo.Settings{Samples: 10})
	require.NoError(t, err)
	near(t, 0, r.Information.Value, 1e-12)
	near(t, 0, r.Marginal.Value, 1e-12)
	require.Nil(t, r.TotalCorrelation)
	// One that tells all rows apart says ln N.
	r, err = elbo.SplitRate(t.Context(), m, newFactored(t, mat.NewDense(2, 3, []float64{1, 0, 0, 0, 1, 0}), 1e-12, 1e-12), x, false, elbo.Settings{Samples: 10})
	require.NoError(t, err)
	near(t, math.Log(20), r.Information.Value, 1e-9)
	_, err = elbo.SplitRate(t.Context(), m, density.PriorProposal(m), density.Rows(x, 0, 1), false, elbo.Settings{})
	require.ErrorIs(t, err, elbo.ErrSettings)
}
