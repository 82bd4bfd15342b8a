package lcm

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/density"
)

// One class is the closed form.
func TestOneClassIsTheClosedForm(t *testing.T) {
	source := randomModel(t, 3, all, 1)
	x := drawn(source, 400, 1)
	prior := Prior{Levels: 0.7, Rates: 2}
	m, r := fit(t, x, Settings{Components: 1, Columns: all, Prior: &prior})
	require.True(t, r.Converged)
	n := 400.0
	for j, col := range all {
		v := mat.Col(nil, j, x)
		mean := floats.Sum(v) / n
		var square float64
		for _, w := range v {
			square += (w - mean) * (w - mean) / n
		}
		switch col.Kind {
		case Bernoulli:
			near(t, (n*mean+0.7)/(n+1.4), m.Means().At(0, j), 1e-10)
		case Categorical:
			p := m.Probabilities(j)
			for c := range col.Levels {
				var count float64
				for _, w := range v {
					if w == float64(c) {
						count++
					}
				}
				near(t, (count+0.7)/(n+0.7*float64(col.Levels)), p.At(0, c), 1e-10)
			}
		case Poisson, NegativeBinomial:
			near(t, mean, m.Means().At(0, j), 1e-10)
		case Normal:
			near(t, mean, m.Means().At(0, j), 1e-10)
			near(t, square, m.Variances().At(0, j), 1e-10)
		}
	}
}

// A fit makes the likelihood rise, up to where its gradient by every parameter, along
// the constraints, is 0: by finite differences of log p itself, for each kind.
func TestOptimumByFiniteDifferences(t *testing.T) {
	for _, missing := range []bool{false, true} {
		for _, prior := range []Prior{{}, {Levels: 1, Rates: 1, Weights: 2}} {
			x := drawn(randomModel(t, 2, all, 2), 500, 2)
			if missing {
				x = withGaps(x, 0.2, 2)
			}
			s := Settings{Components: 2, Columns: all, Prior: &prior, Missing: missing, Tolerance: 1e-13, Starts: 3}
			m, r := fit(t, x, s)
			require.True(t, r.Converged)
			for i := 1; i < len(r.History); i++ {
				require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-12)
			}
			s, err := s.resolve()
			require.NoError(t, err)
			d, err := newData(x, s)
			require.NoError(t, err)
			objective := func(p *parameters) float64 {
				weights := make([]float64, p.k)
				for c, v := range p.logWeight {
					weights[c] = math.Exp(v)
				}
				return sum(newModel(m.l, p, weights).LogProbObserved(nil, x)) + prior.logDensity(p, d)
			}
			// Unconstrained coordinates: logits, logarithms.
			checkSlope := func(what string, move func(p *parameters, h float64)) {
				const h = 1e-4
				up, down := m.p.clone(), m.p.clone()
				move(up, h)
				move(down, -h)
				near(t, 0, (objective(up)-objective(down))/(2*h), 2e-2, what)
			}
			logit := func(p *float64, h float64) { *p = 1 / (1 + math.Exp(-(math.Log(*p/(1-*p)) + h))) }
			checkSlope("weights", func(p *parameters, h float64) {
				w := math.Exp(p.logWeight[0])
				logit(&w, h)
				p.logWeight[0], p.logWeight[1] = math.Log(w), math.Log(1-w)
			})
			for i := range m.p.linear {
				if m.l.columns[m.l.linear[i%len(m.l.linear)]].Kind == Bernoulli {
					checkSlope("probability", func(p *parameters, h float64) { logit(&p.linear[i], h) })
				} else {
					checkSlope("rate", func(p *parameters, h float64) { p.linear[i] *= math.Exp(h) })
				}
			}
			for i := range m.p.level {
				checkSlope("level", func(p *parameters, h float64) {
					c := i / m.l.levels()
					first, last := 0, 3
					if i%m.l.levels() >= 3 {
						first, last = 3, 5
					}
					of := row(p.level, c, m.l.levels())[first:last]
					p.level[i] *= math.Exp(h)
					floats.Scale(1/sum(of), of)
				})
			}
			for i := range m.p.mean {
				checkSlope("mean", func(p *parameters, h float64) { p.mean[i] *= math.Exp(h) })
				checkSlope("size", func(p *parameters, h float64) { p.size[i] *= math.Exp(h) })
			}
			for i := range m.p.centre {
				checkSlope("centre", func(p *parameters, h float64) { p.centre[i] += h })
				checkSlope("variance", func(p *parameters, h float64) { p.variance[i] *= math.Exp(h) })
			}
		}
	}
}

