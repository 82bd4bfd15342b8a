package gmm

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

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

// Means that jump away from where sums were taken about do not cost digits: the sums
// are made again. Columns far from 0 with a first guess at 0 are such a case.
func TestCompletedSumsFollowTheMeans(t *testing.T) {
	s := newCompletedSums(1, 1, []float64{0}, true)
	s.count[0], s.first[0], s.squares[0] = 4, 4e8, 4e16+1
	require.True(t, s.far([]float64{1e8}))
	require.False(t, s.far([]float64{1}))
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
