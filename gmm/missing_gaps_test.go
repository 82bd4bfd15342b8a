package gmm

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
)

// Every way of completing a row against the textbook formula for the covariance:
// expectation, ln|C|, and C itself in its three uses; for gaps of one column, of
// most, and of all.
func TestGapsAgainstCovariances(t *testing.T) {
	const d, k = 6, 2
	x := blobs(200, k, d, 3)
	for _, family := range []Covariance{Full, Tied, VVE, Diagonal, Spherical, FactorAnalyzers(2), ProbabilisticPCA(3)} {
		m, _ := fit(t, x, Settings{Components: k, Covariance: family, Starts: 1, Iterations: 20}, 1)
		c := m.shapes.completer()
		for _, missing := range [][]int{{2}, {0, 5}, {1, 2, 3, 4}, {0, 1, 2, 3, 4, 5}} {
			p := &pattern{missing: missing}
			for j := range d {
				if len(missing) < d && j != missing[0] && (len(missing) < 2 || j < missing[0] || j > missing[len(missing)-1] || len(missing) == 2 && j != missing[1]) {
					p.observed = append(p.observed, j)
				}
			}
			require.Len(t, p.observed, d-len(missing))
			for comp := range k {
				want, err := newConditional(p, func(a, b int) float64 { return m.shapes.at(comp, a, b) })
				require.NoError(t, err)
				g := c.gap(comp, p, nil)
				row := append([]float64{}, x.RawRowView(7)...)
				filled := make([]float64, d)
				want.fill(filled, m.mean(comp), row)
				for _, j := range missing {
					row[j] = math.NaN()
				}
				g.complete(m.mean(comp), row)
				require.InDeltaSlice(t, filled, row, 1e-10, "%v %v", family, missing)
				var chol mat.Cholesky
				q := len(missing)
				rest := mat.NewSymDense(q, nil)
				for a := range q {
					for b := range a + 1 {
						rest.SetSym(a, b, 0.5*(want.rest.At(a, b)+want.rest.At(b, a)))
					}
				}
				require.True(t, chol.Factorize(rest))
				near(t, chol.LogDet(), g.logDet(), 1e-10)
				scatter, squares, product := make([]float64, d*d), make([]float64, d), make([]float64, d*2)
				g.addTo(scatter, 3)
				g.addSquares(squares, 3)
				b := blobs(d, 1, 2, 9).RawMatrix().Data
				g.addProduct(product, 3, b, 2)
				full := mat.NewDense(d, d, nil)
				for a, i := range missing {
					for e, j := range missing {
						full.Set(i, j, 3*want.rest.At(a, e))
					}
				}
				var times mat.Dense
				times.Mul(full, mat.NewDense(d, 2, b))
				require.InDeltaSlice(t, full.RawMatrix().Data, scatter, 1e-9)
				require.InDeltaSlice(t, times.RawMatrix().Data, product, 1e-9)
				for j := range d {
					near(t, full.At(j, j), squares[j], 1e-9)
				}
			}
		}
	}
}

// The sums over completed rows against the sum over rows, one by one, for data with
// weights; then the same product without a D×D matrix.
func TestCompletedSums(t *testing.T) {
	const n, d, k = 300, 5, 2
	x := punched(blobs(n, k, d, 3), 0.3, 4)
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 0.5 + float64(i%3)
	}
	ctx := context.Background()
	for _, family := range []Covariance{Full, FactorAnalyzers(2)} {
		s, err := Settings{Components: k, Covariance: family, Missing: true, Weights: weights}.resolve()
		require.NoError(t, err)
		rows, err := scaleRows(x, s)
		require.NoError(t, err)
		e, err := newEM(rows, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(ctx, e, 0, density.NewSource(1, "sums")))
		for range 3 {
			require.NoError(t, e.Step(ctx))
		}
		m := &e.moments
		require.NoError(t, m.collectMissing(e.shapes))
		for c := range k {
			mean, want := m.mean[c*d:(c+1)*d], mat.NewDense(d, d, nil)
			var first [d]float64
			for _, p := range rows.patterns {
				given, err := newConditional(&p, func(a, b int) float64 { return e.shapes.at(c, a, b) })
				require.NoError(t, err)
				for _, i := range p.rows {
					filled := make([]float64, d)
					given.fill(filled, m.gapped.mean[c*d:(c+1)*d], rows.row(i))
					r := m.resp[i*k+c]
					for a := range d {
						first[a] += r * filled[a]
						for b := range d {
							want.Set(a, b, want.At(a, b)+r*(filled[a]-mean[a])*(filled[b]-mean[b]))
						}
					}
					for a, i := range p.missing {
						for b, j := range p.missing {
							want.Set(i, j, want.At(i, j)+r*given.rest.At(a, b))
						}
					}
				}
			}
			for a := range d {
				near(t, first[a]/m.count[c], mean[a], 1e-12)
			}
			require.InDeltaSlice(t, want.RawMatrix().Data, m.scatter(c), 1e-9)
			v := newScatterView(m, c, m.squares())
			v.dense = nil
			b := blobs(d, 1, 3, 9).RawMatrix().Data
			var times mat.Dense
			times.Mul(want, mat.NewDense(d, 3, b))
			times.Scale(1/m.divisor(c), &times)
			require.InDeltaSlice(t, times.RawMatrix().Data, v.times(b, 3), 1e-10, "%v", family)
			for j := range d {
				near(t, want.At(j, j)/m.divisor(c), v.diagonal[j], 1e-10)
			}
		}
	}
}

