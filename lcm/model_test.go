package lcm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/density/densitytest"
)

func bernoullis(d int) []Column { return make([]Column, d) }

func TestModelPassesTheSuite(t *testing.T) {
	densitytest.Latent(t, randomModel(t, 3, bernoullis(5), 1), densitytest.Config{Binary: true})
	densitytest.Latent(t, randomModel(t, 2, bernoullis(20), 2), densitytest.Config{Binary: true})
	densitytest.Latent(t, randomModel(t, 3, []Column{{Kind: Normal}, {Kind: Normal}}, 3), densitytest.Config{})
	densitytest.Latent(t, randomModel(t, 1, []Column{{Kind: Normal}, {Kind: Normal}, {Kind: Normal}, {Kind: Normal}}, 4), densitytest.Config{})
}

// logDensity is log p of a row by the definition, with another program's densities.
func logDensity(m *Model, x []float64) float64 {
	logs := m.Weights()
	for c := range logs {
		logs[c] = math.Log(logs[c])
		for j, col := range m.Columns() {
			if math.IsNaN(x[j]) {
				continue
			}
			mean, variance := m.Means().At(c, j), m.Variances().At(c, j)
			switch col.Kind {
			case Bernoulli, Categorical:
				logs[c] += math.Log(m.Probabilities(j).At(c, int(x[j])))
			case Poisson:
				logs[c] += distuv.Poisson{Lambda: mean}.LogProb(x[j])
			case NegativeBinomial:
				size := mean * mean / (variance - mean)
				a, _ := math.Lgamma(x[j] + size)
				b, _ := math.Lgamma(size)
				f, _ := math.Lgamma(x[j] + 1)
				logs[c] += a - b - f + size*math.Log(size/(size+mean)) + x[j]*math.Log(mean/(size+mean))
			case Normal:
				logs[c] += distuv.Normal{Mu: mean, Sigma: math.Sqrt(variance)}.LogProb(x[j])
			}
		}
	}
	return density.LogSumExp(logs)
}

func TestLogProbByDefinition(t *testing.T) {
	m := randomModel(t, 4, all, 5)
	x := drawn(m, 700, 5)
	y := withGaps(x, 0.4, 5)
	logs, observed := m.LogProb(nil, x), m.LogProbObserved(nil, y)
	for i := range logs {
		near(t, logDensity(m, x.RawRowView(i)), logs[i], 1e-11)
		near(t, logDensity(m, y.RawRowView(i)), observed[i], 1e-11)
	}
	// A row has the same bits in any company.
	for i := range logs {
		require.Equal(t, observed[i], m.LogProbObserved(nil, density.Rows(y, i, i+1))[0])
	}
}

// The probabilities of all rows sum to 1, integrated over columns of numbers: counts up
// to where the rest is below 1e-12, densities by the trapezoidal rule.
func TestMixedRowsSumToOne(t *testing.T) {
	columns := []Column{{Kind: Normal}, {Kind: Categorical, Levels: 3}, {Kind: NegativeBinomial}, {Kind: Bernoulli}, {Kind: Poisson}}
	m := randomModel(t, 3, columns, 6)
	for i := range m.p.mean {
		m.p.mean[i], m.p.size[i] = 1+float64(i), 2+float64(i)
	}
	const step, reach, counts = 0.4, 18.0, 80
	var total float64
	nodes := int(2*reach/step) + 1
	x := mat.NewDense(nodes, 5, nil)
	for code := range 3 {
		for bit := range 2 {
			for a := range counts {
				for b := range 30 {
					for i := range nodes {
						x.SetRow(i, []float64{-reach + step*float64(i), float64(code), float64(a), float64(bit), float64(b)})
					}
					for _, v := range m.LogProb(nil, x) {
						total += step * math.Exp(v)
					}
				}
			}
		}
	}
	near(t, 1, total, 1e-9)
}

// What a column cannot hold has probability 0, and says nothing about the class.
func TestImpossibleValues(t *testing.T) {
	m := randomModel(t, 3, all, 7)
	good := drawn(m, 1, 7).RawRowView(0)
	for j, bad := range [][]float64{{math.Inf(1)}, {0.5, 2, -1}, {3, -1, 0.5}, {-1, 0.5, 1e16}, {-1, 1.5, math.Inf(1)}} {
		for _, v := range bad {
			x := mat.NewDense(1, len(all), append([]float64{}, good...))
			x.Set(0, j, v)
			require.True(t, math.IsInf(m.LogProb(nil, x)[0], -1), "column %d, %v", j, v)
			y := mat.DenseCopyOf(x)
			y.Set(0, j, math.NaN())
			require.True(t, math.IsNaN(m.LogProb(nil, y)[0]))
			want, got := m.Responsibilities(nil, y), m.Responsibilities(nil, x)
			require.True(t, mat.EqualApprox(want, got, 1e-12), "%v %v", want, got)
		}
	}
	empty := mat.NewDense(1, len(all), nil)
	for j := range all {
		empty.Set(0, j, math.NaN())
	}
	near(t, 0, m.LogProbObserved(nil, empty)[0], 1e-15)
	for c, w := range m.Weights() {
		near(t, w, m.Responsibilities(nil, empty).At(0, c), 1e-15)
	}
}

