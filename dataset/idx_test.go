package dataset

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"likely/density"
)

func TestIDXTypes(t *testing.T) {
	order := binary.BigEndian
	float32s := order.AppendUint32(order.AppendUint32(nil, math.Float32bits(1.5)), math.Float32bits(-2))
	float64s := order.AppendUint64(order.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(-1e300))
	for name, c := range map[string]struct {
		code   byte
		raw    []byte
		values []float64
		step   float64
		hi     float64
	}{
		"unsigned byte": {0x08, []byte{0, 255}, []float64{0, 255}, 1, 255},
		"signed byte":   {0x09, []byte{0x80, 127}, []float64{-128, 127}, 1, 0},
		"int16":         {0x0B, []byte{0xff, 0xfe, 0x01, 0x00}, []float64{-2, 256}, 1, 0},
		"int32":         {0x0C, []byte{0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0}, []float64{-1, 65536}, 1, 0},
		"float32":       {0x0D, float32s, []float64{1.5, -2}, 0, 0},
		"float64":       {0x0E, float64s, []float64{0.1, -1e300}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, packed := range []bool{false, true} {
				file := idxFile(c.code, []uint32{2, 1}, c.raw)
				if packed {
					file = gzipped(t, file)
				}
				d, err := readBytes("x-idx2-ubyte", file, Options{})
				require.NoError(t, err)
				require.Equal(t, c.values, d.X.RawMatrix().Data)
				require.Equal(t, c.step, d.Step)
				require.Equal(t, c.hi, d.Hi)
			}
		})
	}
}

