package made

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t require.TestingT, want, got, delta float64) {
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta)
}

// random returns a model with random weights, strong enough for columns to depend on
// each other, and in units of its own.
func random(columns []Column, orders int, hidden []int, seed uint64) *Model {
	return randomOf(0.6, columns, orders, hidden, seed)
}

// randomOf is random with weights of a given size.
func randomOf(size float64, columns []Column, orders int, hidden []int, seed uint64) *Model {
	s := Settings{Columns: columns, Components: 3, Hidden: hidden, Floor: 0.01}
	d := len(columns)
	source := rand.New(density.NewSource(seed, "made"))
	t := density.NewIdentity(d)
	for j, c := range columns {
		if c.Kind == Continuous {
			t.Shift[j], t.Scale[j] = source.NormFloat64(), 0.5+source.Float64()
		}
	}
	networks := make([]*network, orders)
	for k := range networks {
		networks[k] = newNetwork(columns, s.Components, hidden, source.Perm(d))
		for i := range networks[k].theta {
			networks[k].theta[i] = size * source.NormFloat64()
		}
		networks[k].cut(networks[k].theta)
	}
	return newModel(s, t, networks)
}

func repeated(c Column, n int) []Column { return slices.Repeat([]Column{c}, n) }

// Sums to 1 over 2^10 rows, integrates to 1 over one and two columns, and draws come
// from it; in more columns the suite checks both at once.
func TestSuite(t *testing.T) {
	for _, orders := range []int{1, 3} {
		densitytest.Exact(t, random(repeated(Column{Kind: Bernoulli}, 10), orders, []int{16, 16}, 1), densitytest.Config{Binary: true})
		for d := 1; d <= 2; d++ {
			densitytest.Exact(t, random(make([]Column, d), orders, []int{8}, uint64(d)), densitytest.Config{Points: 4001 - 3600*(d-1), Tolerance: 1e-5})
		}
		densitytest.Exact(t, randomOf(0.3, make([]Column, 3), orders, []int{8}, 3), densitytest.Config{})
	}
}

// A table of binary, categorical and continuous columns: the sum over the discrete ones
// of the integral over the continuous one is 1, in any order.
func TestMixed(t *testing.T) {
	columns := []Column{{Kind: Categorical, Levels: 3}, {Kind: Continuous}, {Kind: Bernoulli}}
	m := random(columns, 4, []int{9, 7}, 5)
	const points, step = 8001, 0.02
	var total float64
	x := mat.NewDense(points, 3, nil)
	for a := range 3 {
		for b := range 2 {
			for i := range points {
				x.SetRow(i, []float64{float64(a), (float64(i) - points/2) * step, float64(b)})
			}
			for _, l := range m.LogProb(nil, x) {
				total += math.Exp(l) * step
			}
		}
	}
	near(t, 1, total, 1e-6)
	// Draws have the shares of their probabilities: 5 standard errors.
	const n = 20000
	draws := mat.NewDense(n, 3, nil)
	m.Rand(draws, density.NewSource(1, "draws"))
	var count float64
	for i := range n {
		if draws.At(i, 0) == 2 && draws.At(i, 2) == 1 {
			count++
		}
	}
	var p float64
	for i := range points {
		x.SetRow(i, []float64{2, (float64(i) - points/2) * step, 1})
	}
	for _, l := range m.LogProb(nil, x) {
		p += math.Exp(l) * step
	}
	near(t, p, count/n, 5*math.Sqrt(p*(1-p)/n))
	for _, bad := range [][]float64{{3, 0, 0}, {0.5, 0, 0}, {0, 0, 2}, {-1, 0, 0}} {
		require.True(t, math.IsInf(m.LogProb(nil, mat.NewDense(1, 3, bad))[0], -1), "%v", bad)
	}
	for j := range 3 {
		row := []float64{1, 0, 1}
		row[j] = math.NaN()
		require.True(t, math.IsNaN(m.LogProb(nil, mat.NewDense(1, 3, row))[0]))
	}
}

