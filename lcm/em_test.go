package lcm

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// A run a step at a time ends where a fit from the same mixture does; a mixture that has
// converged stays where it is.
func TestStepsEqualFit(t *testing.T) {
	source := randomModel(t, 3, all, 1)
	x := withGaps(drawn(source, 500, 1), 0.1, 1)
	n, _ := x.Dims()
	s := Settings{Components: 3, Columns: all, Missing: true}
	e, err := NewEM(x, source.Responsibilities(nil, x), s)
	require.NoError(t, err)
	require.Nil(t, e.Model())
	require.True(t, math.IsInf(e.LogLik(), -1))
	for !e.Done() {
		require.NoError(t, e.Step(context.Background()))
		near(t, e.LogLik(), sum(e.Model().LogProbObserved(nil, x))/float64(n), 1e-11)
	}
	s.From = source
	m, r := fit(t, x, s)
	require.Len(t, r.StartLogLik, 1)
	near(t, e.Objective(), r.History[len(r.History)-1], 1e-8)
	again, r := fit(t, x, Settings{From: m, Missing: true})
	require.LessOrEqual(t, r.Iterations, 3)
	sameModels(t, m, again, 1e-3)

	var none context.Context
	require.ErrorIs(t, e.Step(none), ErrSettings)
	_, err = NewEM(x, mat.NewDense(n, 3, nil), s)
	require.ErrorIs(t, err, ErrParameters)
	_, _, err = Fit(context.Background(), drawn(source, 50, 1), Settings{From: randomModel(t, 2, all, 1), Components: 3}, density.NewSource(1, "x"))
	require.ErrorContains(t, err, "Settings.From")
	_, _, err = Fit(none, x, s, density.NewSource(1, "x"))
	require.ErrorIs(t, err, ErrSettings)
	_, _, err = Fit(context.Background(), nil, s, density.NewSource(1, "x"))
	require.ErrorIs(t, err, ErrTooFewRows)
	_, _, err = Fit(context.Background(), x, s, nil)
	require.ErrorIs(t, err, ErrSettings)
}

// Rows that are equal, in value if not in bits, are computed with once; what is equal
// up to a gap is not.
func TestEqualRowsAreOne(t *testing.T) {
	x := mat.NewDense(8, 2, []float64{0, 1, 0, 1, math.Copysign(0, -1), 1, 1, 0, math.NaN(), 1, math.Float64frombits(0x7ff8000000000002), 1, 1, math.NaN(), 0, 1})
	s, err := Settings{Missing: true, Weights: []float64{1, 2, 1, 1, 1, 1, 1, 0}}.resolve()
	require.NoError(t, err)
	d, err := newData(x, s)
	require.NoError(t, err)
	require.Equal(t, 4, d.distinct)
	require.Equal(t, 7, d.n) // fewer than half are repeats
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, -1}, d.index)
	s.Weights = nil
	twice := mat.NewDense(16, 2, nil)
	twice.Stack(x, x)
	d, err = newData(twice, s)
	require.NoError(t, err)
	require.Equal(t, 4, d.n)
	require.Equal(t, []float64{8, 2, 4, 2}, d.weight)
	require.Equal(t, 16.0, d.total)
	require.Equal(t, []int{0, 0, 0, 1, 2, 2, 3, 0}, d.index[8:])
}

// Two classes on one cluster and one on two is an optimum that EM does not leave; a move
// does.
func TestSplitMergeLeavesAPoorOptimum(t *testing.T) {
	columns := make([]Column, 24)
	l := newLayout(columns)
	p := newParameters(3, l)
	for c := range 3 {
		for j := range 24 {
			p.linear[c*24+j] = 0.03
			if j/8 == c {
				p.linear[c*24+j] = 0.97
			}
		}
	}
	x := drawn(newModel(l, p.clone(), []float64{.3, .3, .4}), 600, 2)
	poor := p.clone()
	for j := range 24 {
		poor.linear[j] = (p.linear[j] + p.linear[24+j]) / 2
		poor.linear[24+j], poor.linear[48+j] = p.linear[48+j], p.linear[48+j]
	}
	poor.linear[24+3], poor.linear[48+3] = 0.01, 0.05
	best, _ := fit(t, x, Settings{Components: 3})
	s := Settings{From: newModel(l, poor, []float64{.6, .2, .2})}
	stuck, _ := fit(t, x, s)
	require.Less(t, sum(stuck.LogProb(nil, x)), sum(best.LogProb(nil, x))-100)
	s.SplitMerge = 3
	moved, r := fit(t, x, s)
	near(t, sum(best.LogProb(nil, x)), sum(moved.LogProb(nil, x)), 1e-3)
	require.Greater(t, r.TotalIterations, r.Iterations)
}

