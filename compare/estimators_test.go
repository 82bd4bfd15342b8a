package compare

import (
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/results"
	"likely/vae"
)

// What is reported of the gap and of the estimators fits together: bounds are on
// their side of the exact value, parts sum to wholes, and all is in one unit,
// whatever the dimension of the code, the prior and the family of q. Bounds may be
// on the wrong side by 4 standard errors of their draws: with about 20 bounds and 7
// models, a rate of false alarms below 1 % if seeds were drawn anew.
func TestEstimatorsAgree(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"1-D":       func(c *Settings) { c.VAE.Latent = 1 },
		"2-D":       func(c *Settings) { c.VAE.Latent = 2 },
		"4-D":       func(c *Settings) { c.VAE.Latent = 4 },
		"linear":    func(c *Settings) { c.VAE.Hidden, c.Sigma = []int{}, Given(vae.Shared) },
		"mixture":   func(c *Settings) { c.VAE.Prior = vae.LearnedMixture(3) },
		"vamp":      func(c *Settings) { c.VAE.Prior, c.VAE.Latent = vae.Vamp(5), 3 },
		"full":      func(c *Settings) { c.VAE.FullPosterior = true },
		"student-t": func(c *Settings) { c.Likelihood = Given(vae.StudentT) },
		"train":     func(c *Settings) { c.Holdout = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "2-D" && name != "4-D" && name != "linear" {
				t.Skip("the others are for the full run")
			}
			t.Parallel()
			c := fixed()
			c.Dataset, c.Models = "iris", []string{"gmm", "vae"}
			c.Components, c.GMM.Starts = Given(Range{2, 2}), 2
			c.VAE.Hidden, c.VAE.Epochs = []int{12}, 60
			c.EvalSamples, c.GapRows = 500, 8
			change(&c)
			o, err := (&Job{Settings: c}).Run(t.Context())
			require.NoError(t, err)
			r := o.Results
			checkEstimators(t, r.Models[0])
			checkEstimators(t, r.Models[1])

			m := r.Models[1]
			exact := find(m, "quadrature")
			require.Equal(t, c.VAE.Latent > 3, exact.Refused != "", "quadrature takes codes of three dimensions")
			if exact.Kind != density.Quadrature {
				exact = find(m, "importance_sampling")
			}
			if e := find(m, "exact"); e != nil {
				exact = e
			}
			require.InDelta(t, *exact.Nats-*find(m, "elbo").Nats, *m.Gap.Total, 1e-6, "the gap is of one unit")
			require.InDelta(t, *m.Gap.Total, *m.Gap.Approximation+*m.Gap.Amortization, 1e-9)
			require.Equal(t, *m.Bounds.ELBORefined, *find(m, "elbo_refined").Nats)
			for _, from := range []string{"ais", "ais_from_refined"} {
				require.Len(t, slices.Collect(named(m, from)), 3)
			}
			require.Equal(t, *m.Bounds.AIS, *slices.Collect(named(m, "ais"))[2].Nats)
			require.InDelta(t, *m.RateSplit.Rate, *m.RateSplit.Information+*m.RateSplit.Marginal, 1e-9)
			if m.RateSplit.TotalCorrelation != nil {
				sum := *m.RateSplit.TotalCorrelation
				for _, v := range m.RateSplit.Dimensions {
					sum += v
				}
				require.InDelta(t, *m.RateSplit.Marginal, sum, 1e-9)
			}
			for _, s := range []*results.Sandwich{m.Sandwich, m.SandwichAnnealed} {
				require.InDelta(t, *s.Upper-*s.Lower, *s.Width, 1e-9)
				// With few rows the error itself is uncertain: Student's t.
				limit := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.Rows - 1)}.Quantile(1 - 3e-4)
				require.NotNil(t, s.WidthSE)
				require.Greater(t, *s.Width, -limit**s.WidthSE)
				require.Positive(t, s.Evaluations)
				require.True(t, s.Certified)
			}
			checkChecks(t, m)
			if name == "train" {
				require.Nil(t, m.Overfitting)
			} else {
				require.InDelta(t, *m.Gap.Amortization-*m.GapTrain.Amortization, *m.Overfitting.Amortization, 1e-9)
				require.InDelta(t, *find(m, "elbo").Nats, *m.Overfitting.ELBOHeld, 1e-9)
				require.InDelta(t, *m.Overfitting.ELBOHeld-*m.Overfitting.ELBOTrain, *m.Overfitting.ELBO, 1e-9)
				require.InDelta(t, *m.GapTrain.Total, *m.GapTrain.Approximation+*m.GapTrain.Amortization, 1e-9)
				require.Less(t, math.Abs(*m.GapTrain.Total), 5.0, "the gap of the training rows is of one unit")
			}
		})
	}
}