// A weight of 2 is a row that is there twice, of 0 one that is absent, whatever it holds.
func TestWeightsEqualRepeats(t *testing.T) {
	for _, columns := range [][]Column{all, bernoullis(6)} {
		x := withGaps(drawn(randomModel(t, 3, columns, 3), 300, 3), 0.1, 3)
		d := len(columns)
		repeated, weights := mat.NewDense(750, d, nil), make([]float64, 310)
		at := 0
		for i := range 300 {
			weights[i] = float64(1 + i%4)
			for range int(weights[i]) {
				repeated.SetRow(at, x.RawRowView(i))
				at++
			}
		}
		repeated = density.Rows(repeated, 0, at)
		weighted := mat.NewDense(310, d, nil)
		for i := range 310 {
			if i < 300 {
				weighted.SetRow(i, x.RawRowView(i))
			} else {
				for j := range d {
					weighted.Set(i, j, math.Inf(1))
				}
			}
		}
		s := Settings{Components: 3, Columns: columns, Missing: true, Starts: 2}
		a, _ := fit(t, repeated, s)
		s.Weights = weights
		b, _ := fit(t, weighted, s)
		sameModels(t, a, b, 1e-12)
		for i := range weights {
			weights[i] *= 7.5
		}
		prior := Prior{Levels: 7.5, Rates: 7.5}
		s.Prior = &prior
		b, _ = fit(t, weighted, s)
		sameModels(t, a, b, 1e-3) // near the optimum EM stops where rounding lets it
		near(t, sum(a.LogProbObserved(nil, x)), sum(b.LogProbObserved(nil, x)), 1e-4)
	}
}

// Fits find the two classes that the rows were drawn from: in each of many seeds the
// likelihood is at least that of the truth, as the maximum's is, and the parameters are
// near. Parameters are off by less than six standard errors of a fit that knows the classes.
func TestFitsRecoverTwoClasses(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 40
	}
	columns := []Column{{}, {}, {}, {}, {Kind: Categorical, Levels: 3}, {Kind: Poisson}, {Kind: Normal}}
	l := newLayout(columns)
	p := newParameters(2, l)
	copy(p.linear, []float64{0.9, 0.8, 0.85, 0.2, 2, 0.15, 0.2, 0.1, 0.7, 6})
	copy(p.level, []float64{0.7, 0.2, 0.1, 0.1, 0.3, 0.6})
	copy(p.centre, []float64{-1, 2})
	copy(p.variance, []float64{1, 2})
	truth := newModel(l, p, []float64{0.6, 0.4})
	for seed := range uint64(seeds) {
		x := drawn(truth, 800, seed)
		m, r, err := Fit(context.Background(), x, Settings{Components: 2, Columns: columns, Starts: 2, Prior: &Prior{}, Tolerance: 1e-7}, density.NewSource(seed, "fit"))
		require.NoError(t, err)
		require.Empty(t, r.Warnings)
		require.GreaterOrEqual(t, sum(m.LogProb(nil, x)), sum(truth.LogProb(nil, x))-1e-3)
		near(t, 0.6, m.Weights()[0], 0.12)
		require.Less(t, maxDifference(m.Means(), truth.Means()), 0.75)
		require.Less(t, maxDifference(m.Probabilities(4), truth.Probabilities(4)), 0.2)
	}
}

func maxDifference(a, b *mat.Dense) float64 {
	var d mat.Dense
	d.Sub(a, b)
	return max(mat.Max(&d), -mat.Min(&d))
}