// Zero probabilities, whose logarithms are infinite, and what they do to other columns.
func TestHardColumns(t *testing.T) {
	m := randomModel(t, 2, []Column{{}, {}, {Kind: Poisson}, {Kind: Categorical, Levels: 2}}, 8)
	p := m.p.clone()
	copy(p.linear, []float64{0, 0.3, 0, 1, 0.6, 2})
	copy(p.level, []float64{1, 0, 0.5, 0.5})
	m = newModel(m.l, p, []float64{0.25, 0.75})
	x := mat.NewDense(4, 4, []float64{
		0, 1, 0, 0, // only class 1
		1, 1, 3, 1, // only class 2
		0, 1, 1, 0, // none
		1, 0, 0, 0, // only class 2
	})
	logs := m.LogProb(nil, x)
	near(t, math.Log(0.25*0.3), logs[0], 1e-14)
	near(t, math.Log(0.75*0.6*0.5)-2+3*math.Log(2)-math.Log(6), logs[1], 1e-14)
	require.True(t, math.IsInf(logs[2], -1))
	near(t, math.Log(0.75*0.4*0.5)-2, logs[3], 1e-14)
	require.Equal(t, []int{0, 1}, m.Assign(nil, density.Rows(x, 0, 2)))
	near(t, 0.25, m.Responsibilities(nil, density.Rows(x, 2, 3)).At(0, 0), 1e-15)
}

// p(x) = p(a) p(b|a), for any split of the columns, and imputed values are conditional means.
func TestConditionalTimesMarginal(t *testing.T) {
	m := randomModel(t, 3, all, 9)
	x := drawn(m, 20, 9)
	for i := range 20 {
		r := x.RawRowView(i)
		given, rest := []int{4, 0, 2}, []int{1, 3, 5, 6, 7}
		values := []float64{r[4], r[0], r[2]}
		others := []float64{r[1], r[3], r[5], r[6], r[7]}
		c, err := m.Conditional(given, values)
		require.NoError(t, err)
		a := m.Marginal(given...).LogProb(nil, mat.NewDense(1, 3, values))[0]
		b := c.LogProb(nil, mat.NewDense(1, 5, others))[0]
		near(t, m.LogProb(nil, density.Rows(x, i, i+1))[0], a+b, 1e-11)
		gap := mat.NewDense(1, len(all), append([]float64{}, r...))
		for _, j := range rest {
			gap.Set(0, j, math.NaN())
		}
		near(t, a, m.LogProbObserved(nil, gap)[0], 1e-12)
		filled := m.Impute(nil, gap)
		for q, j := range rest {
			if all[j].Kind == Categorical {
				continue
			}
			var mean float64
			for k, w := range c.Weights() {
				mean += w * c.Means().At(k, q)
			}
			near(t, mean, filled.At(0, j), 1e-12)
		}
	}
}

func TestConditionalRefuses(t *testing.T) {
	m := randomModel(t, 2, all, 9)
	_, err := m.Conditional([]int{2}, []float64{7})
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "column 3 is 7")
	_, err = m.Conditional([]int{0}, []float64{math.NaN()})
	require.ErrorIs(t, err, density.ErrNonFinite)
}

// Draws of missing values follow the conditional: pairs of a drawn category and count
// are compared with it in 20000 draws. Fails for one seed in a million.
func TestRandMissing(t *testing.T) {
	columns := []Column{{Kind: Bernoulli}, {Kind: Categorical, Levels: 3}, {Kind: Bernoulli}}
	m := randomModel(t, 3, columns, 10)
	const n = 20000
	x := mat.NewDense(n, 3, nil)
	for i := range n {
		x.SetRow(i, []float64{1, math.NaN(), math.NaN()})
	}
	y := m.RandMissing(nil, x, density.NewSource(1, "missing"))
	c, err := m.Conditional([]int{0}, []float64{1})
	require.NoError(t, err)
	for code := range 3 {
		for bit := range 2 {
			p := math.Exp(c.LogProb(nil, mat.NewDense(1, 2, []float64{float64(code), float64(bit)}))[0])
			var count float64
			for i := range n {
				if y.At(i, 1) == float64(code) && y.At(i, 2) == float64(bit) {
					count++
				}
			}
			near(t, p, count/n, 5.5*math.Sqrt(p*(1-p)/n))
		}
	}
}

// Means and variances of draws, by column. Fails for one seed in ten thousand.
func TestRandMoments(t *testing.T) {
	m := randomModel(t, 1, all, 11)
	const n = 50000
	x := drawn(m, n, 11)
	for j, col := range all {
		if col.Kind == Categorical {
			continue
		}
		mean, variance := density.Moments(density.Rows(x, 0, n).Slice(0, n, j, j+1).(*mat.Dense))
		want := m.Variances().At(0, j)
		near(t, m.Means().At(0, j), mean[0], 5*math.Sqrt(want/n))
		near(t, want, variance[0], 0.06*want)
	}
}

func TestModelPanics(t *testing.T) {
	m := randomModel(t, 2, all, 12)
	x := drawn(m, 3, 12)
	require.Panics(t, func() { m.LogProb(nil, mat.NewDense(2, 3, nil)) })
	require.Panics(t, func() { m.Responsibilities(mat.NewDense(3, 3, nil), x) })
	require.Panics(t, func() { m.Assign(make([]int, 2), x) })
	require.Panics(t, func() { m.Marginal(1, 1) })
	require.Panics(t, func() { m.Marginal() })
	require.Panics(t, func() { m.Probabilities(0) })
	require.Panics(t, func() { m.RandGiven(x, mat.NewDense(3, 1, []float64{0, 1, 2}), density.NewSource(1, "z")) })
}
