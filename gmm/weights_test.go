package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
)

// A weight of 2 is a row twice, one of 0 a row left out.
func TestWeightsAreDuplication(t *testing.T) {
	x := open(t, "iris")
	n, d := x.Dims()
	random := rand.New(rand.NewPCG(1, 7))
	weights := make([]float64, n)
	var rows []float64
	count := 0
	for i := range n {
		weights[i] = float64(random.IntN(4))
		for range int(weights[i]) {
			rows = append(rows, x.RawRowView(i)...)
			count++
		}
	}
	copies := mat.NewDense(count, d, rows)
	start, _ := fit(t, x, Settings{Components: 3, Covariance: Diagonal, Iterations: 3, Starts: 1}, 1)
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		s := Settings{Components: 3, Covariance: family, Tolerance: exhaustive, Iterations: 20, Start: From(start), Plain: true}
		b, _ := fit(t, copies, s, 1)
		s.Weights = weights
		a, _ := fit(t, x, s, 1)
		near(t, total(b, copies), total(a, copies), 1e-10*math.Abs(total(b, copies)), family)
		require.True(t, mat.EqualApprox(a.Means(), b.Means(), 1e-10), family)
		// From starts of their own they end in the same place, where rounding
		// has had 60 iterations to grow.
		s.Iterations, s.Start, s.Starts, s.Weights = 60, nil, 1, nil
		b, _ = fit(t, copies, s, 1)
		s.Weights = weights
		a, _ = fit(t, x, s, 1)
		near(t, total(b, copies), total(a, copies), 1e-9*math.Abs(total(b, copies)), family)
		// Leaps make rounding grow faster, and end in the same place all the same.
		s = Settings{Components: 3, Covariance: family, Start: From(start)}
		b, _ = fit(t, copies, s, 1)
		s.Weights = weights
		a, _ = fit(t, x, s, 1)
		near(t, total(b, copies), total(a, copies), 1e-8*math.Abs(total(b, copies)), family)
	}
	s := Settings{Components: 2, Weights: weights}
	for bad, text := range map[float64]string{-1: "row 5", math.NaN(): "row 5", math.Inf(1): "row 5"} {
		s.Weights[4] = bad
		_, _, err := Fit(context.Background(), x, s, density.NewSource(1, "w"))
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, text)
	}
	s.Weights = make([]float64, n)
	_, _, err := Fit(context.Background(), x, s, density.NewSource(1, "w"))
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "all 0")
	s.Weights[0], s.Weights[1] = math.MaxFloat64, math.MaxFloat64
	_, _, err = Fit(context.Background(), x, s, density.NewSource(1, "w"))
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "infinity")
}

// Only the proportions of weights count: shares that sum to 1 give the fit of no weights,
// also where a component is a line, and the same judgement of it.
func TestWeightsAreRelative(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	x := mat.NewDense(400, 2, nil)
	for i := range 400 {
		a, b := 1.0, 1.0
		if i%10 == 0 {
			a, b = 30, 1./30
		}
		x.SetRow(i, []float64{a * random.NormFloat64(), b * random.NormFloat64()})
	}
	weights := make([]float64, 400)
	fill(weights, 1./400)
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		for _, floor := range []float64{0, 1e-2} {
			s := Settings{Components: 2, Covariance: family, Starts: 2, Floor: floor}
			a, ra := fit(t, x, s, 1)
			s.Weights = weights
			b, rb := fit(t, x, s, 1)
			near(t, total(a, x), total(b, x), 1e-5, "%v", family)
			require.Equal(t, ra.Degenerate, rb.Degenerate, "%v", family)
			require.Equal(t, ra.FloorActive, rb.FloorActive, "%v", family)
		}
	}
}

