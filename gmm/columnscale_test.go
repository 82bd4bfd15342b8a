package gmm

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/dataset"
	"likely/density"
)

// The shortest interval against the definition: all intervals between two values.
func TestShortestInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) weighted {
			return weighted{float64(rapid.IntRange(-9, 9).Draw(t, "value")), float64(rapid.IntRange(1, 3).Draw(t, "weight"))}
		}), 1, 12).Draw(t, "values")
		share := rapid.SampledFrom([]float64{0.5, 0.75, 0.9}).Draw(t, "share")
		want, total := math.Inf(1), 0.0
		for _, v := range values {
			total += v.weight
		}
		for _, a := range values {
			for _, b := range values {
				held := 0.0
				for _, v := range values {
					if v.value >= a.value && v.value <= b.value {
						held += v.weight
					}
				}
				if held >= share*total {
					want = min(want, b.value-a.value)
				}
			}
		}
		slices.SortFunc(values, func(a, b weighted) int { return int(a.value - b.value) })
		require.Equal(t, want, shortestInterval(values, share))
	})
}

// Quantiles of the normal distribution: the shortest interval of a share p is
// 2Φ⁻¹((1+p)/2) standard deviations long, which 400 evenly spaced quantiles have to
// half a percent.
func TestSharesOfNormal(t *testing.T) {
	for _, s := range shares {
		require.InDelta(t, s.share, math.Erf(s.normal/2/math.Sqrt2), 1e-9)
	}
	x := mat.NewDense(400, 2, nil)
	for i := range 400 {
		v := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/400-1)
		x.SetRow(i, []float64{v, v})
	}
	x.Set(7, 1, 1e6) // the outlier goes, the rest stays
	_, variance := density.Moments(x)
	robust := withoutOutliers(x, nil, variance)
	require.Equal(t, variance[0], robust[0])
	require.Greater(t, variance[1], 2e9)
	near(t, max(1, variance[1]/mostOutlying), robust[1], 0.02*robust[1])
	x.Set(7, 1, 1000)
	_, variance = density.Moments(x)
	near(t, 1, withoutOutliers(x, nil, variance)[1], 0.02)
}

// Clusters show beside a row far out and beside a code for missing values, and the
// likelihood is that of the clusters apart, with a component at the floor for the rest.
func TestOutliersDoNotHideClusters(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	x := mat.NewDense(501, 1, nil)
	for i := range 500 {
		x.Set(i, 0, random.NormFloat64()+6*float64(i/300))
	}
	clean := mat.NewDense(500, 1, slices.Clone(x.RawMatrix().Data[:500]))
	two, _ := fit(t, clean, Settings{Components: 2}, 1)
	for _, far := range []float64{1e6, -9999, 1e12} {
		x.Set(500, 0, far)
		m, r := fit(t, x, Settings{Components: 3}, 1)
		_, variance := density.Moments(x)
		floor := density.DefaultFloor * withoutOutliers(x, nil, variance)[0]
		require.Less(t, math.Sqrt(floor), 0.1*math.Max(1, math.Abs(far)/1e6))
		if far == 1e12 {
			continue // too far for the columns' digits: only no error is promised
		}
		want := total(two, clean) + 500*math.Log(500./501) - math.Log(501) - 0.5*math.Log(2*math.Pi*floor)
		near(t, want, total(m, x), 1e-3, "%v", far)
		require.True(t, r.FloorActive)
	}
}

// Where half of the rows are one value, the others are no outliers for that.
func TestHalfOfTheRowsAlike(t *testing.T) {
	x := mat.NewDense(10, 1, []float64{0, 0, 0, 0, 0, 0, 1e9, 1.1e9, 0.9e9, 2e9})
	_, variance := density.Moments(x)
	require.Equal(t, variance, withoutOutliers(x, nil, variance)) // a share of 0.75 reaches 1e9
}

// Two files that went wrong, with the values of another program at a floor of 1e-9.
func TestOutlyingCases(t *testing.T) {
	folder := os.Getenv("LIKELY_CASES")
	if folder == "" {
		t.Skip("LIKELY_CASES, the folder of outlier.csv and sentinel.csv, is not set")
	}
	for name, want := range map[string]float64{"outlier": -2.0718, "sentinel": -2.488} {
		d, err := dataset.Open(filepath.Join(folder, name+".csv"))
		require.NoError(t, err)
		_, variance := density.Moments(d.X)
		robust := withoutOutliers(d.X, nil, variance)[0]
		m, _ := fit(t, d.X, Settings{Components: 3, Floor: 1e-9 / robust}, 1)
		n, _ := d.X.Dims()
		near(t, want, total(m, d.X)/float64(n), 6e-4, name)
	}
}

// The fit of families that depend on units depends on those that all columns have in
// common alone, and their floor does not bind where a column is merely small.
func TestSmallColumnsAreNotFloored(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 9))
	x := mat.NewDense(300, 3, nil)
	for i := range 300 {
		c := float64(i % 2)
		x.SetRow(i, []float64{300 * (random.NormFloat64() + 3*c), 2 * random.NormFloat64(), 0.1 * (random.NormFloat64()*0.2 + c)})
	}
	for _, family := range []Covariance{EVE, VVE, EEV, VEV, ProbabilisticPCA(1), Spherical} {
		m, r := fit(t, x, Settings{Components: 2, Covariance: family}, 1)
		require.False(t, r.FloorActive, "%v", family)
		require.False(t, r.Degenerate, "%v", family)
		if family == VVE { // the clusters are apart, so that the axes are the columns
			near(t, 0.02*0.02, m.Covariance(0).At(2, 2), 1e-4)
		}
		y := mat.DenseCopyOf(x)
		y.Scale(1<<20, y)
		again, r2 := fit(t, y, Settings{Components: 2, Covariance: family}, 1)
		require.Equal(t, r.Iterations, r2.Iterations)
		near(t, -60*math.Log(2), (total(again, y)-total(m, x))/300, 1e-9)
	}
}
