package gmm

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Rows at which every density underflows and squared distances overflow still belong
// to a component: the one with the widest covariance that way, as nearer rows on the
// same ray do. Nothing computed from them is NaN.
func TestRowsFarOut(t *testing.T) {
	x := blobs(300, 2, 3, 4)
	directions := [][]float64{{1, 0.3, -0.7}, {-1, 1, 1}, {0, 0, 1}}
	for _, family := range []Covariance{Full, Tied, VEV, Diagonal, Spherical, TiedSpherical, FactorAnalyzers(1), ProbabilisticPCA(2)} {
		m, _ := fit(t, x, Settings{Components: 2, Covariance: family, Starts: 1, Iterations: 20}, 1)
		for _, direction := range directions {
			ray := func(size float64) *mat.Dense {
				row := mat.NewDense(1, 3, nil)
				for j, v := range direction {
					row.Set(0, j, size*v)
				}
				return row
			}
			want := m.Responsibilities(nil, ray(1e6))
			for _, size := range []float64{1e155, 1e200, 1e307} {
				far := ray(size)
				require.Equal(t, math.Inf(-1), m.LogProb(nil, far)[0], "%v", family)
				require.Equal(t, math.Inf(-1), m.LogProbObserved(nil, far)[0], "%v", family)
				got := m.Responsibilities(nil, far)
				near(t, 1, got.At(0, 0)+got.At(0, 1), 1e-15, "%v %v", family, size)
				if s := m.Family(); s != Tied && s != TiedSpherical { // there they lie within rounding
					require.Equal(t, want.RawMatrix().Data, got.RawMatrix().Data, "%v %v %v", family, direction, size)
					require.Equal(t, m.Assign(nil, ray(1e6)), m.Assign(nil, far))
				}
				require.Equal(t, got.RawMatrix().Data, m.ResponsibilitiesObserved(nil, far).RawMatrix().Data)
				for _, v := range m.Regress(nil, []int{0, 1}, far.Slice(0, 1, 0, 2).(*mat.Dense)).RawMatrix().Data {
					require.False(t, math.IsNaN(v), "%v", family)
				}
				if size < 1e300 { // beyond, precision times distance is no number
					for _, v := range m.Score(nil, far).RawMatrix().Data {
						require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%v", family)
					}
				}
				gap := mat.DenseCopyOf(far)
				gap.Set(0, 1, math.NaN())
				for _, v := range m.Impute(nil, gap).RawMatrix().Data {
					require.False(t, math.IsNaN(v), "%v", family)
				}
				_, err := m.Conditional([]int{2}, []float64{size})
				require.NoError(t, err)
			}
		}
		// A row that is no number has no density.
		require.True(t, math.IsNaN(m.LogProb(nil, mat.NewDense(1, 3, []float64{0, math.NaN(), 0}))[0]))
	}
}

func TestOverflowIsCalledThat(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 1e200, 2, -1e200, 3, 1e200, 4, 0})
	for _, missing := range []bool{false, true} {
		_, _, err := Fit(context.Background(), x, Settings{Components: 1, Missing: missing}, density.NewSource(1, "x"))
		require.ErrorIs(t, err, density.ErrNonFinite)
		require.ErrorContains(t, err, "the variance of column 2 overflows")
	}
	// A start so far away that all rows are nearest to one component says what it
	// leaves the other with.
	far, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 2, []float64{1e200, 0, -1e150, 0}), mat.NewDense(2, 2, []float64{1, 1, 1, 1}))
	require.NoError(t, err)
	_, _, err = Fit(context.Background(), blobs(20, 1, 2, 1), Settings{Components: 2, Start: From(far)}, density.NewSource(1, "x"))
	require.ErrorIs(t, err, ErrCollapsed)
	require.ErrorContains(t, err, "component 1 has no rows")
	for scale, says := range map[float64]string{1e-160: "the variance of column 1", 1e150: "the variance of column 1 overflows"} {
		for _, family := range []Covariance{Full, Diagonal, FactorAnalyzers(1)} {
			tiny := blobs(20, 1, 2, 1)
			tiny.Scale(scale, tiny)
			_, _, err = Fit(context.Background(), tiny, Settings{Components: 1, Covariance: family}, density.NewSource(1, "x"))
			require.ErrorIs(t, err, density.ErrNonFinite)
			require.ErrorContains(t, err, says)
			start := blobs(20, 1, 2, 1)
			m, _ := fit(t, start, Settings{Components: 1, Covariance: family}, 1)
			_, _, err = FitStream(context.Background(), &pieces{x: tiny, size: 7}, m, Settings{Covariance: family})
			require.ErrorContains(t, err, says)
		}
	}
	// Parameters that in the units of the rows are none.
	narrow, err := NewDiagonal([]float64{1}, mat.NewDense(1, 2, nil), mat.NewDense(1, 2, []float64{1e-300, 1}))
	require.NoError(t, err)
	wide := blobs(20, 1, 2, 1)
	wide.Scale(1e100, wide)
	_, _, err = Fit(context.Background(), wide, Settings{Components: 1, Start: From(narrow)}, density.NewSource(1, "x"))
	require.ErrorIs(t, err, ErrParameters)
}