// The evidence bound at the exact responsibilities is log p.
func TestBoundAtResponsibilitiesIsLogProb(t *testing.T) {
	m := randomModel(t, 4, all, 4)
	x := drawn(m, 200, 4)
	r := m.Responsibilities(nil, x)
	states := m.States()
	prior := m.LogPrior(nil, states)
	for i, want := range m.LogProb(nil, x) {
		lik := m.LogLik(nil, density.Rows(x, i, i+1), states)
		var bound float64
		for c, q := range r.RawRowView(i) {
			if q > 0 {
				bound += q * (lik[c] + prior[c] - math.Log(q))
			}
		}
		near(t, want, bound, 1e-12*(1+math.Abs(want)))
	}
}

// Recoded categories, columns in another order, flipped bits and other units give the
// same mixture.
func TestInvariances(t *testing.T) {
	x := drawn(randomModel(t, 3, all, 5), 600, 5)
	s := Settings{Components: 3, Columns: all, Starts: 2}
	m, _ := fit(t, x, s)
	logs := m.LogProb(nil, x)
	same := func(y *mat.Dense, s Settings, shift, tolerance float64) {
		t.Helper()
		m, _ := fit(t, y, s)
		for i, v := range m.LogProb(nil, y) {
			near(t, logs[i]+shift, v, tolerance)
		}
	}
	y := mat.DenseCopyOf(x)
	for i := range 600 {
		y.Set(i, 0, 1024*x.At(i, 0))
	}
	same(y, s, -math.Log(1024), 1e-12)
	y.Copy(x)
	for i := range 600 {
		y.Set(i, 2, math.Mod(x.At(i, 2)+1, 3))
		y.Set(i, 1, 1-x.At(i, 1))
		y.Set(i, 6, 5-0.3*x.At(i, 6))
	}
	same(y, s, -math.Log(0.3), 1e-6)
	order := []int{3, 7, 0, 5, 4, 1, 6, 2}
	columns := make([]Column, len(all))
	for to, from := range order {
		columns[to] = all[from]
		y.SetCol(to, mat.Col(nil, from, x))
	}
	s.Columns = columns
	same(y, s, 0, 1e-6)
}

// Fits have the same bits on any number of cores.
func TestCoresChangeNothing(t *testing.T) {
	x := withGaps(drawn(randomModel(t, 3, all, 6), 3000, 6), 0.05, 6)
	s := Settings{Components: 3, Columns: all, Starts: 3, Missing: true, Tolerance: 1e-6}
	before := runtime.GOMAXPROCS(1)
	a, ra := fit(t, x, s)
	runtime.GOMAXPROCS(4)
	b, rb := fit(t, x, s)
	runtime.GOMAXPROCS(before)
	require.Equal(t, a.Tensors(), b.Tensors())
	require.Equal(t, ra, rb)
}

// With gaps, values that are never missing in truth give nearly what the whole rows do:
// and a fit where nothing is missing has the bits of one that allows it.
func TestMissing(t *testing.T) {
	truth := randomModel(t, 2, all, 7)
	x := drawn(truth, 2000, 7)
	s := Settings{Components: 2, Columns: all, Starts: 2}
	whole, _ := fit(t, x, s)
	s.Missing = true
	again, _ := fit(t, x, s)
	require.Equal(t, whole.Tensors(), again.Tensors())
	gaps, _ := fit(t, withGaps(x, 0.2, 7), s)
	near(t, stat.Mean(whole.LogProb(nil, x), nil), stat.Mean(gaps.LogProb(nil, x), nil), 0.05)
}