// checkChecks checks that the numbers of single rows have the means that are
// reported, and that nothing was lost in counting.
func checkChecks(t *testing.T, m *results.Model) {
	t.Helper()
	c := m.Checks
	require.Len(t, c.Rows, m.Gap.Rows)
	var elbo, refined, approximation, amortization float64
	for _, r := range c.Rows {
		require.Contains(t, r.Where, "iris, line ")
		n := float64(len(c.Rows))
		elbo += *r.ELBO / n
		refined += *r.ELBORefined / n
		approximation += *r.Approximation / n
		amortization += *r.Amortization / n
		require.InDelta(t, *r.LogProb-*r.ELBO, *r.Approximation+*r.Amortization, 1e-9)
	}
	require.InDelta(t, *find(m, "elbo").Nats, elbo, 1e-9)
	require.InDelta(t, *find(m, "elbo_refined").Nats, refined, 1e-9)
	require.InDelta(t, *m.Gap.Approximation, approximation, 1e-9)
	require.InDelta(t, *m.Gap.Amortization, amortization, 1e-9)

	count, mass := c.Weights.Below, 0.0
	for b, v := range c.Weights.Counts {
		count += v
		mass += c.Weights.Mass[b]
	}
	require.Equal(t, c.Weights.Rows*c.Weights.Draws, count)
	require.InDelta(t, 1, mass, 0.01, "weights 12 nats below the largest are nothing")
	for _, one := range []*results.Calibration{c.CalibrationEncoder, c.CalibrationWeighted} {
		require.Len(t, one.Counts, len(one.Values))
		for j, counts := range one.Counts {
			sum := 0
			for _, v := range counts {
				sum += v
			}
			require.Equal(t, one.Rows, sum)
			require.LessOrEqual(t, one.P, float64(len(one.Values))*one.Values[j])
		}
	}
	require.Greater(t, c.TwoSample.P, 0.0)
	require.LessOrEqual(t, c.TwoSample.P, 1.0)
}

// named goes through the estimators of a name.
func named(m *results.Model, name string) iter.Seq[*results.Estimator] {
	return func(yield func(*results.Estimator) bool) {
		for i := range m.Estimators {
			if m.Estimators[i].Name == name && !yield(&m.Estimators[i]) {
				return
			}
		}
	}
}

// find returns the first estimator of a name, or nil.
func find(m *results.Model, name string) *results.Estimator {
	for r := range named(m, name) {
		return r
	}
	return nil
}

// checkEstimators checks the list of one model by itself.
func checkEstimators(t *testing.T, m *results.Model) {
	t.Helper()
	require.NotEmpty(t, m.Estimators)
	var exact *float64
	for _, r := range m.Estimators {
		if r.Refused != "" {
			require.Equal(t, "quadrature", r.Name)
			require.Nil(t, r.Nats)
			require.False(t, r.Certified)
			continue
		}
		require.NotNil(t, r.Nats, r.Name)
		if r.Name != "exact" {
			require.Positive(t, r.Evaluations, r.Name)
		}
		require.Equal(t, r.Kind != density.Consistent, r.Certified, r.Name)
		if r.Kind == density.ExactValue || r.Kind == density.Quadrature {
			if exact != nil {
				require.InDelta(t, *exact, *r.Nats, 2e-4)
			}
			exact = r.Nats
		}
	}
	last := math.Inf(-1)
	for _, r := range m.Estimators {
		if r.Name == "iwae" {
			require.GreaterOrEqual(t, *r.Nats, last-1e-12, "a bound falls as K grows")
			last = *r.Nats
			require.NotNil(t, r.SESamples)
		}
		if exact != nil && r.Nats != nil && r.Kind == density.LowerBound {
			require.LessOrEqual(t, *r.Nats, *exact+4**r.SESamples+1e-4, "%s %d %d", r.Name, r.Draws, r.Temperatures)
		}
	}
	if m.Name == "gmm" {
		require.InDelta(t, *exact, *find(m, "elbo").Nats, 1e-9, "exact responsibilities close the gap")
	}
}
