package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestMoments(t *testing.T) {
	m := randomModel(3, 4, 2)
	want, cov := momentsOf(m)
	mean, got := m.Moments()
	require.InDeltaSlice(t, want, mean, 1e-12)
	require.True(t, mat.EqualApprox(cov, got, 1e-12))
}

// p(a, b) = p(b) p(a|b) for every split of the columns.
func TestConditionalTimesMarginal(t *testing.T) {
	m := randomModel(3, 4, 2)
	x := blobs(10, 3, 4, 2)
	joint := m.LogProb(nil, x)
	for _, given := range [][]int{{0}, {3, 1}, {2, 0, 1}} {
		marginal := m.Marginal(given...)
		for i := range 10 {
			b := make([]float64, len(given))
			for a, j := range given {
				b[a] = x.At(i, j)
			}
			c, err := m.Conditional(given, b)
			require.NoError(t, err)
			var rest []float64
			for _, j := range m.split(given).missing {
				rest = append(rest, x.At(i, j))
			}
			got := marginal.LogProb(nil, mat.NewDense(1, len(b), b))[0] + c.LogProb(nil, mat.NewDense(1, len(rest), rest))[0]
			near(t, joint[i], got, 1e-10*math.Abs(joint[i]))
			mean, _ := c.Moments()
			require.InDeltaSlice(t, mean, m.Regress(nil, given, mat.NewDense(1, len(b), b)).RawRowView(0), 1e-10)
		}
	}
	_, err := m.Conditional([]int{1}, []float64{math.NaN()})
	require.ErrorIs(t, err, density.ErrNonFinite)
	require.Panics(t, func() { m.Marginal(1, 1) })
	require.Panics(t, func() { _, _ = m.Conditional([]int{0, 1, 2, 3}, make([]float64, 4)) })
}

// A conditional density integrates to 1 (trapezoidal rule).
func TestConditionalIntegratesToOne(t *testing.T) {
	m := randomModel(3, 3, 4)
	c, err := m.Conditional([]int{0, 2}, []float64{0.5, -1})
	require.NoError(t, err)
	var sum float64
	grid := mat.NewDense(4001, 1, nil)
	for i := range 4001 {
		grid.Set(i, 0, float64(i-2000)*0.02)
	}
	for _, v := range c.LogProb(nil, grid) {
		sum += 0.02 * math.Exp(v)
	}
	near(t, 1, sum, 1e-12)
}

func TestScore(t *testing.T) {
	factors, _ := fit(t, blobs(100, 2, 3, 1), Settings{Components: 2, Covariance: FactorAnalyzers(1), Starts: 1}, 1)
	for _, m := range []*Model{randomModel(3, 3, 2), diagonalModel(3, 3), factors} {
		x := blobs(10, 3, 3, 2)
		got := m.Score(nil, x)
		for i := range 10 {
			want := fd.Gradient(nil, func(p []float64) float64 { return m.LogProb(nil, mat.NewDense(1, 3, p))[0] }, mat.Row(nil, i, x), &fd.Settings{Formula: fd.Central})
			for j, v := range want {
				near(t, v, got.At(i, j), 1e-6*(1+math.Abs(v)))
			}
		}
	}
}

// A single Gaussian in two dimensions: the region of probability p is the ellipse
// of radius² −2 ln(1−p), where log p has fallen by half of that.
func TestRegions(t *testing.T) {
	m := randomModel(1, 2, 3)
	top := m.LogProb(nil, m.Means())[0]
	probabilities := []float64{0.5, 0.9}
	levels := m.HighestDensity(probabilities, density.NewSource(1, "hdr"))
	for i, p := range probabilities {
		border := top + math.Log(1-p)
		for _, v := range m.LogProb(nil, m.Ellipse(0, p, 17)) {
			near(t, border, v, 1e-10)
		}
		// The share above the level is within 5 standard errors (of 6e-7).
		near(t, p, 1-math.Exp(levels[i]-top), 5*math.Sqrt(p*(1-p)/densityDraws))
	}
	require.Panics(t, func() { randomModel(2, 3, 1).Ellipse(0, 0.5, 10) })
}
