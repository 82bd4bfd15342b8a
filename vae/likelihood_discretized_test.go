package vae

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// The probabilities of the levels sum to 1 and have the mean and the quantiles
// that the likelihood says, wherever the location lies and however wide it is.
func TestDiscretizedLogisticSumsToOne(t *testing.T) {
	for _, levels := range []int{2, 17, 256} {
		f := newDiscretizedLogistic(levels)
		for _, loc := range []float64{-900, -3, 0, 0.5, 7.3, 127.5, 254.9, 260, 2000} {
			for _, s := range []float64{math.Log(f.floor([]float64{1}, 0)[0]), -3, 0, 3, 8, 14} {
				w := math.Exp(-0.5 * s)
				var total, mean float64
				median := -1.0
				for k := range levels {
					logp, _, _ := f.mass(float64(k), loc, w)
					require.LessOrEqual(t, logp, 0.0)
					total += math.Exp(logp)
					mean += float64(k) * math.Exp(logp)
					if median < 0 && total >= 0.7 {
						median = float64(k)
					}
				}
				near(t, 1, total, 1e-12)
				got := []float64{0}
				f.mean(got, []float64{loc}, []float64{s})
				near(t, mean, got[0], 1e-9)
				require.Equal(t, median, quantileOf(f, 0.7, loc, s), "%v %v", loc, s)
			}
		}
	}
}

// ln P against the difference of distribution functions where that is accurate,
// and against its exponential tail where it is not.
func TestDiscretizedLogisticTails(t *testing.T) {
	f := newDiscretizedLogistic(256)
	cdf := func(a float64) float64 { return 1 / (1 + math.Exp(-a)) }
	logp, _, _ := f.mass(100, 97, 0.5)
	near(t, math.Log(cdf(1.75)-cdf(1.25)), logp, 1e-12)
	logp, _, _ = f.mass(0, 3, 0.5)
	near(t, math.Log(cdf(-1.25)), logp, 1e-12)
	logp, _, _ = f.mass(255, 251, 0.5)
	near(t, math.Log(1-cdf(1.75)), logp, 1e-12)
	for _, x := range []float64{1, 254} { // 1000 scales and more away
		logp, dloc, ds := f.mass(x, 127.5, 10)
		near(t, -10*126+math.Log(1-math.Exp(-10)), logp, 1e-9)
		near(t, 10*math.Copysign(1, x-127.5), dloc, 1e-12)
		require.False(t, math.IsNaN(ds) || math.IsInf(ds, 0))
	}
}

// Both derivatives against central differences with a step of 1e-5, whose error
// is about 1e-10 of the third derivative.
func TestDiscretizedLogisticGradient(t *testing.T) {
	const h = 1e-5
	for _, f := range []discretizedLogistic{newDiscretizedLogistic(256), newDiscretizedLogistic(256).training()} {
		for _, k := range []float64{0, 1, 100, 254, 255} {
			x := f.low + 2*f.half*k
			for _, offset := range []float64{-30, -1, 0, 0.2, 50} {
				for _, scale := range []float64{0.4, 3, 200} {
					loc, s := x+2*f.half*offset, 2*math.Log(2*f.half*scale)
					at := func(loc, s float64) float64 {
						logp, _, _ := f.mass(x, loc, math.Exp(-0.5*s))
						return logp
					}
					_, dloc, ds := f.mass(x, loc, math.Exp(-0.5*s))
					step := h * 2 * f.half
					relative(t, (at(loc+step, s)-at(loc-step, s))/(2*step), dloc, 1e-5, "loc at %v %v %v", k, offset, scale)
					relative(t, (at(loc, s+h)-at(loc, s-h))/(2*h), ds, 1e-5, "s at %v %v %v", k, offset, scale)
				}
			}
		}
	}
}

