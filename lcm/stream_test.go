package lcm

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/density"
)

// matrixRows are the rows of a matrix, handed out in pieces of a size of their own.
type matrixRows struct {
	x       *mat.Dense
	weights []float64
	piece   int
	at      int
	fails   error
}

func (r *matrixRows) Dim() int { return r.x.RawMatrix().Cols }

func (r *matrixRows) Rewind() error { r.at = 0; return nil }

func (r *matrixRows) Next(dst *mat.Dense) (int, error) { return r.read(dst, nil) }

func (r *matrixRows) read(dst *mat.Dense, weights []float64) (int, error) {
	n := min(r.piece, dst.RawMatrix().Rows, r.x.RawMatrix().Rows-r.at)
	if n == 0 {
		if r.fails != nil {
			return 0, r.fails
		}
		return 0, io.EOF
	}
	for i := range n {
		dst.SetRow(i, r.x.RawRowView(r.at+i))
		if weights != nil {
			weights[i] = r.weights[r.at+i]
		}
	}
	r.at += n
	return n, nil
}

// weighted are rows with their weights.
type weighted struct{ *matrixRows }

func (r weighted) NextWeighted(dst *mat.Dense, weights []float64) (int, error) {
	return r.read(dst, weights)
}

// streamed returns rows of all kinds of columns, some values missing if asked for, far
// from 0 where they are Normal.
func streamedRows(t *testing.T, n int, gaps bool) (*mat.Dense, []Column) {
	source := randomModel(t, 3, all, 4)
	x := drawn(source, n, 2)
	random := rand.New(density.NewSource(8, "test"))
	for i := range n {
		row := x.RawRowView(i)
		for j, c := range source.Columns() {
			if c.Kind == Normal {
				row[j] = 1e4 + row[j]
			}
			if gaps && random.Float64() < 0.15 {
				row[j] = math.NaN()
			}
		}
		if gaps && i%97 == 0 {
			for j := range row {
				row[j] = math.NaN()
			}
		}
	}
	return x, source.Columns()
}

// A fit to a stream is that in memory from the same start, up to rounding, for all kinds
// of columns, with gaps and weights, however the rows arrive; the last to the bit.
func TestStreamIsTheFitInMemory(t *testing.T) {
	const n = 5000
	for _, gaps := range []bool{false, true} {
		x, columns := streamedRows(t, n, gaps)
		weights := make([]float64, n)
		for i := range weights {
			weights[i] = float64(i % 3)
		}
		for _, w := range [][]float64{nil, weights} {
			s := Settings{Components: 3, Columns: columns, Missing: gaps, Starts: 1}
			sample := density.Rows(x, 0, 300)
			start, _, err := Fit(t.Context(), sample, s, density.NewSource(1, "test"))
			require.NoError(t, err)
			inMemory := s
			inMemory.From, inMemory.Plain, inMemory.Weights, inMemory.Components, inMemory.Iterations = start, true, w, 0, 60
			want, report, err := Fit(t.Context(), x, inMemory, density.NewSource(1, "test"))
			require.NoError(t, err)
			var first *Model
			for _, piece := range []int{n, 7, 1024} {
				rows := &matrixRows{x: x, weights: w, piece: piece}
				var source Rows = rows
				if w != nil {
					source = weighted{rows}
				}
				got, streamed, err := FitStream(t.Context(), source, start, Settings{Missing: gaps, Iterations: 60})
				require.NoError(t, err)
				require.Equal(t, len(report.History), len(streamed.History))
				for i, v := range report.History {
					require.InDelta(t, v, streamed.History[i], 1e-9)
				}
				a, b := want.Observed().LogProb(nil, sample), got.Observed().LogProb(nil, sample)
				for i, v := range a {
					require.InDelta(t, v, b[i], 1e-7)
				}
				require.InDelta(t, stat.Mean(a, nil), stat.Mean(b, nil), 1e-9)
				if first == nil {
					first = got
				}
				require.Equal(t, first.Weights(), got.Weights())
				require.Equal(t, first.Means(), got.Means())
			}
		}
	}
}

// What cannot be used is named by its row in the stream, and what a stream cannot do is
// refused.
func TestStreamErrors(t *testing.T) {
	x, columns := streamedRows(t, 3000, false)
	start, _, err := Fit(t.Context(), density.Rows(x, 0, 200), Settings{Components: 2, Columns: columns}, density.NewSource(1, "test"))
	require.NoError(t, err)
	refused := func(is error, says string, rows Rows, s Settings) {
		t.Helper()
		_, _, err := FitStream(t.Context(), rows, start, s)
		require.ErrorIs(t, err, is)
		require.ErrorContains(t, err, says)
	}
	bad := mat.DenseCopyOf(x)
	bad.Set(2500, 0, math.NaN())
	refused(density.ErrNonFinite, "row 2501, column 1 is NaN", &matrixRows{x: bad, piece: 100}, Settings{})
	for j, c := range columns {
		bad = mat.DenseCopyOf(x)
		bad.Set(2600, j, math.Inf(1))
		refused(density.ErrNonFinite, "row 2601", &matrixRows{x: bad, piece: 100}, Settings{Missing: true})
		if c.Kind != Normal {
			bad.Set(2600, j, 0.5)
			refused(density.ErrSupport, "row 2601", &matrixRows{x: bad, piece: 100}, Settings{})
		}
	}
	weights := make([]float64, 3000)
	weights[7] = -1
	refused(ErrSettings, "row 8 is -1", weighted{&matrixRows{x: x, weights: weights, piece: 100}}, Settings{})
	weights[7] = 0
	refused(ErrTooFewRows, "no rows", weighted{&matrixRows{x: x, weights: weights, piece: 100}}, Settings{})
	refused(ErrSettings, "SplitMerge", &matrixRows{x: x, piece: 100}, Settings{SplitMerge: 1})
	refused(ErrSettings, "Weights", &matrixRows{x: x, piece: 100}, Settings{Weights: weights})
	refused(ErrSettings, "rows of 1", &matrixRows{x: mat.NewDense(2, 1, nil), piece: 100}, Settings{})
	broken := errors.New("broken")
	refused(broken, "reading rows", &matrixRows{x: x, piece: 100, fails: broken}, Settings{})
}
