package vae

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

// A(l) and A′(l) against the integral by the midpoint rule, on both sides of
// the switch to the series.
func TestUnitExponential(t *testing.T) {
	for _, l := range []float64{-300, -30, -2, -0.0201, -0.0199, -1e-4, 0, 1e-9, 0.0199, 0.0201, 1, 20, 300} {
		const n = 200000
		var mass, first float64
		shift := max(l, 0)
		for i := range n {
			x := (float64(i) + 0.5) / n
			p := math.Exp(x*l-shift) / n
			mass += p
			first += x * p
		}
		normaliser, mean := unitExponential(l)
		relative(t, math.Log(mass)+shift, normaliser, 1e-6, "l = %v", l)
		relative(t, first/mass, mean, 1e-6, "l = %v", l)
	}
}

// The draws of each family have its distribution function: the largest
// distance between the two, √n·D, is above 1.95 with probability 0.001 each.
func TestSamplesFollowTheLikelihood(t *testing.T) {
	const n = 20000
	for name, c := range map[string]struct {
		obs    observation
		loc, s float64
		cdf    func(x float64) float64
	}{
		"gaussian":   {gaussian{}, 1, 0.7, distuv.Normal{Mu: 1, Sigma: math.Exp(0.35)}.CDF},
		"student":    {student{freedom: 3}, -1, 0.4, distuv.StudentsT{Mu: -1, Sigma: math.Exp(0.2), Nu: 3}.CDF},
		"unit left":  {continuousBernoulli{}, -3, 0, func(x float64) float64 { return math.Expm1(-3*x) / math.Expm1(-3) }},
		"unit right": {continuousBernoulli{}, 4, 0, func(x float64) float64 { return math.Expm1(4*x) / math.Expm1(4) }},
		"unit flat":  {continuousBernoulli{}, 1e-9, 0, func(x float64) float64 { return x }},
	} {
		random := rand.New(source(1))
		xs := make([]float64, n)
		for i := range xs {
			row := make([]float64, 1)
			c.obs.noise(row, random)
			c.obs.sample(row, []float64{c.loc}, []float64{c.s})
			xs[i] = c.cdf(row[0])
		}
		var distance float64
		for k := range 200 { // on a grid of the distribution function
			at := (float64(k) + 0.5) / 200
			var below float64
			for _, v := range xs {
				if v <= at {
					below += 1.0 / n
				}
			}
			distance = max(distance, math.Abs(below-at))
		}
		require.Less(t, math.Sqrt(n)*distance, 1.95, name)
	}
}

// Residual-driven σ reaches the optimum of the linear model just as the
// learned one does.
func TestOptimalSigma(t *testing.T) {
	x := readTable(t, "iris.csv")
	m, _, err := Fit(context.Background(), x, nil, Settings{Latent: 1, Hidden: []int{}, Sigma: Optimal}, source(1))
	require.NoError(t, err)
	near(t, irisPPCA, sum(exactLogProb(t, m, x)), 0.3)
	near(t, irisPPCA, sum(exactBound(t, m, x)), 0.3)
}

// On data with a few wild values the heavy-tailed family has the better
// validation bound.
func TestStudentBeatsGaussianOnHeavyTails(t *testing.T) {
	x := mat.NewDense(800, 2, nil)
	student{freedom: 2}.noise(x.RawMatrix().Data, rand.New(source(4)))
	train, valid := density.Rows(x, 0, 600), density.Rows(x, 600, 800)
	var got [2]float64
	for i, l := range []Likelihood{Gaussian, StudentT} {
		_, report, err := Fit(context.Background(), train, valid,
			Settings{Latent: 1, Hidden: []int{10}, Sigma: PerDim, Likelihood: l, Freedom: 2, Epochs: 60}, source(1))
		require.NoError(t, err)
		got[i] = report.History[report.BestEpoch-1].Valid
	}
	t.Logf("validation bounds: Gaussian %.3f, Student's t %.3f", got[0], got[1])
	require.Greater(t, got[1], got[0]+0.1)
}

// Every likelihood with every source of σ and every objective trains, samples,
// saves, loads and scores identically.
func TestEveryCombination(t *testing.T) {
	gaussianRows := normals(60, 2, 1)
	unitRows, binaryRows := mat.DenseCopyOf(gaussianRows), mat.DenseCopyOf(gaussianRows)
	unitRows.Apply(func(_, _ int, v float64) float64 { return 1 / (1 + math.Exp(-v)) }, unitRows)
	binaryRows.Apply(func(_, _ int, v float64) float64 { return math.Round(1 / (1 + math.Exp(-v))) }, binaryRows)
	levelRows := mat.DenseCopyOf(gaussianRows)
	levelRows.Apply(func(_, _ int, v float64) float64 { return newDiscretizedLogistic(256).round(128 + 60*v) }, levelRows)
	countRows := mat.DenseCopyOf(gaussianRows)
	countRows.Apply(func(_, _ int, v float64) float64 { return math.Floor(math.Exp(2 + v)) }, countRows)
	for _, l := range likelihoods {
		x := map[Likelihood]*mat.Dense{
			Gaussian: gaussianRows, StudentT: gaussianRows, Bernoulli: binaryRows, ContinuousBernoulli: unitRows,
			DiscretizedLogistic: levelRows, Poisson: countRows, NegativeBinomial: countRows, Categorical: binaryRows,
		}[l]
		for _, sigma := range []Sigma{Network, Shared, PerDim, Fixed(0.5), Optimal} {
			if sigma == Optimal && l.Scaled() && l != Gaussian {
				continue
			}
			for o := range Objective(len(objectiveNames)) {
				s := Settings{Likelihood: l, Sigma: sigma, Objective: o, Samples: 2, Hidden: []int{6}, Epochs: 4, Batch: 20}
				m, report, err := Fit(context.Background(), x, x, s, source(1))
				require.NoError(t, err, "%v %v %v", l, sigma, o)
				require.False(t, math.IsNaN(report.History[0].Valid))
				sample := mat.NewDense(20, 2, nil)
				m.Rand(sample, source(2))
				require.NoError(t, m.obs.check(sample, false))
				back, err := FromTensors(m.Config(), m.Tensors())
				require.NoError(t, err)
				z := normals(20, 2, 3)
				require.Equal(t, m.LogLik(nil, sample, z), back.LogLik(nil, sample, z))
			}
		}
	}
}
