package gmm

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// With leaps EM ends where it would have ended, in a fraction of the steps, and never
// falls: in every family, with weights, labels, gaps and a prior. Three Gaussians that
// overlap, so that EM creeps.
func TestLeapsEndWhereEMDoes(t *testing.T) {
	m, err := NewDiagonal([]float64{.4, .3, .3}, mat.NewDense(3, 2, []float64{0, 0, 2.5, 0, 0, 3}), mat.NewDense(3, 2, []float64{1, 1, 1, .7, .6, 1}))
	require.NoError(t, err)
	x := mat.NewDense(400, 2, nil)
	m.Rand(x, density.NewSource(1, "leaps"))
	weights, labels := make([]float64, 400), make([]int, 400)
	for i := range weights {
		weights[i], labels[i] = 0.5+float64(i%3), -1
		if i < 20 {
			labels[i] = i % 3
		}
	}
	plainSteps, steps := 0, 0
	compare := func(name string, x *mat.Dense, s Settings) {
		s.Components, s.Start, s.Tolerance = 3, From(m), 1e-11
		s.Plain = true
		_, plain := fit(t, x, s, 1)
		s.Plain = false
		_, leaps := fit(t, x, s, 1)
		require.True(t, leaps.Converged, name)
		near(t, plain.History[len(plain.History)-1], leaps.History[len(leaps.History)-1], 1e-9, name)
		for i := 1; i < len(leaps.History); i++ {
			require.GreaterOrEqual(t, leaps.History[i], leaps.History[i-1]-1e-12, name)
		}
		require.GreaterOrEqual(t, leaps.TotalIterations, leaps.Iterations)
		plainSteps += plain.TotalIterations
		steps += leaps.TotalIterations
	}
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		compare(family.String(), x, Settings{Covariance: family})
	}
	compare("weights and labels", x, Settings{Weights: weights, Labels: labels})
	compare("gaps", punched(x, 0.1, 2), Settings{Missing: true})
	compare("prior", x, Settings{Prior: &Prior{}})
	require.Less(t, 3*steps, plainSteps)
}

// A step can be taken back, to the last bit, but for the responsibilities.
func TestStepsAreTakenBack(t *testing.T) {
	x := blobs(200, 2, 3, 4)
	for _, family := range append(Covariances(), FactorAnalyzers(1)) {
		s, err := Settings{Components: 3, Covariance: family}.resolve()
		require.NoError(t, err)
		rows, err := scaleRows(x, s)
		require.NoError(t, err)
		e, err := newEM(rows, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
		require.NoError(t, e.Step(t.Context()))
		require.NoError(t, e.Step(t.Context()))
		before, logLik := e.Model().Tensors(), e.LogLik()
		back := run{e}.Hold()
		resp := e.moments.resp
		for i := range resp { // far from what they were
			resp[i] = resp[len(resp)-1-i]
		}
		for i := 0; i < len(resp); i += 3 {
			floats.Scale(1/sum(resp[i:i+3]), resp[i:i+3])
		}
		run{e}.Forget()
		require.NoError(t, e.Step(t.Context()))
		require.NotEqual(t, before, e.Model().Tensors(), family)
		back()
		require.Equal(t, before, e.Model().Tensors(), family)
		require.Equal(t, logLik, e.LogLik())
	}
}

// What the E-step has left for other responsibilities is forgotten.
func TestWhatLeapsForget(t *testing.T) {
	x := blobs(200, 2, 3, 4)
	for _, rows := range []*mat.Dense{x, punched(x, 0.2, 1)} {
		s, err := Settings{Components: 3, Covariance: Diagonal, Missing: true}.resolve()
		require.NoError(t, err)
		scaled, err := scaleRows(rows, s)
		require.NoError(t, err)
		e, err := newEM(scaled, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
		for range 3 {
			require.NoError(t, e.Step(t.Context()))
		}
		fresh, err := newEM(scaled, s)
		require.NoError(t, err)
		copy(fresh.moments.mean, e.moments.mean)
		fresh.given = e.shapes
		for i := 0; i < 600; i += 3 {
			row := e.moments.resp[i : i+3]
			row[0] += 0.5
			floats.Scale(1/sum(row), row)
		}
		run{e}.Forget()
		copy(fresh.moments.resp, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		require.NoError(t, fresh.Step(t.Context()))
		near(t, fresh.LogLik(), e.LogLik(), 1e-12)
	}
}

// Leaps keep labels and the weights of rows.
func TestLeapsKeepLabels(t *testing.T) {
	overlap, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 1, []float64{0, 2}), mat.NewDense(2, 1, []float64{1, 1}))
	require.NoError(t, err)
	x := mat.NewDense(300, 1, nil)
	overlap.Rand(x, density.NewSource(1, "leap"))
	weights, labels := make([]float64, 300), make([]int, 300)
	for i := range weights {
		weights[i], labels[i] = 0.5+float64(i%3), -1
	}
	labels[3] = 1
	s, err := Settings{Components: 2, Weights: weights, Labels: labels}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	e, err := newEM(rows, s)
	require.NoError(t, err)
	require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
	iterate := em.Iterations(run{e}, s.plan(rows))
	for range 200 {
		require.NoError(t, iterate(t.Context()))
	}
	require.Less(t, len(e.path.Values), 200) // some leaps were tried and taken back
	require.Equal(t, []float64{0, weights[3]}, e.moments.resp[6:8])
	for i, w := range weights {
		near(t, w, sum(e.moments.resp[2*i:2*i+2]), 1e-12)
	}
}
