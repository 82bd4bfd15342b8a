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
	sample, err := SampleRows(t.Context(), rows, 500, density.NewSource(1, "sample"))
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

// A sample larger than the stream is the stream; a smaller one takes each of 40 rows
// equally often: χ² with 39 degrees of freedom is below 90 in all but 1e-5 of cases
// (sampling without replacement makes it smaller still).
func TestSampleRows(t *testing.T) {
	x := make([]float32, 40)
	for i := range x {
		x[i] = float32(i)
	}
	rows := Float32Rows(x, 1)
	all, err := SampleRows(t.Context(), rows, 41, density.NewSource(1, "sample"))
	require.NoError(t, err)
	for i := range x {
		require.Equal(t, float64(i), all.At(i, 0))
	}
	counts := make([]float64, 40)
	const draws, n = 4000, 10
	for draw := range uint64(draws) {
		some, err := SampleRows(t.Context(), rows, n, density.NewSource(draw, "sample"))
		require.NoError(t, err)
		seen := map[float64]bool{}
		for _, v := range some.RawMatrix().Data {
			require.False(t, seen[v])
			seen[v] = true
			counts[int(v)]++
		}
	}
	var chi float64
	const want = draws * n / 40
	for _, c := range counts {
		chi += (c - want) * (c - want) / want
	}
	require.Less(t, chi, 90.0)
	_, err = SampleRows(t.Context(), Float32Rows(nil, 2), 3, density.NewSource(1, "sample"))
	require.ErrorIs(t, err, ErrTooFewRows)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = SampleRows(ended, rows, 3, density.NewSource(1, "sample"))
	require.ErrorIs(t, err, context.Canceled)
}

// A pass over rows in float32 against an iteration on the same rows in memory, with
// the bytes that each allocates for itself.
func BenchmarkFloat32Rows(b *testing.B) {
	const n, d, k, passes = 60000, 50, 20, 5
	narrow, wide := narrowed(blobs(n, k, d, 1))
	start := randomModel(k, d, 1)
	for _, family := range []Covariance{Full, Diagonal} {
		s := Settings{Components: k, Covariance: family, Iterations: passes, Start: From(start), Starts: 1, SplitMerge: -1}
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