// The outputs of a column depend on the inputs of the columns before it in the order and
// on no other, and on those they do.
func TestMasks(t *testing.T) {
	columns := []Column{{}, {Kind: Categorical, Levels: 3}, {Kind: Bernoulli}, {}, {}}
	for _, hidden := range [][]int{{40}, {40, 40, 40}} {
		m := random(columns, 1, hidden, 7)
		order := m.networks[0].order
		outputs := func(x []float64) []float64 {
			out := make([]float64, m.out[5])
			m.frozen[0].Apply(1, x, out, m.frozen[0].Scratch(1))
			return out
		}
		for at, j := range order {
			moved := make([]bool, 5)
			for try := range 50 {
				source := rand.New(density.NewSource(uint64(try), "inputs"))
				x := make([]float64, m.in[5])
				for i := range x {
					x[i] = 2 * source.NormFloat64()
				}
				before := outputs(x)
				for i := m.in[j]; i < m.in[j+1]; i++ {
					x[i] = 2 * source.NormFloat64()
				}
				after := outputs(x)
				for c := range columns {
					moved[c] = moved[c] || !slices.Equal(before[m.out[c]:m.out[c+1]], after[m.out[c]:m.out[c+1]])
				}
			}
			for place, c := range order {
				require.Equal(t, place > at, moved[c], "column %d by column %d", c, j)
			}
		}
	}
}

// The gradient of every weight, by central differences; what is cut stays 0.
func TestGradient(t *testing.T) {
	columns := []Column{{}, {Kind: Categorical, Levels: 3}, {Kind: Bernoulli}, {}}
	x := mat.NewDense(6, 4, nil)
	source := rand.New(density.NewSource(3, "x"))
	rows := make([]int, 6)
	for i := range rows {
		rows[i] = i
		x.SetRow(i, []float64{source.NormFloat64(), float64(source.IntN(3)), float64(source.IntN(2)), source.NormFloat64()})
	}
	s := Settings{Columns: columns, Components: 3, Hidden: []int{7, 6}, Floor: 0.01, Batch: 6}
	m := newModel(s, density.NewIdentity(4), random(columns, 1, s.Hidden, 9).networks)
	n := m.networks[0]
	tr := newTrainer(n, s, x, nil, 0)
	near(t, floats.Sum(m.LogProb(nil, x)), tr.gradient(rows), 1e-10) // all rows, each once
	grad := slices.Clone(tr.grad)
	const h = 1e-6
	used := 0
	for i := range n.theta {
		if n.mask[i] == 0 {
			require.Zero(t, grad[i])
			continue
		}
		at := n.theta[i]
		n.theta[i] = at + h
		up := tr.gradient(rows)
		n.theta[i] = at - h
		down := tr.gradient(rows)
		n.theta[i] = at
		want := -(up - down) / (2 * h) / 6
		near(t, want, grad[i], 1e-6*(1+math.Abs(want)))
		if grad[i] != 0 {
			used++
		}
	}
	require.Greater(t, used, 100)
	for range 20 {
		tr.step(rows, 0.01)
	}
	for i, m := range n.mask {
		if m == 0 {
			require.Zero(t, n.theta[i])
		}
	}
}

// rows returns draws in which the second column is the square of the first, the third
// tells its sign, and the fourth is noise.
func curve(n int, seed uint64) *mat.Dense {
	source := rand.New(density.NewSource(seed, "curve"))
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		a := source.NormFloat64()
		sign := 0.0
		if a > 0 {
			sign = 1
		}
		x.SetRow(i, []float64{10 + 5*a, a*a + 0.2*source.NormFloat64(), sign, float64(source.IntN(3))})
	}
	return x
}

var curveColumns = []Column{{}, {}, {Kind: Bernoulli}, {Kind: Categorical}}

func quick() Settings {
	return Settings{Columns: curveColumns, Components: 4, Hidden: []int{24}, Orders: 2, Epochs: 60, Patience: 8, Rate: 0.01}
}

