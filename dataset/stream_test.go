package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// openStream opens a stream whose temporary file must be gone after the test.
func openStream(t testing.TB, path string, sample int, seed uint64) (*Stream, error) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "temporary files stay behind")
	})
	s, err := OpenStream(context.Background(), path, sample, seed, Options{})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, s.Close()) })
	}
	return s, err
}

// allRows reads a stream from the beginning, in chunks of the given size.
func allRows(t testing.TB, s *Stream, size int) [][]float64 {
	t.Helper()
	require.NoError(t, s.Rewind())
	var rows [][]float64
	for chunk := mat.NewDense(size, s.Dim(), nil); ; {
		n, err := s.Next(chunk)
		for i := range n {
			rows = append(rows, append([]float64{}, chunk.RawRowView(i)...))
		}
		if errors.Is(err, io.EOF) {
			require.Zero(t, n)
			return rows
		}
		require.NoError(t, err)
	}
}

// A stream has the rows of the file read whole, in the same order, any number of
// times, and so has its sample.
func TestStreamIsTheFile(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("a,b,c\n# a comment\n")
	for i := range 1000 {
		fmt.Fprintf(&csv, "%v,%v,%v\n\n", float64(i)/7, i*i, -i)
	}
	doubles := make([]byte, 0, 8*60)
	for i := range 60 {
		doubles = append(doubles, byte(i), 1, 2, 3, 4, byte(7*i), 6, byte(i%64))
	}
	for name, contents := range map[string][]byte{
		"rows.csv":     []byte(csv.String()),
		"rows.csv.gz":  gzipped(t, []byte(csv.String())),
		"rows.tsv":     []byte("1,5\t2\n3\t4,25\n"),
		"one.csv":      []byte("1,2\n"),
		"f8.npy":       npyFile("<f8", false, "(20, 3)", doubles),
		"big.npy":      npyFile(">f8", false, "(20, 3)", doubles),
		"f4.npy":       npyFile("<f4", false, "(10, 3)", doubles[:120]),
		"bigf4.npy.gz": gzipped(t, npyFile(">f4", false, "(10, 3)", doubles[:120])),
		"i8.npy":       npyFile("<i8", false, "(20, 3)", doubles),
		"i4.npy":       npyFile(">i4", false, "(40, 3)", doubles),
		"i2.npy":       npyFile("<i2", false, "(80, 3)", doubles),
		"i1.npy":       npyFile("|i1", false, "(160, 3)", doubles),
		"u8.npy":       npyFile(">u8", false, "(20, 3)", doubles),
		"u4.npy":       npyFile("<u4", false, "(40, 3)", doubles),
		"u2.npy":       npyFile(">u2", false, "(80, 3)", doubles),
		"u1.npy":       npyFile("|u1", false, "(4, 5, 6)", doubles[:120]),
		"b1.npy":       npyFile("|b1", false, "(3, 2)", []byte{0, 1, 1, 0, 0, 1}),
		"column.npy":   npyFile("<f8", true, "(60,)", doubles),
	} {
		t.Run(name, func(t *testing.T) {
			path := tempFile(t, name, contents)
			whole, err := Open(path)
			require.NoError(t, err)
			s, err := openStream(t, path, 17, 1)
			require.NoError(t, err)
			require.Equal(t, whole.Rows(), s.Rows())
			require.Equal(t, whole.Dim(), s.Dim())
			require.Equal(t, whole.Columns, s.Sample.Columns)
			require.Equal(t, whole.SHA256, s.Sample.SHA256)
			require.Equal(t, whole.Place(), s.Sample.Place())
			for _, size := range []int{1, 7, 5000} {
				rows := allRows(t, s, size)
				require.Len(t, rows, whole.Rows())
				for i, row := range rows {
					require.Equal(t, whole.X.RawRowView(i), row, "row %d", i)
				}
			}
			require.Equal(t, min(17, whole.Rows()), s.Sample.Rows())
			before := -1
			for i := range s.Sample.Rows() {
				row := s.Sample.Row(i)
				require.Greater(t, row, before, "the order of the file, no row twice")
				require.Equal(t, whole.X.RawRowView(row), s.Sample.X.RawRowView(i))
				require.Equal(t, whole.Where(row, 0), s.Sample.Where(i, 0))
				before = row
			}
		})
	}
}