// A class on a single value sits on the floor: it is passed over where there is another
// optimum, and reported where there is not.
func TestFloorIsReported(t *testing.T) {
	x := mat.NewDense(100, 1, nil)
	random := drawn(randomModel(t, 1, []Column{{Kind: Normal}}, 3), 100, 3)
	for i := range 100 {
		x.Set(i, 0, random.At(i, 0))
		if i < 50 {
			x.Set(i, 0, 7)
		}
	}
	m, r := fit(t, x, Settings{Components: 2, Columns: []Column{{Kind: Normal}}})
	require.True(t, r.FloorActive)
	require.Contains(t, r.Warnings[0].String(), "column 1")
	_, variance := density.Moments(x)
	near(t, density.DefaultFloor*variance[0], min(m.Variances().At(0, 0), m.Variances().At(1, 0)), 1e-12)
	_, r = fit(t, random, Settings{Components: 2, Columns: []Column{{Kind: Normal}}, Starts: 20})
	require.False(t, r.FloorActive)
	_, r = fit(t, random, Settings{Components: 1, Columns: []Column{{Kind: Normal}}, Iterations: 1})
	require.False(t, len(r.Warnings) > 1)
}

func TestSettingsRoundTrip(t *testing.T) {
	for _, s := range []Settings{
		{}, {Components: 3, Columns: all, Starts: 4, SplitMerge: -1, Plain: true, Floor: -3, Missing: true},
		{Prior: &Prior{Levels: 0.5, Weights: 2}, Tolerance: 1e-5, Iterations: 7},
	} {
		r, err := s.Resolved()
		require.NoError(t, err)
		again, err := r.Resolved()
		require.NoError(t, err)
		require.Equal(t, r, again)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		var back Settings
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, r, back)
	}
	var c Column
	require.ErrorContains(t, json.Unmarshal([]byte(`{"kind": "text"}`), &c), "want one of bernoulli, categorical")
}

func TestCheckSupport(t *testing.T) {
	m := randomModel(t, 2, all, 4)
	x := withGaps(drawn(m, 30, 4), 0.2, 4)
	require.NoError(t, m.CheckSupport(x))
	x.Set(7, 2, 3)
	err := m.CheckSupport(x)
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "row 8, column 3 is 3")
	hard := newModel(newLayout(bernoullis(1)), &parameters{k: 1, logWeight: []float64{0}, linear: []float64{0}}, []float64{1})
	require.ErrorContains(t, hard.CheckSupport(mat.NewDense(2, 1, []float64{0, 1})), "row 2, column 1 is 1, which no class can have")
}

// The log-likelihood of a run weighs the rows, and responsibilities that others put in
// its place are the ones that the next step begins with.
func TestWeightsAndForgottenSums(t *testing.T) {
	source := randomModel(t, 2, all, 5)
	x := drawn(source, 200, 5)
	weights := make([]float64, 200)
	for i := range weights {
		weights[i] = 0.25 + float64(i%4)
	}
	s, err := Settings{Components: 2, Columns: all, Weights: weights}.resolve()
	require.NoError(t, err)
	e, err := NewEM(x, source.Responsibilities(nil, x), s)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, e.Step(context.Background()))
	}
	var want float64
	for i, v := range e.Model().LogProb(nil, x) {
		want += weights[i] * v
	}
	near(t, want/sum(weights), e.LogLik(), 1e-12)
	other := mat.NewDense(200, 2, nil)
	for i, w := range weights {
		r := 0.1 + 0.8*float64(i%3)/2
		other.SetRow(i, []float64{r, 1 - r})
		e.resp[2*i], e.resp[2*i+1] = w*r, w*(1-r)
	}
	run{e}.Forget()
	fresh, err := NewEM(x, other, s)
	require.NoError(t, err)
	require.NoError(t, e.Step(context.Background()))
	require.NoError(t, fresh.Step(context.Background()))
	near(t, fresh.LogLik(), e.LogLik(), 1e-12)
}

// Of many rows a fit ends a thousandth of what it gains by chance below its limit: p/2N.
func TestToleranceOfManyRows(t *testing.T) {
	at := func(n int, s Settings) (tolerance, enough float64) {
		d := &data{layout: newLayout([]Column{{}, {}, {Kind: Categorical, Levels: 3}}), total: float64(n)}
		s, err := s.resolve()
		require.NoError(t, err)
		s, enough = s.within(d)
		return s.Tolerance, enough
	}
	tolerance, enough := at(25000, Settings{Components: 5})
	require.Equal(t, []float64{1e-9, 0}, []float64{tolerance, enough})
	tolerance, enough = at(50000, Settings{Components: 5}) // 4 weights and 5 times 1 + 1 + 2
	require.InEpsilon(t, 24e-3/(2*50000), tolerance, 1e-12)
	require.Equal(t, tolerance, enough)
	tolerance, enough = at(50000, Settings{Components: 5, Tolerance: 1e-7})
	require.Equal(t, []float64{1e-7, 0}, []float64{tolerance, enough})
}
