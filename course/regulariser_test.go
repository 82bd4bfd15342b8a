package course

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func TestJudgeRegulariser(t *testing.T) {
	m := readings{fromKL: 3, elsewhere: 0.01, exceeding: 0.2, mostExcess: 0.4}
	judge := func(change func(m *readings)) Verdict {
		c := m
		change(&c)
		v, _ := judgeRegulariser(c)
		return v
	}
	require.Equal(t, Corrected, judge(func(*readings) {}))
	require.Equal(t, Holds, judge(func(m *readings) { m.fromKL = 0 }))
	require.Equal(t, Fails, judge(func(m *readings) { m.fromTwice = 0.1 }))
	require.Equal(t, Fails, judge(func(m *readings) { m.atOptimum = 0.1 }))
	require.Equal(t, Fails, judge(func(m *readings) { m.elsewhere = -0.1 }))
	require.Equal(t, Undecided, judge(func(m *readings) { m.gap = 0.1 }))
}

// The verdict follows the penalties: with the KL in the place of the first reading the
// claim would hold, and with another factor it would fail.
func TestComparePenalties(t *testing.T) {
	v, _ := judgeRegulariser(comparePenalties(penalties[0], penalties[1], penalties[2]))
	require.Equal(t, Corrected, v)
	v, _ = judgeRegulariser(comparePenalties(penalties[0], penalties[0], penalties[2]))
	require.Equal(t, Holds, v)
	v, _ = judgeRegulariser(comparePenalties(penalties[0], penalties[1], penalties[0]))
	require.Equal(t, Fails, v)
	// The KL of N(0.7, 1.3²) from N(0, 1), by quadrature on ±12 deviations.
	sum, sd, m := 0.0, 1.3, 0.7
	for i := -12000; i <= 12000; i++ {
		e := float64(i) / 1000
		z := m + sd*e
		q := math.Exp(-e*e/2) / math.Sqrt(2*math.Pi)
		sum += q / 1000 * (z*z/2 - e*e/2 - math.Log(sd))
	}
	require.InDelta(t, sum, penalties[0].at(math.Log(sd), m), 1e-9)
}

func TestLinearLossByFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(9, 3, nil)
	for i := range 9 {
		for j := range 3 {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	var s mat.SymDense
	s.SymOuterK(1.0/9, x.T())
	p := make([]float64, 2*3*2+3)
	for i := range p {
		p[i] = rng.NormFloat64() / 2
	}
	for _, price := range penalties {
		got := make([]float64, len(p))
		linearLoss(got, p, &s, 2, price)
		want := fd.Gradient(nil, func(p []float64) float64 { return linearLoss(nil, p, &s, 2, price) }, p, &fd.Settings{Formula: fd.Central})
		require.InDeltaSlice(t, want, got, 1e-6, price.name)
		// The mean of the bound of rows is the loss of their covariance.
		require.InDelta(t, linearLoss(nil, p, &s, 2, price), -stat.Mean(unpack(p, 3, 2).bound(x, price), nil), 1e-9, price.name)
	}
}
