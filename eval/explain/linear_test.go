package explain

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/eval"
)

// For a linear model with a code of one dimension, whose encoder is the posterior
// widened by f, everything is known: log p in closed form, a bound that is lower by
// KL = ½(f² − 1) − ln f, all of which is amortisation, as the posterior is a normal.
// Sampled numbers are within 5 of their standard errors, or 6 where 20 are looked at.
func TestLinearModelIsExplained(t *testing.T) {
	const f = 1.4
	m := densitytest.RandomLinear(3, 1, 0.5, density.NewSource(1, "model"))
	draw := func(n int, seed uint64) *mat.Dense {
		x := mat.NewDense(n, 3, nil)
		m.Rand(x, density.NewSource(seed, "rows"))
		return x
	}
	x, train := draw(8, 1), draw(8, 2)
	known := func(x *mat.Dense) *eval.Result {
		return &eval.Result{LogProb: m.LogProb(nil, x), Samples: 200, Kind: density.ExactValue}
	}
	divergence := 0.5*(f*f-1) - math.Log(f)
	out, err := Run(t.Context(),
		Subject{Model: m, Encoder: m.Scaled(f), Exact: m, Family: elbo.Diagonal, StandardNormal: true},
		Data{X: x, LogProb: known(x), Train: train, TrainLogProb: known(train), Rate: train}, Settings{Samples: 1000, Seed: 1})
	require.NoError(t, err)
	exact := density.MeanEstimate(m.LogProb(nil, x), nil, density.ExactValue, 0)
	at := func(name string) Estimator {
		for _, e := range out.Estimators {
			if e.Name == name {
				return e
			}
		}
		require.Fail(t, "no "+name)
		return Estimator{}
	}

	require.InDelta(t, exact.Value, at("exact").Value, 1e-12)
	require.InDelta(t, exact.DataErr, at("exact").DataErr, 1e-12)
	require.InDelta(t, exact.Value, at("quadrature").Value, 1e-4)
	require.LessOrEqual(t, at("quadrature").Error, 1e-4)
	require.Equal(t, density.Quadrature, at("quadrature").Kind)
	bound := at("elbo")
	require.InDelta(t, exact.Value-divergence, bound.Value, 5*bound.SampleErr)
	require.EqualValues(t, 500, bound.Evaluations)
	require.InDelta(t, exact.Value, at("elbo_refined").Value, 5*at("elbo_refined").SampleErr+1e-3)
	require.Greater(t, at("elbo_refined").Evaluations, bound.Evaluations)
	above := at("cubo_2")
	// ∫ p²/q of a normal and one f times as wide is f²/√(2f² − 1).
	require.InDelta(t, exact.Value+0.5*math.Log(f*f/math.Sqrt(2*f*f-1)), above.Value, 5*above.SampleErr)
	require.False(t, above.Certified)
	require.EqualValues(t, 1000, above.Evaluations)

	last := math.Inf(-1)
	counts := []int{}
	for _, e := range out.Estimators {
		if e.Name == "iwae" {
			require.Greater(t, e.Value, last, "K = %d", e.Draws)
			require.Less(t, e.Value, exact.Value+6*e.SampleErr)
			require.True(t, e.Certified)
			require.Positive(t, e.SampleErr)
			last = e.Value
			counts = append(counts, e.Draws)
		}
	}
	require.Equal(t, []int{1, 5, 10, 50, 100, 500, 1000}, counts)
	require.InDelta(t, exact.Value, at("iwae_jackknife").Value, 6*at("iwae_jackknife").SampleErr)

	total, approximation, amortization := out.Held.Gap.Estimates()
	require.InDelta(t, divergence, total.Value, 5*total.SampleErr+1e-4)
	require.InDelta(t, 0, approximation.Value, 5*approximation.SampleErr+1e-3)
	require.InDelta(t, divergence, amortization.Value, 5*amortization.SampleErr+1e-3)
	require.Equal(t, 8, out.Held.RowsConverged())
	require.Equal(t, 2, (&Division{Converged: []bool{true, false, true}}).RowsConverged())

	// What is overfitted is the held-out part less that of the training rows.
	_, _, a := out.Held.Gap.Estimates()
	_, _, b := out.Train.Gap.Estimates()
	require.InDelta(t, a.Value-b.Value, out.Overfitting.Amortization.Mean, 1e-12)
	require.InDelta(t, out.Held.Amortized.Estimate().Value-out.Train.Amortized.Estimate().Value, out.Overfitting.ELBO.Mean, 1e-12)

	lower, upper := out.Importance.Estimates()
	require.InDelta(t, lower.Value, upper.Value, 0.05, "they are bounds in expectation, and close with 1000 draws")
	require.InDelta(t, out.Rate.Rate.Value, out.Rate.Information.Value+out.Rate.Marginal.Value, 1e-9)
	require.Less(t, out.Encoder.PValue[0], 1e-6, "a widened posterior is none")
	require.Greater(t, out.Weighted.PValue[0], 1e-5)
	require.Equal(t, 8*1000, sum(out.Weights.Counts)+out.Weights.Below)
}

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// Quadrature refuses a code of four dimensions, in words.
func TestQuadratureIsRefused(t *testing.T) {
	m := densitytest.RandomLinear(5, 4, 0.5, density.NewSource(1, "model"))
	w := &work{Subject: Subject{Model: m}, Data: Data{X: mat.NewDense(2, 5, nil)}, out: &Explanation{}}
	require.NoError(t, w.quadrate(t.Context()))
	require.NoError(t, w.integral(t.Context()))
	require.Contains(t, w.out.Estimators[0].Refused, "4 dimensions, of which it takes 3")
	require.True(t, math.IsNaN(w.out.Estimators[0].Value))
}
