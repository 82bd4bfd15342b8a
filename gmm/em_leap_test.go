package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
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

// A leap keeps the weights of rows and labels. One that goes too far is taken back, to
// the last bit.
func TestLeapsAreTakenBack(t *testing.T) {
	x := blobs(200, 2, 3, 4)
	weights, labels := make([]float64, 200), make([]int, 200)
	for i := range weights {
		weights[i], labels[i] = 0.5+float64(i%3), -1
	}
	labels[3] = 1
	s, err := Settings{Components: 3, Weights: weights, Labels: labels}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	run := func() *EM {
		e, err := newEM(rows, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
		require.NoError(t, e.Step(t.Context()))
		require.NoError(t, e.Step(t.Context()))
		return e
	}
	prepare := func(e *EM, a float64) *leaper {
		l := &leaper{before: make([]float64, 600), first: make([]float64, 600), longest: a}
		copy(l.before, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		copy(l.first, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		return l
	}
	e := run()
	l := prepare(e, 4)
	l.extend(e, 50)
	require.GreaterOrEqual(t, floats.Min(e.moments.resp), 0.0)
	for i := range 200 {
		near(t, weights[i], sum(e.moments.resp[3*i:3*i+3]), 1e-12)
	}
	require.Equal(t, []float64{0, weights[3], 0}, e.moments.resp[9:12])

	// Far beyond what the last steps say.
	e = run()
	l = prepare(e, math.Inf(1))
	for i := range l.first {
		l.before[i] = l.first[i] - (e.moments.resp[i]-l.first[i])*(1+1e-6) // so that a is a million
	}
	before := e.Model().Tensors()
	history, steps := len(e.history), e.steps
	require.NoError(t, l.leap(t.Context(), e))
	require.Equal(t, steps+1, e.steps)
	require.Equal(t, before, e.Model().Tensors())
	require.Len(t, e.history, history)
	require.NoError(t, e.Step(t.Context()))
	plain := run()
	prepare(plain, 1)
	require.NoError(t, plain.Step(t.Context()))
	near(t, plain.LogLik(), e.LogLik(), 1e-13) // sums of another order
}

// After a leap nothing is predicted from its gain, and no less than the slowest rate seen
// says; and what the E-step before had left for other responsibilities is forgotten.
func TestWhatLeapsLeave(t *testing.T) {
	e := &EM{history: []float64{-3, -2, -1.5, -1.49}, leapt: 2}
	require.True(t, math.IsInf(e.rest(), 1))
	e = &EM{history: []float64{-3, -2, -1.5}, slow: 7}
	near(t, 3.5, e.rest(), 1e-12)

	x := blobs(200, 2, 3, 4)
	for _, rows := range []*mat.Dense{x, punched(x, 0.2, 1)} {
		s, err := Settings{Components: 3, Covariance: Diagonal, Missing: true}.resolve()
		require.NoError(t, err)
		scaled, err := scaleRows(rows, s)
		require.NoError(t, err)
		e, err := newEM(scaled, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
		l := &leaper{before: make([]float64, 600), first: make([]float64, 600), longest: 4}
		require.NoError(t, e.Step(t.Context()))
		copy(l.before, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		copy(l.first, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		fresh, err := newEM(scaled, s)
		require.NoError(t, err)
		copy(fresh.moments.mean, e.moments.mean)
		fresh.given = e.shapes
		l.extend(e, 1.3)
		copy(fresh.moments.resp, e.moments.resp)
		require.NoError(t, e.Step(t.Context()))
		require.NoError(t, fresh.Step(t.Context()))
		near(t, fresh.LogLik(), e.LogLik(), 1e-12)
	}
	// A leap that is kept.
	overlap, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 1, []float64{0, 2}), mat.NewDense(2, 1, []float64{1, 1}))
	require.NoError(t, err)
	y := mat.NewDense(300, 1, nil)
	overlap.Rand(y, density.NewSource(1, "leap"))
	s, err := Settings{Components: 2, Starts: 1}.resolve()
	require.NoError(t, err)
	scaled, err := scaleRows(y, s)
	require.NoError(t, err)
	e, err = newEM(scaled, s)
	require.NoError(t, err)
	require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "leap")))
	iterate := e.iterations(s)
	for e.leapt == 0 {
		require.NoError(t, iterate(t.Context()))
	}
	require.Equal(t, len(e.history)-1, e.leapt)
	require.Greater(t, e.slow, 1.5)
	require.False(t, e.Done())
}