// Products with the scatter, without a D×D matrix, against those with it; with a prior,
// which is part of both, for rows with gaps and without.
func TestProductsWithThePrior(t *testing.T) {
	const n, d, k, l = 200, 6, 2, 3
	complete := blobs(n, k, d, 3)
	for _, x := range []*mat.Dense{complete, punched(complete, 0.3, 4)} {
		s, err := Settings{Components: k, Covariance: FactorAnalyzers(2), Missing: true, Prior: &Prior{Shrinkage: 7}}.resolve()
		require.NoError(t, err)
		rows, err := scaleRows(x, s)
		require.NoError(t, err)
		e, err := newEM(rows, s)
		require.NoError(t, err)
		require.NoError(t, KMeans.assign(t.Context(), e, 0, density.NewSource(1, "products")))
		require.NoError(t, e.Step(t.Context()))
		m := &e.moments
		if m.gapped != nil {
			require.NoError(t, m.collectMissing(e.shapes))
		} else {
			m.collect()
		}
		b := blobs(d, 1, l, 9).RawMatrix().Data
		for c := range k {
			v := newScatterView(m, c, m.squares())
			v.dense = m.scatter(c)
			floats.Scale(1/m.divisor(c), v.dense)
			want := v.times(b, l)
			v.dense = nil
			require.InDeltaSlice(t, want, v.times(b, l), 1e-12)
		}
	}
}

// A weight of 2 is a row twice and one of 0 a row left out, with gaps and with labels
// for some rows, in every family.
func TestWeightsAreDuplicationWithGaps(t *testing.T) {
	x := punched(open(t, "iris"), 0.2, 3)
	n, d := x.Dims()
	s := Settings{Components: 3, Missing: true, Tolerance: exhaustive, Iterations: 20, Starts: 1, Plain: true}
	weights, labels := make([]float64, n), make([]int, n)
	var data []float64
	var copied []int
	for i := range n {
		weights[i], labels[i] = float64(i*7%4), -1
		if i%5 == 0 {
			labels[i] = i % 3 // not what the rows would say
		}
		for range i * 7 % 4 {
			data, copied = append(data, x.RawRowView(i)...), append(copied, labels[i])
		}
	}
	copies := mat.NewDense(len(copied), d, data)
	start, _ := fit(t, open(t, "iris"), Settings{Components: 3, Iterations: 3, Starts: 1}, 1)
	s.Start = From(start)
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		s.Covariance, s.Weights, s.Labels = family, nil, copied
		b, _ := fit(t, copies, s, 1)
		s.Weights, s.Labels = weights, labels
		a, _ := fit(t, x, s, 1)
		for i, v := range b.LogProbObserved(nil, x) {
			near(t, v, a.LogProbObserved(nil, x)[i], 1e-8*math.Max(1, math.Abs(v)), "%v", family)
		}
	}
}

// With all rows labelled, the fit is that of each class alone, gaps and all.
func TestLabelsWithGaps(t *testing.T) {
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	x := punched(d.X, 0.2, 3)
	s := Settings{Components: 3, Missing: true, Labels: d.Labels, Tolerance: exhaustive}
	m, _ := fit(t, x, s, 1)
	s.Components, s.Labels = 1, nil
	for class := range 3 {
		one, _ := fit(t, mat.DenseCopyOf(x.Slice(50*class, 50*class+50, 0, 4)), s, 1)
		near(t, 1./3, m.Weights()[class], 1e-12)
		require.True(t, mat.EqualApprox(one.Covariance(0), m.Covariance(class), 1e-6))
	}
}

// Means that jump away from where sums were taken about do not cost digits: the sums
// are made again. Columns far from 0 with a first guess at 0 are such a case.
func TestCompletedSumsFollowTheMeans(t *testing.T) {
	s := newCompletedSums(1, 1, []float64{0}, true)
	s.count[0], s.first[0], s.squares[0] = 4, 4e8, 4e16+1
	require.True(t, s.far([]float64{1e8}))
	require.False(t, s.far([]float64{1}))

	// Two narrow clusters far from 0, where the first completion takes them to be: one
	// step has the variances of the first column, which lacks nothing.
	const n = 40
	x, r := mat.NewDense(n, 2, nil), mat.NewDense(n, 2, nil)
	var want float64
	for i := range n {
		x.SetRow(i, []float64{float64(i%2)*2 - 1 + 1e-5*float64(i/2%5), float64(i)})
		r.Set(i, i%2, 1)
		want += math.Pow(1e-5*float64(i/2%5-2), 2) / n
	}
	x.Set(3, 1, math.NaN())
	e, err := NewEM(x, r, Settings{Covariance: Diagonal, Missing: true, Floor: -1})
	require.NoError(t, err)
	require.NoError(t, e.Step(t.Context()))
	for k := range 2 {
		require.InEpsilon(t, want, e.Model().Covariance(k).At(0, 0), 1e-9)
	}
}

// The same bits for any number of cores, with gaps.
func TestMissingIsDeterministic(t *testing.T) {
	x := punched(blobs(3000, 3, 5, 1), 0.25, 2)
	for _, family := range []Covariance{Full, Diagonal, FactorAnalyzers(2)} {
		var first *Model
		for _, cores := range []int{1, 2, 5} {
			old := runtime.GOMAXPROCS(cores)
			m, _ := fit(t, x, Settings{Components: 3, Covariance: family, Missing: true, Starts: 1, Iterations: 10}, 1)
			runtime.GOMAXPROCS(old)
			if first == nil {
				first = m
			}
			require.Equal(t, first.Tensors(), m.Tensors(), "%v with %d cores", family, cores)
			require.Equal(t, first.LogProbObserved(nil, x), m.LogProbObserved(nil, x))
		}
	}
}