func TestIDXShapes(t *testing.T) {
	d, err := readBytes("images-idx3-ubyte", idxFile(0x08, []uint32{2, 2, 3}, []byte("abcdefghijkl")), Options{})
	require.NoError(t, err)
	require.Equal(t, []int{2, 6, 2, 3}, []int{d.Rows(), d.Dim(), d.Height, d.Width})
	require.Equal(t, float64('g'), d.X.At(1, 0))
	require.True(t, d.IsImage())

	d, err = readBytes("images-idx3-ubyte", idxFile(0x08, []uint32{2, 2, 3}, []byte("abcdefghijkl")), Options{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, 1, d.Rows())

	d, err = readBytes("labels-idx1-ubyte", idxFile(0x08, []uint32{3}, []byte{7, 8, 9}), Options{})
	require.NoError(t, err)
	require.Equal(t, []int{3, 1, 0}, []int{d.Rows(), d.Dim(), d.Height})

	// Recognised by its first bytes under any other name.
	d, err = readBytes("unnamed", idxFile(0x08, []uint32{1, 2}, []byte{7, 8}), Options{})
	require.NoError(t, err)
	require.Equal(t, 2, d.Dim())
}

func TestIDXMistakes(t *testing.T) {
	whole := idxFile(0x08, []uint32{2, 2, 2}, []byte("abcdefgh"))
	huge := idxFile(0x0E, []uint32{1 << 31, 1 << 31, 1 << 31}, []byte("abcdefgh"))
	large := idxFile(0x08, []uint32{1 << 20, 1 << 10, 1 << 9}, []byte("abcdefgh"))
	short := func(n int) []byte { return whole[:len(whole)-n] }
	for name, c := range map[string]struct {
		file []byte
		is   error
		says []string
	}{
		"empty":               {nil, ErrEmpty, []string{"is empty"}},
		"magic cut":           {whole[:3], ErrTruncated, []string{"get the whole file"}},
		"header cut":          {whole[:9], ErrTruncated, []string{"get the whole file"}},
		"wrong magic":         {append([]byte("GIF8"), whole...), ErrFormat, []string{"47 49 46 38", "not IDX"}},
		"unknown type":        {idxFile(0x0A, []uint32{1}, []byte("a")), ErrFormat, []string{"00 00 0a 01"}},
		"no dimension":        {idxFile(0x08, nil, []byte("abcdefgh")), ErrFormat, []string{"00 00 08 00"}},
		"values cut":          {short(3), ErrTruncated, []string{"promises [2 2 2] values, 8 bytes, and 5 follow"}},
		"too much":            {append(short(0), 1), ErrFormat, []string{"8 bytes, and 9 follow"}},
		"no rows":             {idxFile(0x08, []uint32{0, 2, 2}, nil), ErrEmpty, []string{"at least one row"}},
		"no columns":          {idxFile(0x08, []uint32{2, 0}, nil), ErrEmpty, nil},
		"more than memory":    {huge, ErrTooLarge, []string{"cut the data"}},
		"large, not there":    {large, ErrTruncated, []string{"549755813888 bytes, and 8 follow"}},
		"NaN":                 {idxFile(0x0D, []uint32{1, 2}, []byte{0, 0, 0, 0, 0x7f, 0xc0, 0, 0}), density.ErrNonFinite, []string{"row 1, column 2 is NaN", "remove the row"}},
		"gzip, values cut":    {gzipped(t, short(3)), ErrTruncated, []string{"and 5 follow"}},
		"gzip, too much":      {gzipped(t, append(short(0), 1)), ErrFormat, []string{"and 9 follow"}},
		"gzip, large":         {gzipped(t, large), ErrTooLarge, []string{"unpack it first"}},
		"gzip cut":            {gzipped(t, whole)[:20], ErrTruncated, []string{"get the whole file"}},
		"gzip, checksum cut":  {gzipped(t, whole)[:len(gzipped(t, whole))-4], ErrTruncated, nil},
		"gzip, header cut":    {gzipped(t, whole)[:5], ErrTruncated, nil},
		"gzip, bad method":    {append([]byte("\x1f\x8b\x07"), make([]byte, 20)...), ErrFormat, []string{"damaged gzip"}},
		"gzip, damaged block": {flip(gzipped(t, whole), 12), ErrFormat, []string{"damaged gzip"}},
		"gzip, bad checksum":  {flip(gzipped(t, whole), len(gzipped(t, whole))-6), ErrFormat, []string{"damaged gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := tempFile(t, "train-images-idx3-ubyte", c.file)
			_, err := Open(path)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, path)
			for _, part := range c.says {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

// flip returns a copy of data with the bits of one byte inverted.
func flip(data []byte, at int) []byte {
	out := append([]byte(nil), data...)
	out[at] ^= 0xff
	return out
}

// A header alone makes the reader allocate next to nothing, whatever it
// promises.
func TestIDXAllocatesWhatIsThere(t *testing.T) {
	for _, file := range [][]byte{
		idxFile(0x08, []uint32{1 << 20, 1 << 9}, []byte("ab")),
		gzipped(t, idxFile(0x08, []uint32{1 << 13, 1 << 9}, []byte("ab"))),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes("idx", file, Options{})
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrTruncated)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
	}
}

// A small file that unpacks to more than the bound is refused without being
// held, whether the bound is met by bytes or by values.
func TestGzipBomb(t *testing.T) {
	zeros := make([]byte, 1<<21)
	lines := bytes.Repeat([]byte("0\n"), 1<<18)
	for name, c := range map[string]struct {
		file string
		data []byte
	}{
		"blank lines":     {"x.csv", bytes.Repeat([]byte("\n"), 1<<21)},
		"text, values":    {"x.csv", lines},
		"text, one line":  {"x.csv", zeros},
		"IDX, bytes":      {"x-ubyte", idxFile(0x0E, []uint32{1 << 18}, zeros)},
		"IDX, values":     {"x-ubyte", idxFile(0x08, []uint32{1 << 18}, zeros[:1<<18])},
		"IDX, afterwards": {"x-ubyte", append(idxFile(0x08, []uint32{1}, []byte{1}), zeros...)},
		"NPY, bytes":      {"x.npy", npyFile("<f8", false, "(262144,)", zeros)},
		"NPY, values":     {"x.npy", npyFile("|u1", false, "(262144,)", zeros[:1<<18])},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(c.file, gzipped(t, c.data), Options{unpacked: 1 << 20})
			require.ErrorIs(t, err, ErrTooLarge)
			require.ErrorContains(t, err, "unpack it first")
		})
	}
	d, err := readBytes("x-ubyte", gzipped(t, idxFile(0x08, []uint32{1 << 18}, zeros[:1<<18])), Options{unpacked: 1 << 20, Limit: 5})
	require.NoError(t, err, "a part of the rows fits")
	require.Equal(t, 5, d.Rows())
}

// A text file without line ends is refused early.
func TestLongLine(t *testing.T) {
	_, err := readBytes("x.csv", make([]byte, maxLine+1<<20), Options{})
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "one example a line")
}

func TestFolder(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o644))
	}
	_, err := Open(folder)
	require.ErrorContains(t, err, "holds no train-images-idx3-ubyte")

	write("train-images.idx3-ubyte", idxFile(0x08, []uint32{3, 1, 2}, []byte("abcdef")))
	train, test, err := OpenPair(folder, Options{})
	require.NoError(t, err)
	require.Nil(t, test)
	require.Nil(t, train.Labels)
	require.Equal(t, filepath.Base(folder), train.Name)

	write("train-labels-idx1-ubyte.gz", gzipped(t, idxFile(0x08, []uint32{3}, []byte{2, 0, 1})))
	write("t10k-images-idx3-ubyte.gz", gzipped(t, idxFile(0x08, []uint32{2, 1, 2}, []byte("ghij"))))
	write("t10k-labels-idx1-ubyte", idxFile(0x08, []uint32{2}, []byte{1, 1}))
	train, test, err = OpenPair(folder, Options{})
	require.NoError(t, err)
	require.Equal(t, []int{2, 0, 1}, train.Labels)
	require.Equal(t, []int{1, 1}, test.Labels)
	require.Equal(t, float64('g'), test.X.At(0, 0))

	write("train-labels-idx1-ubyte.gz", gzipped(t, idxFile(0x08, []uint32{2}, []byte{2, 0})))
	_, err = Open(folder)
	require.ErrorIs(t, err, ErrLabels)
	write("train-labels-idx1-ubyte.gz", gzipped(t, idxFile(0x09, []uint32{3}, []byte{2, 0, 0xff})))
	_, err = Open(folder)
	require.ErrorIs(t, err, ErrLabels)
	require.ErrorContains(t, err, "row 3 is -1")
	write("train-labels-idx1-ubyte.gz", []byte("\x1f\x8b"))
	_, err = Open(folder)
	require.ErrorIs(t, err, ErrTruncated)
	write("train-labels-idx1-ubyte.gz", gzipped(t, idxFile(0x08, []uint32{3}, []byte{2, 0, 1})))
	write("t10k-images-idx3-ubyte.gz", gzipped(t, idxFile(0x08, []uint32{2, 1, 3}, []byte("ghijkl"))))
	_, _, err = OpenPair(folder, Options{})
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, "has 3 columns where the training data")
	_, err = Open(folder)
	require.NoError(t, err, "the test part is not looked at")
}

func TestIDXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "n")
		h := rapid.IntRange(1, 4).Draw(t, "h")
		w := rapid.IntRange(1, 4).Draw(t, "w")
		pixels := rapid.SliceOfN(rapid.Byte(), n*h*w, n*h*w).Draw(t, "pixels")
		d, err := readBytes("x", idxFile(0x08, []uint32{uint32(n), uint32(h), uint32(w)}, pixels), Options{})
		require.NoError(t, err)
		for i, p := range pixels {
			require.Equal(t, float64(p), d.X.At(i/(h*w), i%(h*w)))
		}
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idxFile(0x08, []uint32{2, 2, 2}, []byte("abcdefgh")))
	f.Add(idxFile(0x0B, []uint32{2}, []byte("abcd")))
	f.Add(idxFile(0x0E, []uint32{1, 1}, []byte("abcdefgh")))
	f.Add(idxFile(0x08, []uint32{1 << 31, 1 << 31, 1 << 31, 1 << 31}, []byte("abcdefgh")))
	f.Add(idxFile(0x08, []uint32{0}, nil))
	f.Add([]byte{0, 0, 8, 255})
	f.Add(gzipped(f, idxFile(0x08, []uint32{2, 2}, []byte("abcd"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readBytes("fuzz-idx3-ubyte", data, Options{})
		checkRead(t, d, err)
	})
}

// BenchmarkMNIST reads the 60000 training images and their labels.
func BenchmarkMNIST(b *testing.B) {
	mustOpen(b, "mnist", Options{Limit: 1})
	b.SetBytes(60000 * 784)
	for b.Loop() {
		if _, err := Open("mnist"); err != nil {
			b.Fatal(err)
		}
	}
}
