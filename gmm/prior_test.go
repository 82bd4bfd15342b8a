package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// One component under the conjugate prior has its mode in closed form: with W the
// scatter about the sample mean x̄,
//
//	μ = (N x̄ + κ m)/(N + κ)
//	Σ = (Λ + W + κN/(κ+N) (x̄−m)(x̄−m)ᵀ) / (ν + N + D + 2)
func TestPriorClosedForm(t *testing.T) {
	x := open(t, "faithful")
	n, _ := x.Dims()
	prior := &Prior{Shrinkage: 30, Mean: []float64{1, 90}, DegreesOfFreedom: 11, Scale: mat.NewSymDense(2, []float64{4, 3, 3, 900})}
	m, r := fit(t, x, Settings{Components: 1, Prior: prior}, 1)
	plain, _ := fit(t, x, Settings{Components: 1}, 1)
	require.True(t, r.Converged)
	count := float64(n)
	for a := range 2 {
		mean := plain.Means().At(0, a)
		near(t, (count*mean+30*prior.Mean[a])/(count+30), m.Means().At(0, a), 1e-11*90)
		for b := range 2 {
			e := (mean - prior.Mean[a]) * (plain.Means().At(0, b) - prior.Mean[b])
			want := (prior.Scale.At(a, b) + count*plain.Covariance(0).At(a, b) + 30*count/(30+count)*e) / (11 + count + 2 + 2)
			near(t, want, m.Covariance(0).At(a, b), 1e-10*math.Abs(want))
		}
	}
}

// The objective is monotone in every family and is the likelihood plus the log
// prior of the parameters in the units of the data.
func TestPriorIsMonotoneInEveryFamily(t *testing.T) {
	x := blobs(120, 3, 3, 6)
	for j := range 120 {
		x.Set(j, 1, 100*x.At(j, 1))
	}
	for _, family := range covariances {
		for _, missing := range []bool{false, true} {
			y := x
			if missing {
				y = punched(x, 0.1, 1)
			}
			s := Settings{Components: 3, Covariance: family, Prior: &Prior{Shrinkage: 2, Concentration: 1.5}, Missing: missing, Starts: 1, Iterations: 60, Floor: -1}
			_, r := fit(t, y, s, 1)
			for i := 1; i < len(r.History); i++ {
				require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-11*math.Abs(r.History[i]), "%v %d", family, i)
			}
		}
	}
}

// Duplicates, and as many components as rows, fit without a floor.
func TestPriorPreventsCollapse(t *testing.T) {
	x := mat.NewDense(12, 2, nil)
	for i := range 12 {
		x.SetRow(i, []float64{float64(i % 4), float64(i % 4 * (i % 4))})
	}
	for _, family := range covariances {
		s := Settings{Components: 4, Covariance: family, Floor: -1}
		s.Prior = &Prior{Scale: mat.NewSymDense(2, []float64{1, 0, 0, 1})}
		m, r := fit(t, x, s, 1)
		require.False(t, r.FloorActive)
		require.False(t, math.IsNaN(total(m, x)))
	}
}

// As the prior's rows vanish beside the data's, so does its influence.
func TestWeakPriorIsLikelihood(t *testing.T) {
	x := blobs(50000, 2, 2, 3)
	s := Settings{Components: 2, Starts: 1}
	a, _ := fit(t, x, s, 1)
	s.Prior = &Prior{}
	b, _ := fit(t, x, s, 1)
	require.True(t, mat.EqualApprox(a.Covariance(0), b.Covariance(0), 1e-3))
	require.False(t, mat.EqualApprox(a.Covariance(0), b.Covariance(0), 1e-9))
}

func TestBadPrior(t *testing.T) {
	x := open(t, "faithful")
	for _, p := range []*Prior{
		{Concentration: 0.5}, {DegreesOfFreedom: -1}, {Shrinkage: math.NaN()}, {Mean: []float64{1, math.NaN()}},
		{Scale: mat.NewSymDense(2, []float64{1, 2, 2, 1})},
	} {
		_, _, err := Fit(context.Background(), x, Settings{Components: 2, Prior: p}, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, ErrSettings)
	}
}

// The default scale is that of what is observed, and its diagonal where rows are too few.
func TestDefaultPriorScale(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	x := mat.NewDense(4000, 2, nil)
	for i := range 4000 {
		a := random.NormFloat64()
		x.SetRow(i, []float64{a, 0.9*a + math.Sqrt(1-0.81)*random.NormFloat64()})
		if i%2 == 0 {
			x.Set(i, 1, math.NaN())
		}
	}
	s, err := Settings{Components: 1, Missing: true, Prior: &Prior{}}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	scale, err := rows.covariance()
	require.NoError(t, err)
	near(t, 1, scale[0], 1e-12)
	near(t, 1, scale[3], 1e-12)
	near(t, 0.9, scale[1], 0.03) // 2000 pairs: a standard error of 0.03

	few := blobs(5, 1, 6, 1)
	for _, family := range []Covariance{Full, Diagonal} {
		_, r := fit(t, few, Settings{Components: 2, Covariance: family, Prior: &Prior{}}, 1)
		require.False(t, r.FloorActive)
	}
}
