package gmm

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// narrowed returns x in float32, and what float32 made of it.
func narrowed(x *mat.Dense) ([]float32, *mat.Dense) {
	var narrow []float32
	wide := mat.DenseCopyOf(x)
	wide.Apply(func(_, _ int, v float64) float64 {
		narrow = append(narrow, float32(v))
		return float64(float32(v))
	}, wide)
	return narrow, wide
}

// Rows in float32 have the fit of the same values in memory, in the digits of float64.
func TestFloat32Rows(t *testing.T) {
	narrow, wide := narrowed(blobs(9000, 3, 3, 4))
	rows := Float32Rows(narrow, 3)
	sample, _, err := SampleRows(t.Context(), rows, 500, density.NewSource(1, "sample"))
	require.NoError(t, err)
	start, _ := fit(t, sample, Settings{Components: 3}, 1)
	for _, family := range []Covariance{Full, Diagonal} {
		s := Settings{Components: 3, Covariance: family, Start: From(start), Tolerance: 1e-13}
		a, _ := fit(t, wide, s, 1)
		b, r, err := FitStream(t.Context(), rows, start, s)
		require.NoError(t, err)
		require.True(t, r.Converged)
		near(t, total(a, wide)/9000, total(b, wide)/9000, 1e-12)
		near(t, total(a, wide)/9000, r.History[len(r.History)-1], 1e-12)
	}
	require.Panics(t, func() { Float32Rows(narrow, 7) })
	narrow[3] = float32(math.NaN())
	_, _, err = FitStream(t.Context(), rows, start, Settings{})
	require.ErrorIs(t, err, density.ErrNonFinite)
}

// A sample larger than the stream is the stream; a smaller one takes each of 5 rows
// equally often: χ² with 4 degrees of freedom is above 33 in one case in a million
// (for counts of a sample without replacement, which vary less, even more rarely).
func TestSampleRows(t *testing.T) {
	x := []float32{0, 1, 2, 3, 4}
	rows := Float32Rows(x, 1)
	all, none, err := SampleRows(t.Context(), rows, 6, density.NewSource(1, "sample"))
	require.NoError(t, err)
	require.Equal(t, []float64{0, 1, 2, 3, 4}, all.RawMatrix().Data)
	require.Nil(t, none)
	weighed := streamOf(mat.NewDense(5, 1, []float64{0, 1, 2, 3, 4}), []float64{1, 0, 5, 0, 7}, 2)
	all, weights, err := SampleRows(t.Context(), weighed, 3, density.NewSource(1, "sample"))
	require.NoError(t, err)
	require.Equal(t, []float64{0, 2, 4}, all.RawMatrix().Data)
	require.Equal(t, []float64{1, 5, 7}, weights)
	for seed := range uint64(20) {
		one, weights, err := SampleRows(t.Context(), weighed, 1, density.NewSource(seed, "sample"))
		require.NoError(t, err)
		require.Equal(t, map[float64]float64{0: 1, 2: 5, 4: 7}[one.At(0, 0)], weights[0])
	}
	counts := make([]float64, 5)
	const draws, n = 5000, 2
	for draw := range uint64(draws) {
		some, _, err := SampleRows(t.Context(), rows, n, density.NewSource(draw, "sample"))
		require.NoError(t, err)
		require.NotEqual(t, some.At(0, 0), some.At(1, 0))
		for _, v := range some.RawMatrix().Data {
			counts[int(v)]++
		}
	}
	var chi float64
	const want = draws * n / 5
	for _, c := range counts {
		chi += (c - want) * (c - want) / want
	}
	require.Less(t, chi, 33.0)
	_, _, err = SampleRows(t.Context(), Float32Rows(nil, 2), 3, density.NewSource(1, "sample"))
	require.ErrorIs(t, err, ErrTooFewRows)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = SampleRows(ended, rows, 3, density.NewSource(1, "sample"))
	require.ErrorIs(t, err, context.Canceled)
}

// A pass over rows in float32 against an iteration on the same rows in memory, with
// the bytes that each allocates for itself.
func BenchmarkFloat32Rows(b *testing.B) {
	const n, d, k, passes = 60000, 50, 20, 5
	narrow, wide := narrowed(blobs(n, k, d, 1))
	start := randomModel(k, d, 1)
	for _, family := range []Covariance{Full, Diagonal} {
		s := Settings{Components: k, Covariance: family, Iterations: passes, Start: From(start), Starts: 1, SplitMerge: -1, Plain: true}
		b.Run(fmt.Sprint(family, "/float32"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, err := FitStream(b.Context(), Float32Rows(narrow, d), start, s)
				require.NoError(b, err)
			}
		})
		b.Run(fmt.Sprint(family, "/memory"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fit(b, wide, s, 1)
			}
		})
	}
}