// Draws have the probabilities of the family: χ² of 17 levels is above 39.3 with
// probability 0.001.
func TestDiscretizedLogisticSamples(t *testing.T) {
	const n, levels = 20000, 17
	f := newDiscretizedLogistic(levels)
	x := make([]float64, 1)
	var count [levels]float64
	random := rand.New(source(3))
	for range n {
		f.noise(x, random)
		f.sample(x, []float64{5}, []float64{2})
		count[int(x[0])]++
	}
	var chi float64
	for k, seen := range count {
		logp, _, _ := f.mass(float64(k), 5, math.Exp(-1))
		want := n * math.Exp(logp)
		chi += (seen - want) * (seen - want) / want
	}
	require.Less(t, chi, 39.3)
}

// The bounds of training are those of the finished model: the units of training
// leave no trace in probabilities.
func TestDiscretizedLogisticUnits(t *testing.T) {
	x := normals(300, 2, 5)
	f := newDiscretizedLogistic(64)
	x.Apply(func(_, j int, v float64) float64 { return f.round(20 + 8*float64(j) + 4*v) }, x)
	train, valid := density.Rows(x, 0, 200), density.Rows(x, 200, 300)
	for _, sigma := range []Sigma{Network, Shared, PerDim, Fixed(2)} {
		s := Settings{Likelihood: DiscretizedLogistic, Levels: 64, Sigma: sigma, Latent: 1, Hidden: []int{8}, Epochs: 40, Precision: Float64}
		m, report, err := Fit(context.Background(), train, valid, s, source(1))
		require.NoError(t, err)
		best := report.History[report.BestEpoch-1].Valid
		require.Less(t, best, 0.0)
		near(t, best, sum(exactLogProbGrid(m, valid))/100, 0.6)
		require.GreaterOrEqual(t, sum(exactLogProbGrid(m, valid))/100, best-0.1)
	}
	_, _, err := Fit(context.Background(), normals(20, 2, 1), nil, Settings{Likelihood: DiscretizedLogistic}, source(1))
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "row 1, column 1")
}

// exactLogProbGrid returns log p of each row by the trapezium rule over a
// one-dimensional code.
func exactLogProbGrid(m *Model, x *mat.Dense) []float64 {
	return logProbOnGrid(m, x, 1601, 0.01)
}

// logProbOnGrid takes so many codes, a step apart.
func logProbOnGrid(m *Model, x *mat.Dense, points int, step float64) []float64 {
	n, _ := x.Dims()
	z := mat.NewDense(n*points, 1, nil)
	for i := range n * points {
		z.Set(i, 0, float64(i%points-points/2)*step)
	}
	terms := m.LogLik(nil, x, z)
	for i, v := range m.LogPrior(nil, z) {
		terms[i] += v + math.Log(step)
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = density.LogSumExp(terms[i*points : (i+1)*points])
	}
	return out
}

// Quantiles invert the distribution functions of the other families.
func TestQuantiles(t *testing.T) {
	near(t, 1+2*1.6448536269514722, quantileOf(gaussian{}, 0.95, 1, 2*math.Log(2)), 1e-9)
	near(t, 1+2*2.3533634348018264, quantileOf(student{freedom: 3}, 0.95, 1, 2*math.Log(2)), 1e-6) // tables of t
	u := quantileOf(continuousBernoulli{}, 0.3, -3, 0)
	near(t, 0.3, math.Expm1(-3*u)/math.Expm1(-3), 1e-12)
	require.Equal(t, 0.0, quantileOf(bernoulli{}, 0.7, math.Log(0.25/0.75), 0)) // P(0) = 0.75
	require.Equal(t, 1.0, quantileOf(bernoulli{}, 0.8, math.Log(0.25/0.75), 0))
}

// quantileOf returns the quantile of one column.
func quantileOf(o observation, p, loc, s float64) float64 {
	dst := []float64{0}
	o.quantile(dst, p, []float64{loc}, []float64{s})
	return dst[0]
}