func TestFitRefuses(t *testing.T) {
	background := context.Background()
	table := func(rows int, values ...float64) *mat.Dense { return mat.NewDense(rows, len(values)/rows, values) }
	for _, c := range []struct {
		x    *mat.Dense
		s    Settings
		is   error
		says string
	}{
		{table(3, 0, 1, 2), Settings{}, density.ErrSupport, "row 3, column 1 is 2"},
		{table(3, 0, 1, -2), Settings{Columns: []Column{{Kind: Poisson}}}, density.ErrSupport, "row 3, column 1 is -2"},
		{table(3, 0, 1.5, 2), Settings{Columns: []Column{{Kind: NegativeBinomial}}}, density.ErrSupport, "row 2, column 1 is 1.5"},
		{table(3, 0, 1, 3), Settings{Columns: []Column{{Kind: Categorical, Levels: 3}}}, density.ErrSupport, "wants a code 0 … 2"},
		{table(3, 0, 1, 3e9), Settings{Columns: []Column{{Kind: Categorical}}}, density.ErrSupport, "row 3, column 1"},
		{table(3, 0, 1, math.Inf(1)), Settings{Columns: []Column{{Kind: Normal}}}, density.ErrNonFinite, "row 3, column 1 is +Inf"},
		{table(3, 0, 1, math.NaN()), Settings{}, density.ErrNonFinite, "Settings.Missing"},
		{table(2, 0, math.NaN(), 1, math.NaN()), Settings{Missing: true}, density.ErrNonFinite, "column 2 has no values"},
		{table(2, math.NaN(), math.NaN()), Settings{Missing: true}, density.ErrNonFinite, "column 1 has no values"},
		{table(3, 2, 2, 2), Settings{Columns: []Column{{Kind: Normal}}}, density.ErrConstant, "column 1 has the single value 2"},
		{table(4, 0, 1, 0, 1), Settings{Components: 3}, ErrTooFewRows, "use at most 2"},
		{table(2, 0, 1), Settings{Columns: make([]Column, 2)}, ErrSettings, "describes 2 columns, the data have 1"},
		{table(2, 0, 1), Settings{Columns: []Column{{Levels: 2}}}, ErrSettings, "only a categorical column has levels"},
		{table(2, 0, 1), Settings{Columns: []Column{{Kind: 9}}}, ErrSettings, "unknown kind"},
		{table(2, 0, 1), Settings{Weights: []float64{0, 0}}, ErrSettings, "all 0"},
		{table(2, 0, 1), Settings{Weights: []float64{1, -1}}, ErrSettings, "row 2 is -1"},
		{table(2, 0, 1), Settings{Prior: &Prior{Levels: -1}}, ErrSettings, "Levels is -1"},
		{table(2, 0, 1), Settings{Components: -1}, ErrSettings, "Settings.Components is -1"},
		{table(2, 0, 1), Settings{Floor: 2}, ErrSettings, "Settings.Floor is 2"},
		{table(2, 0, 1), Settings{Tolerance: -1}, ErrSettings, "Settings.Tolerance"},
	} {
		_, _, err := Fit(background, c.x, c.s, density.NewSource(1, "x"))
		require.ErrorIs(t, err, c.is, c.says)
		require.ErrorContains(t, err, c.says)
	}
	stopped, cancel := context.WithCancel(background)
	cancel()
	_, _, err := Fit(stopped, table(3, 0, 1, 0), Settings{Components: 2}, density.NewSource(1, "x"))
	require.ErrorIs(t, err, context.Canceled)
}

// Rows without any value change nothing, to the last bit: they are no data. Under the
// model they have probability 1.
func TestRowsWithoutValues(t *testing.T) {
	random := rand.New(density.NewSource(3, "test"))
	var some, all, weights, kept []float64
	for i := range 200 {
		if i%9 == 0 {
			all, weights = append(all, math.NaN(), math.NaN()), append(weights, 3)
		}
		k := float64(random.IntN(2))
		row := []float64{k, 5*k + random.NormFloat64()}
		if i%4 == 0 {
			row[i/4%2] = math.NaN()
		}
		all, some = append(all, row...), append(some, row...)
		weights, kept = append(weights, 1+k), append(kept, 1+k)
	}
	x, y := mat.NewDense(len(all)/2, 2, all), mat.NewDense(len(some)/2, 2, some)
	for _, weighted := range []bool{false, true} {
		s := Settings{Components: 2, Columns: []Column{{}, {Kind: Normal}}, Missing: true}
		without := s
		if weighted {
			s.Weights, without.Weights = weights, kept
		}
		got, report, err := Fit(t.Context(), x, s, density.NewSource(1, "x"))
		require.NoError(t, err)
		want, again, err := Fit(t.Context(), y, without, density.NewSource(1, "x"))
		require.NoError(t, err)
		require.Equal(t, again.History, report.History)
		require.Equal(t, want.Weights(), got.Weights())
		require.InDelta(t, 0, got.Observed().LogProb(nil, x)[0], 1e-15)
	}
}
