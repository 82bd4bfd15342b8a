package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// handRows are rows of two columns on different scales, with weights.
func handRows() (*mat.Dense, []float64) {
	x := mat.NewDense(12, 2, nil)
	weights := make([]float64, 12)
	for i := range 12 {
		v := float64(i)
		x.SetRow(i, []float64{1000 + 40*math.Sin(v) + 300*float64(i%2), 0.01*math.Cos(3*v) + 0.02*float64(i%3)})
		weights[i] = 0.5 + float64(i%4)
	}
	return x, weights
}

// The likelihood that EM tells of is that of its model on the rows: the mean of log p,
// each row as often as its weight says, in the units of the data. So are the last of
// the history and, without a prior, the objective.
func TestLikelihoodIsThatOfTheModel(t *testing.T) {
	x, weights := handRows()
	mean := func(m *Model, w []float64) float64 {
		logs := m.LogProb(nil, x)
		if w == nil {
			return floats.Sum(logs) / 12
		}
		return floats.Dot(logs, w) / floats.Sum(w)
	}
	half := mat.NewDense(12, 2, nil)
	for i := range 12 {
		half.Set(i, i%2, 0.75)
		half.Set(i, 1-i%2, 0.25)
	}
	for _, family := range []Covariance{Full, Diagonal} {
		for _, w := range [][]float64{nil, weights} {
			e, err := NewEM(x, half, Settings{Covariance: family, Weights: w})
			require.NoError(t, err)
			require.NoError(t, e.Step(t.Context()))
			require.InDelta(t, mean(e.Model(), w), e.LogLik(), 1e-10)
			require.InDelta(t, e.LogLik(), e.Objective(), 1e-12)

			// The first M-step has weights that are sums of what was given.
			share, total := 0.0, 0.0
			for i := range 12 {
				v := 1.0
				if w != nil {
					v = w[i]
				}
				share += v * half.At(i, 0)
				total += v
			}
			require.InDelta(t, share/total, e.Model().Weights()[0], 1e-12)

			m, report, err := Fit(t.Context(), x, Settings{Components: 2, Covariance: family, Weights: w, Floor: 1e-3}, density.NewSource(1, "test"))
			require.NoError(t, err)
			require.InDelta(t, mean(m, w), report.History[len(report.History)-1], 1e-6)
			require.GreaterOrEqual(t, m.Weights()[0], m.Weights()[1], "the largest component comes first")
			require.InDelta(t, 1, floats.Sum(m.Weights()), 1e-12)
		}
	}
}

// With a prior the objective is the mean of log p and the prior's density by its
// formula, over the number of rows: with the shrinkage 0, the concentration 3 and the
// scale S, 2 Σ ln π − ½ Σ ((ν + D + 1) ln |Σₖ| + tr Σₖ⁻¹S), in the units of the data.
func TestObjectiveOfAPrior(t *testing.T) {
	x, _ := handRows()
	scale := mat.NewSymDense(2, []float64{400, 0.1, 0.1, 0.001})
	ones := mat.NewDense(12, 2, nil)
	ones.Apply(func(i, k int, _ float64) float64 { return 0.25 + 0.5*float64((i+k)%2) }, ones)
	e, err := NewEM(x, ones, Settings{Prior: &Prior{Concentration: 3, Shrinkage: -1, DegreesOfFreedom: 5, Scale: scale}})
	require.NoError(t, err)
	require.NoError(t, e.Step(t.Context()))
	m := e.Model()
	var want float64
	for k, w := range m.Weights() {
		var chol mat.Cholesky
		require.True(t, chol.Factorize(m.Covariance(k)))
		var solved mat.Dense
		require.NoError(t, chol.SolveTo(&solved, scale))
		want += 2*math.Log(w) - 0.5*(8*chol.LogDet()+mat.Trace(&solved))
	}
	require.InDelta(t, floats.Sum(m.LogProb(nil, x))/12+want/12, e.Objective(), 1e-9)
}

// Five columns and two components have 13, 21, 26 and 41 parameters, by family.
func TestParametersByHand(t *testing.T) {
	require.Equal(t, 21, must(NewDiagonal([]float64{0.5, 0.5}, mat.NewDense(2, 5, nil), ones(2, 5))).NumParameters())
	identity := mat.NewSymDense(5, nil)
	for j := range 5 {
		identity.SetSym(j, j, 1)
	}
	require.Equal(t, 41, must(New([]float64{0.5, 0.5}, mat.NewDense(2, 5, nil), []mat.Symmetric{identity, identity})).NumParameters())
	for family, want := range map[Covariance]int{Spherical: 13, Diagonal: 21, Tied: 26, Full: 41} {
		require.Equal(t, want, 2-1+2*5+family.NumParameters(2, 5))
	}
}

func must(m *Model, err error) *Model {
	if err != nil {
		panic(err)
	}
	return m
}

func ones(n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return 1 }, x)
	return x
}

// Draws of a diagonal component have its variances: of 20000 the sample variance is
// within 5 standard errors, 5 %.
func TestDiagonalDraws(t *testing.T) {
	m := must(NewDiagonal([]float64{1}, mat.NewDense(1, 2, []float64{3, -1}), mat.NewDense(1, 2, []float64{25, 0.04})))
	x := mat.NewDense(20000, 2, nil)
	m.Rand(x, density.NewSource(1, "draws"))
	mean, variance := density.Moments(x)
	require.InDelta(t, 3, mean[0], 5*5/math.Sqrt(20000))
	require.InEpsilon(t, 25, variance[0], 0.05)
	require.InEpsilon(t, 0.04, variance[1], 0.05)
}

// A random start gives rows with a label to the component that it names.
func TestRandomStartKeepsLabels(t *testing.T) {
	x, _ := handRows()
	labels := []int{0, 1, -1, 1, -1, -1, 0, 1, -1, -1, -1, -1}
	s, err := Settings{Components: 2, Labels: labels}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	e, err := newEM(rows, s)
	require.NoError(t, err)
	require.NoError(t, RandomResponsibilities.assign(t.Context(), e, 0, density.NewSource(1, "start")))
	for i, l := range labels {
		row := e.moments.resp[2*i : 2*i+2]
		require.InDelta(t, 1, floats.Sum(row), 1e-12)
		if l >= 0 {
			require.InDelta(t, 1, row[l], 1e-12)
		} else {
			require.Less(t, math.Max(row[0], row[1]), 1.0)
		}
	}
}