// It comes near the entropy of a density that is known: in nats, −h of x₁ and of x₂ given
// x₁, 0 for the sign, −ln 3 for the noise. 0.15 nats is what training of this length
// leaves, five standard errors of the mean over 2000 rows 0.14.
func TestFit(t *testing.T) {
	m, r, err := Fit(context.Background(), curve(1500, 1), curve(500, 2), quick(), density.NewSource(1, "fit"))
	require.NoError(t, err)
	entropy := 0.5*math.Log(2*math.Pi*math.E*25) + 0.5*math.Log(2*math.Pi*math.E*0.04) + math.Log(3)
	e := density.MeanEstimate(m.LogProb(nil, curve(2000, 3)), nil, density.ExactValue, 0)
	require.Greater(t, e.Value, -entropy-0.15-0.14)
	require.Less(t, e.Value, -entropy+0.14)
	require.False(t, r.FloorActive)
	require.Len(t, r.History, 2)
	require.Equal(t, 3, m.Columns()[3].Levels)
	require.Equal(t, [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}}, m.Orders())
	for k, h := range r.History {
		best := 0
		for i := range h {
			if h[i].Valid > h[best].Valid {
				best = i
			}
		}
		require.Equal(t, best+1, r.BestEpoch[k])
		// What the report says of a network is what the network is worth.
		single := newModel(Settings{Columns: m.columns, Components: m.components, Hidden: m.hidden, Floor: m.floor}, m.transform, m.networks[k:k+1])
		near(t, h[best].Valid, density.MeanEstimate(single.LogProb(nil, curve(500, 2)), nil, density.ExactValue, 0).Value, 1e-9)
	}
}

// Both networks together are the mean of their densities.
func TestOrdersAreAveraged(t *testing.T) {
	m := random(repeated(Column{Kind: Bernoulli}, 4), 3, []int{6}, 11)
	x := mat.NewDense(5, 4, nil)
	m.Rand(x, density.NewSource(1, "x"))
	got := m.LogProb(nil, x)
	for i := range got {
		var p float64
		for k := range m.networks {
			one := newModel(Settings{Columns: m.columns, Components: m.components, Hidden: m.hidden, Floor: m.floor}, m.transform, m.networks[k:k+1])
			p += math.Exp(one.LogProb(nil, density.Rows(x, i, i+1))[0]) / 3
		}
		near(t, math.Log(p), got[i], 1e-12)
	}
}

func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	s := quick()
	s.Epochs = 2
	fit := func() *Model {
		m, _, err := Fit(context.Background(), curve(200, 1), curve(50, 2), s, density.NewSource(1, "fit"))
		require.NoError(t, err)
		return m
	}
	a := fit()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := fit()
	for k := range a.networks {
		require.Equal(t, a.networks[k].theta, b.networks[k].theta)
	}
	require.Equal(t, a.LogProb(nil, curve(100, 3)), b.LogProb(nil, curve(100, 3)))
}

// In units 1024 times smaller the same networks come out, and log p falls by ln 1024 for
// each continuous column.
func TestScaling(t *testing.T) {
	densitytest.Scaling(t, func(x *mat.Dense) density.Exact {
		m, _, err := Fit(context.Background(), x, nil, Settings{Components: 3, Hidden: []int{8}, Orders: 2, Epochs: 3}, density.NewSource(1, "fit"))
		require.NoError(t, err)
		return m
	}, density.Rows(curve(200, 1), 0, 100).Slice(0, 100, 0, 2).(*mat.Dense), 1e-9)
}

// A column that is rounded to few values is best described by no width at all: the floor
// shows.
func TestFloor(t *testing.T) {
	x := curve(400, 1).Slice(0, 400, 2, 4).(*mat.Dense)
	m, r, err := Fit(context.Background(), x, nil, Settings{Components: 3, Hidden: []int{8}, Orders: 1, Epochs: 200, Rate: 0.03, Floor: 1e-3}, density.NewSource(1, "fit"))
	require.NoError(t, err)
	require.True(t, r.FloorActive)
	require.Len(t, r.Warnings, 1)
	for _, v := range m.LogProb(nil, x) {
		require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
	}
}