// Weights may be as small or large as numbers are.
func TestWeightsOfAnyUnit(t *testing.T) {
	x := blobs(500, 3, 3, 4)
	random := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, 500)
	for i := range weights {
		weights[i] = 0.5 + random.Float64()
	}
	start, _ := fit(t, x, Settings{Components: 3, Starts: 1}, 1)
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		s := Settings{Components: 3, Covariance: family, Start: From(start), Iterations: 5, Plain: true, Weights: weights}
		_, want := fit(t, x, s, 1)
		for _, scale := range []float64{0x1p-90, 0x1p80} {
			s.Weights = make([]float64, 500)
			for i, w := range weights {
				s.Weights[i] = scale * w
			}
			_, got := fit(t, x, s, 1)
			near(t, want.History[4], got.History[4], 1e-9, "%v, %v", family, scale)
		}
	}
	wide := blobs(60, 2, mostExact+2, 1)
	tiny := make([]float64, 60)
	fill(tiny, 0x1p-90)
	s := Settings{Components: 2, Covariance: FactorAnalyzers(1), Starts: 1, Iterations: 5}
	_, want := fit(t, wide, s, 1)
	s.Weights = tiny
	_, got := fit(t, wide, s, 1)
	near(t, want.History[5], got.History[5], 1e-6)
}

// A row of weight 0 is absent whatever it holds; a column that only such rows have is
// one without values.
func TestAbsentRowsHoldAnything(t *testing.T) {
	x := blobs(60, 2, 2, 3)
	weights := make([]float64, 61)
	fill(weights, 1)
	weights[60] = 0
	more := mat.NewDense(61, 2, append(append([]float64{}, x.RawMatrix().Data...), math.NaN(), math.Inf(1)))
	a, _ := fit(t, x, Settings{Components: 2, Starts: 1}, 1)
	for _, missing := range []bool{false, true} {
		b, _ := fit(t, more, Settings{Components: 2, Starts: 1, Weights: weights, Missing: missing}, 1)
		near(t, total(a, x), total(b, x), 1e-9)
	}
	for i := range 60 {
		more.Set(i, 1, math.NaN())
	}
	more.SetRow(60, []float64{1, 1})
	_, _, err := Fit(t.Context(), more, Settings{Components: 2, Weights: weights, Missing: true}, density.NewSource(1, "w"))
	require.ErrorContains(t, err, "column 2 has no values")
	more.Set(0, 0, math.Inf(1))
	weights[5], weights[0] = 0, 0
	more.Set(7, 0, math.Inf(1))
	_, _, err = Fit(t.Context(), more, Settings{Components: 2, Weights: weights, Missing: true}, density.NewSource(1, "w"))
	require.ErrorContains(t, err, "row 8, column 1 is +Inf")
}

// With all rows labelled the fit is the closed form of each class; with some,
// labelled rows stay where they are told.
func TestLabels(t *testing.T) {
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	m, _ := fit(t, d.X, Settings{Components: 3, Labels: d.Labels}, 1)
	for class := range 3 {
		var rows []float64
		for i, l := range d.Labels {
			if l == class {
				rows = append(rows, d.X.RawRowView(i)...)
			}
		}
		one, _ := fit(t, mat.NewDense(50, 4, rows), Settings{Components: 1}, 1)
		near(t, 1./3, m.Weights()[class], 1e-12)
		require.True(t, mat.EqualApprox(one.Covariance(0), m.Covariance(class), 1e-12))
	}
	labels := make([]int, 150)
	for i := range labels {
		labels[i] = -1
		if i%10 == 0 {
			labels[i] = d.Labels[i]
		}
	}
	m, r := fit(t, d.X, Settings{Components: 3, Labels: labels}, 1)
	require.True(t, r.Converged)
	for i := 1; i < len(r.History); i++ {
		require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-12)
	}
	right := 0
	for i, l := range m.Assign(nil, d.X) {
		if l == d.Labels[i] {
			right++
		}
	}
	require.GreaterOrEqual(t, right, 140)
	labels[7] = 3
	_, _, err = Fit(context.Background(), d.X, Settings{Components: 3, Labels: labels}, density.NewSource(1, "l"))
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "row 8")
}