// Every row is as likely to be drawn as any other. χ² of 39 degrees of freedom over
// 1500 seeds, at the level 1e-6 if seeds were drawn anew; they are fixed.
func TestStreamSampleIsFair(t *testing.T) {
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintln(&text, i)
	}
	path := tempFile(t, "rows.csv", []byte(text.String()))
	seeds := 1500
	if testing.Short() {
		seeds = 300
	}
	const drawn = 10
	counts := make([]float64, 40)
	for seed := range uint64(seeds) {
		s, err := OpenStream(context.Background(), path, drawn, seed, Options{})
		require.NoError(t, err)
		for i := range drawn {
			counts[s.Sample.Row(i)]++
		}
		require.NoError(t, s.Close())
	}
	var chi float64
	expected := float64(seeds*drawn) / 40
	for _, c := range counts {
		// Counts of a sample without replacement vary less, by 1 − 10/40.
		chi += (c - expected) * (c - expected) / (expected * 0.75) * (39.0 / 40)
	}
	require.Less(t, chi, 98.0)
	require.Greater(t, chi, 10.0, "more even than chance")
}

// What is wrong with a file is said as it is when the file is read whole.
func TestStreamMistakes(t *testing.T) {
	for name, contents := range map[string][]byte{
		"empty.csv":      nil,
		"names.csv":      []byte("a,b\n"),
		"ragged.csv":     []byte("1,2\n3\n"),
		"text.csv":       []byte("1,2\n3,x\n"),
		"hole.csv":       []byte("1,2\n3,\n"),
		"nan.csv":        []byte("1,2\n3,NaN\n"),
		"quote.csv":      []byte("1,2\n\"3,4\n"),
		"cut.csv.gz":     gzipped(t, bytes.Repeat([]byte("1,2\n3,4\n"), 100))[:30],
		"nan.npy":        npyFile("<f8", false, "(1, 2)", append(make([]byte, 8), 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)),
		"text.npy":       npyFile("<U4", false, "(1, 2)", make([]byte, 32)),
		"none.npy":       npyFile("<f8", false, "(0, 2)", nil),
		"not.npy":        []byte("nothing of that kind"),
		"header.npy":     npyFile("<f8", false, "(1, 2", make([]byte, 16)),
		"no-numbers.npy": []byte("\x93NUMPY\x01\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			path := tempFile(t, name, contents)
			_, want := Open(path)
			require.Error(t, want)
			_, err := openStream(t, path, 5, 1)
			require.Error(t, err)
			for _, sentinel := range []error{ErrEmpty, ErrRagged, ErrText, ErrMissing, ErrFormat, ErrTruncated, density.ErrNonFinite} {
				require.Equal(t, errors.Is(want, sentinel), errors.Is(err, sentinel), "%v against %v", want, err)
			}
			require.Contains(t, err.Error(), path)
		})
	}
	t.Run("cut short", func(t *testing.T) {
		path := tempFile(t, "short.npy", npyFile("<f8", false, "(3, 2)", make([]byte, 40)))
		_, err := openStream(t, path, 5, 1)
		require.ErrorIs(t, err, ErrTruncated)
	})
	t.Run("too long", func(t *testing.T) {
		path := tempFile(t, "long.npy", npyFile("<f8", false, "(2, 2)", make([]byte, 40)))
		_, err := openStream(t, path, 5, 1)
		require.ErrorIs(t, err, ErrFormat)
	})
	t.Run("columns first", func(t *testing.T) {
		path := tempFile(t, "f.npy", npyFile("<f8", true, "(2, 2)", make([]byte, 32)))
		_, err := openStream(t, path, 5, 1)
		require.ErrorIs(t, err, ErrFormat)
		require.ErrorContains(t, err, "ascontiguousarray")
	})
	t.Run("another format", func(t *testing.T) {
		path := tempFile(t, "x.parquet", []byte("PAR1....PAR1"))
		_, err := openStream(t, path, 5, 1)
		require.ErrorIs(t, err, ErrFormat)
	})
	t.Run("no file", func(t *testing.T) {
		_, err := openStream(t, filepath.Join(t.TempDir(), "none.csv"), 5, 1)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("no room", func(t *testing.T) {
		path := tempFile(t, "rows.csv", []byte("1,2\n3,4\n"))
		t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
		t.Setenv("TMP", filepath.Join(t.TempDir(), "none"))
		_, err := OpenStream(context.Background(), path, 5, 1, Options{})
		require.ErrorContains(t, err, "TMPDIR")
	})
	t.Run("interrupted", func(t *testing.T) {
		path := tempFile(t, "rows.csv", []byte("1,2\n3,4\n"))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := OpenStream(ctx, path, 5, 1, Options{})
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("limit and label", func(t *testing.T) {
		path := tempFile(t, "rows.csv", []byte("x,kind,y\n1,a,2\n3,b,4\n5,c,6\n"))
		s, err := OpenStream(context.Background(), path, 5, 1, Options{Limit: 2, Label: "kind"})
		require.NoError(t, err)
		defer s.Close()
		require.Equal(t, [][]float64{{1, 2}, {3, 4}}, allRows(t, s, 10))
		require.Equal(t, []string{"x", "y"}, s.Sample.Columns)
	})
}

// Weights and missing values are those of the file read whole; rows of weight 0 are in
// the stream, with that weight, and never in the sample.
func TestStreamWithWeightsAndGaps(t *testing.T) {
	text := []byte("a,w,b\n1,1,2\n3,0,4\n,2,6\n7,0.5,NA\n9,0,\n11,3,12\n")
	numbers := []float64{1, 1, 2, 3, 0, 4, math.NaN(), 2, 6, 7, 0.5, math.NaN(), 9, 0, 1, 11, 3, 12}
	raw := make([]byte, 8*len(numbers))
	for i, v := range numbers {
		binary.LittleEndian.PutUint64(raw[8*i:], math.Float64bits(v))
	}
	for name, contents := range map[string][]byte{"rows.csv": text, "rows.npy": npyFile("<f8", false, "(6, 3)", raw)} {
		path := tempFile(t, name, contents)
		opt := Options{Missing: true, Weights: "2"}
		whole, err := OpenWith(path, opt)
		require.NoError(t, err)
		s, err := OpenStream(t.Context(), path, 10, 1, opt)
		require.NoError(t, err)
		defer s.Close()
		require.Equal(t, 6, s.Rows())
		require.Equal(t, 2, s.Dim())
		require.Equal(t, whole.TotalWeight(), s.TotalWeight())
		require.Equal(t, whole.Missing(), s.Missing())
		require.Equal(t, whole.Weights, s.Sample.Weights)
		require.Equal(t, whole.Absent, s.Sample.Absent)
		require.Equal(t, whole.Columns, s.Sample.Columns)
		for i := range whole.Rows() {
			require.Equal(t, whole.Where(i, 1), s.Sample.Where(i, 1))
			for j := range 2 {
				require.Equal(t, math.Float64bits(whole.X.At(i, j)), math.Float64bits(s.Sample.X.At(i, j)))
			}
		}
		x, weights := mat.NewDense(4, 2, nil), make([]float64, 4)
		for _, want := range [][]float64{{1, 0, 2, 0.5}, {0, 3}} {
			n, err := s.NextWeighted(x, weights)
			require.NoError(t, err)
			require.Equal(t, want, weights[:n])
		}
		require.Equal(t, []float64{11, 12}, x.RawRowView(1))
		for seed := range uint64(20) {
			few, err := OpenStream(t.Context(), path, 1, seed, opt)
			require.NoError(t, err)
			require.Positive(t, few.Sample.Weights[0])
			require.Equal(t, map[int]float64{0: 1, 2: 2, 3: 0.5, 5: 3}[few.Sample.Row(0)], few.Sample.Weights[0])
			require.NoError(t, few.Close())
		}
	}
	s, err := OpenStream(t.Context(), tempFile(t, "rows.csv", []byte("1,2\n3,4\n")), 10, 1, Options{})
	require.NoError(t, err)
	defer s.Close()
	weights := make([]float64, 2)
	_, err = s.NextWeighted(mat.NewDense(2, 2, nil), weights)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, weights)
	require.Equal(t, 2.0, s.TotalWeight())
}

// A file that can be read whole can be streamed, with the same rows; one that
// cannot is an error, not a panic.
func FuzzStream(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n3,4\n"), true, false, "")
	f.Add([]byte("1;2,5\n3;4\n"), true, false, "")
	f.Add([]byte("a,w,b\n1,2,\n3,0,4\nNA,1,2"), true, true, "w")
	f.Add(npyFile("<f8", false, "(2, 1)", make([]byte, 16)), false, false, "")
	f.Add(npyFile(">i2", false, "(2, 2)", []byte{0, 1, 2, 3, 4, 5, 6, 7}), false, true, "1")
	f.Fuzz(func(t *testing.T, contents []byte, text, missing bool, weights string) {
		name := "rows.npy"
		if text {
			name = "rows.csv"
		}
		path := tempFile(t, name, contents)
		opt := Options{Missing: missing, Weights: weights}
		whole, want := OpenWith(path, opt)
		s, err := OpenStream(context.Background(), path, math.MaxInt, 1, opt)
		if err == nil {
			defer s.Close()
		}
		if want != nil {
			require.Error(t, err)
			return
		}
		if !text && err != nil {
			require.ErrorContains(t, err, "ascontiguousarray")
			return
		}
		if err != nil { // what only all rows together can tell
			require.True(t, strings.Contains(err.Error(), "may be") || strings.Contains(err.Error(), "has no name"), err.Error())
			return
		}
		require.Equal(t, whole.Rows()+whole.Absent, s.Rows())
		require.Equal(t, whole.Rows(), s.Sample.Rows())
		require.Equal(t, whole.Weights, s.Sample.Weights)
		rows := allRows(t, s, 5)
		for i := range whole.Rows() {
			require.Equal(t, whole.Row(i), s.Sample.Row(i))
			for j, v := range rows[whole.Row(i)] {
				require.Equal(t, math.Float64bits(whole.X.At(i, j)), math.Float64bits(v))
				require.Equal(t, math.Float64bits(v), math.Float64bits(s.Sample.X.At(i, j)))
			}
		}
	})
}

// A stream has the types of the file read whole, and hands out the same codes.
func TestStreamTypes(t *testing.T) {
	random := rand.New(density.NewSource(4, "test"))
	var text strings.Builder
	text.WriteString("id,bit,coin,count,level,wide,rounded,one,w\n")
	for i := range 400 {
		fmt.Fprintf(&text, "%d,%d,%d,%d,%d,%v,%.1f,3,%d\n", i, random.IntN(2), 3+4*random.IntN(2), random.IntN(9), 5*random.IntN(4), random.NormFloat64(), random.Float64(), random.IntN(3))
	}
	path := tempFile(t, "rows.csv", []byte(text.String()))
	for _, opt := range []Options{
		{Categories: true, Weights: "w"},
		{Types: map[string]ColumnType{"level": Categorical, "bit": Continuous, "id": Count}, Weights: "9"},
		{Categories: true, Measured: true, Drop: []string{"w", "id"}},
	} {
		whole, err := OpenWith(path, opt)
		require.NoError(t, err)
		s, err := OpenStream(t.Context(), path, 1000, 1, opt)
		require.NoError(t, err)
		defer s.Close()
		require.Equal(t, whole.Types, s.Sample.Types)
		require.Equal(t, whole.Levels, s.Sample.Levels)
		require.Equal(t, whole.X.RawMatrix().Data, s.Sample.X.RawMatrix().Data)
		kept := []int{2, 0}
		s.Select(kept)
		require.Equal(t, whole.Select(kept).X.RawMatrix().Data, s.Sample.X.RawMatrix().Data)
		all, weights := mat.NewDense(400, 2, nil), make([]float64, 400)
		n, err := s.NextWeighted(all, weights)
		require.NoError(t, err)
		require.Equal(t, 400, n)
		at := 0
		for i, w := range weights {
			if w == 0 {
				continue
			}
			require.Equal(t, whole.X.At(at, 2), all.At(i, 0))
			require.Equal(t, whole.X.At(at, 0), all.At(i, 1))
			at++
		}
		require.Equal(t, whole.Rows(), at)
	}
	for column, kind := range map[string]ColumnType{"wide": Count, "level": Binary, "count": Constant, "id": Categorical} {
		_, err := OpenStream(t.Context(), path, 10, 1, Options{Types: map[string]ColumnType{column: kind}})
		require.ErrorIs(t, err, ErrType)
		require.ErrorContains(t, err, strconv.Quote(column))
	}
}
