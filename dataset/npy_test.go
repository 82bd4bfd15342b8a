package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

// npzFile builds an archive from pairs of a name and a file.
func npzFile(t testing.TB, pairs ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(pairs); i += 2 {
		member, err := w.Create(pairs[i].(string) + ".npy")
		require.NoError(t, err)
		_, err = member.Write(pairs[i+1].([]byte))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestNPYTypes(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	for kind, c := range map[string]struct {
		raw    []byte
		values []float64
		step   float64
		hi     float64
	}{
		"<f8": {little.AppendUint64(little.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(-3)), []float64{0.1, -3}, 0, 0},
		">f8": {big.AppendUint64(big.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(-3)), []float64{0.1, -3}, 0, 0},
		"<f2": {[]byte{0x66, 0x2e, 0, 0xc2}, []float64{0.0999755859375, -3}, 0, 0},
		"<f4": {little.AppendUint32(little.AppendUint32(nil, math.Float32bits(0.5)), math.Float32bits(-3)), []float64{0.5, -3}, 0, 0},
		"|u1": {[]byte{7, 255}, []float64{7, 255}, 1, 255},
		"|i1": {[]byte{7, 255}, []float64{7, -1}, 1, 0},
		"<i2": {[]byte{1, 0, 0xfe, 0xff}, []float64{1, -2}, 1, 0},
		">i2": {[]byte{0, 1, 0xff, 0xfe}, []float64{1, -2}, 1, 0},
		"<u2": {[]byte{1, 0, 0xfe, 0xff}, []float64{1, 65534}, 1, 0},
		"<i4": {[]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, []float64{1, -1}, 1, 0},
		"<u4": {[]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, []float64{1, math.MaxUint32}, 1, 0},
		"<i8": {[]byte{1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []float64{1, -1}, 1, 0},
		"<u8": {[]byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, []float64{1, 2}, 1, 0},
		"|b1": {[]byte{1, 0}, []float64{1, 0}, 1, 1},
	} {
		d, err := readBytes("x.npy", npyFile(kind, false, "(2, 1)", c.raw), Options{})
		require.NoError(t, err, kind)
		require.Equal(t, c.values, d.X.RawMatrix().Data, kind)
		require.Equal(t, c.step, d.Step, kind)
		require.Equal(t, c.hi, d.Hi, kind)
	}
}

func TestNPYShapes(t *testing.T) {
	raw := []byte("abcdefghijkl")
	for shape, want := range map[string][]int{
		"(12,)":        {12, 1, 0, 0},
		"(3, 4)":       {3, 4, 0, 0},
		"(2, 3, 2)":    {2, 6, 3, 2},
		"(2, 3, 2, 1)": {2, 6, 3, 2},
		"(2, 1, 3, 2)": {2, 6, 0, 0},
	} {
		d, err := readBytes("x.npy", npyFile("|u1", false, shape, raw), Options{})
		require.NoError(t, err, shape)
		require.Equal(t, want, []int{d.Rows(), d.Dim(), d.Height, d.Width}, shape)
		require.Equal(t, float64('b'), d.X.RawMatrix().Data[1], shape)
	}
	// The 2×2×3 array of abcdefghijkl in Fortran's order, first index fastest:
	// element (i,j,k) lies at i + 2j + 4k.
	d, err := readBytes("x.npy", npyFile("|u1", true, "(2, 2, 3)", raw), Options{})
	require.NoError(t, err)
	for i := range 2 {
		for j := range 2 {
			for k := range 3 {
				require.Equal(t, float64(raw[i+2*j+4*k]), d.X.At(i, 3*j+k))
			}
		}
	}
	d, err = readBytes("unnamed", npyFile("|u1", false, "(3, 4)", raw), Options{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, 2, d.Rows())
}

func TestNPYMistakes(t *testing.T) {
	whole := npyFile("|u1", false, "(2, 2)", []byte("abcd"))
	version2 := append([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), whole[10:]...)
	headless := append([]byte("\x93NUMPY\x01\x00\x04\x00"), "abcdefgh"...)
	nan := binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(math.NaN()))
	for name, c := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"empty":         {nil, ErrEmpty, "is empty"},
		"wrong magic":   {[]byte("a,b\n1,2\n"), ErrFormat, "does not begin as a NumPy file"},
		"cut in magic":  {whole[:8], ErrTruncated, "whole file"},
		"cut in header": {whole[:40], ErrTruncated, "header is longer than the file"},
		"header of 4GB": {version2, ErrFormat, "a header of 4294967307 bytes"},
		"no line end":   {headless, ErrFormat, "damaged NumPy header"},
		"cut in values": {whole[:len(whole)-1], ErrTruncated, "shape [2 2] takes 4 bytes and 3 follow"},
		"too much":      {append(whole[:len(whole):len(whole)], 0), ErrFormat, "takes 4 bytes and 5 follow"},
		"huge shape":    {npyFile("<f8", false, "(4294967296, 4294967296)", []byte("abcd")), ErrTooLarge, "cut the data"},
		"large shape":   {npyFile("<f8", false, "(4294967296, 4)", []byte("abcd")), ErrTruncated, "and 4 follow"},
		"negative":      {npyFile("<f8", false, "(-2, 2)", []byte("abcd")), ErrEmpty, "at least one row"},
		"no rows":       {npyFile("<f8", false, "(0, 2)", nil), ErrEmpty, "at least one row"},
		"scalar":        {npyFile("|u1", false, "()", []byte("a")), ErrEmpty, "one example a row"},
		"text":          {npyFile("<U4", false, "(1,)", make([]byte, 16)), ErrText, "save numbers"},
		"objects":       {npyFile("|O", false, "(1,)", make([]byte, 16)), ErrText, "save numbers"},
		"complex":       {npyFile("<c16", false, "(1,)", make([]byte, 16)), ErrText, "save numbers"},
		"NaN":           {npyFile("<f8", false, "(1, 2)", nan), density.ErrNonFinite, "row 1, column 2 is NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			path := tempFile(t, "bad.npy", c.file)
			_, err := Open(path)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestNPZ(t *testing.T) {
	x := npyFile("|u1", false, "(2, 3)", []byte("abcdef"))
	more := npyFile("|u1", false, "(1, 3)", []byte("ghi"))
	y := npyFile("<i2", false, "(2,)", []byte{4, 0, 2, 0})
	one := npyFile("|u1", false, "(1, 1)", []byte{9})

	path := tempFile(t, "mnist.npz", npzFile(t, "x_test", more, "x_train", x, "y_train", y, "y_test", one))
	train, test, err := OpenPair(path, Options{})
	require.NoError(t, err)
	require.Equal(t, []int{4, 2}, train.Labels)
	require.Equal(t, []int{9}, test.Labels)
	require.Equal(t, float64('a'), train.X.At(0, 0))
	require.Equal(t, float64('g'), test.X.At(0, 0))
	require.Equal(t, "mnist", test.Name)

	d, err := readBytes("x.npz", npzFile(t, "weights", x), Options{})
	require.NoError(t, err)
	require.Equal(t, 2, d.Rows())
	d, err = readBytes("x.npz", npzFile(t, "data", x, "target", y, "other", one), Options{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []int{4}, d.Labels)
}

func TestNPZMistakes(t *testing.T) {
	x := npyFile("|u1", false, "(2, 3)", []byte("abcdef"))
	y := npyFile("<i2", false, "(2,)", []byte{4, 0, 0xff, 0xff})
	wide := npyFile("|u1", false, "(1, 2)", []byte("gh"))
	whole := npzFile(t, "x", x)
	bomb := npzFile(t, "x", npyFile("|u1", false, "(262144, 1)", make([]byte, 1<<18)))
	for name, c := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"empty":         {nil, ErrEmpty, "is empty"},
		"no zip":        {[]byte("a,b\n1,2\n"), ErrFormat, "whole file"},
		"cut":           {whole[:len(whole)-10], ErrFormat, "whole file"},
		"damaged":       {flip(whole, 60), ErrFormat, "array x"},
		"no array":      {npzFile(t), ErrFormat, "call the one with the data x"},
		"which one":     {npzFile(t, "a", x, "b", x), ErrFormat, `"a" and "b"`},
		"text in x":     {npzFile(t, "x", []byte("hello, this is no array")), ErrFormat, "array x"},
		"labels":        {npzFile(t, "x", x, "y", y), ErrLabels, "array y: row 2 is -1"},
		"labels, width": {npzFile(t, "x", x, "y", x), ErrLabels, "array y: shape [2 3]"},
		"width":         {npzFile(t, "x_train", x, "x_test", wide), ErrMismatch, "has 2 columns where the training data"},
		"bomb":          {bomb, ErrTooLarge, "array x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(bytes.NewReader(c.file), int64(len(c.file)), "bad.npz", Options{unpacked: 1 << 20}, true)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, "bad.npz")
			require.ErrorContains(t, err, c.says)
		})
	}
}

func FuzzNPY(f *testing.F) {
	f.Add(npyFile("|u1", false, "(2, 2)", []byte("abcd")))
	f.Add(npyFile("<f8", true, "(1,)", make([]byte, 8)))
	f.Add(npyFile("<f8", false, "(4294967296, 4294967296)", nil))
	f.Add(npyFile("|b1", false, "()", []byte{1}))
	f.Add(npyFile("[('a', '<f8')]", false, "(1,)", make([]byte, 8)))
	broken := npyFile("<f8", false, "(1,)", make([]byte, 8))
	f.Add(bytes.Replace(broken, []byte("False, "), []byte("False,\n"), 1)) // found by this fuzzer
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x93NUMPY\x01\x00\x04\x00abcd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readBytes("fuzz.npy", data, Options{})
		checkRead(t, d, err)
	})
}

func FuzzNPZ(f *testing.F) {
	x := npyFile("|u1", false, "(2, 2)", []byte("abcd"))
	f.Add(npzFile(f, "x", x))
	f.Add(npzFile(f, "x_train", x, "y_train", x, "x_test", x))
	f.Add(npzFile(f))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, _, err := read(bytes.NewReader(data), int64(len(data)), "fuzz.npz", Options{unpacked: 1 << 20}, true)
		if !errors.Is(err, ErrMismatch) {
			checkRead(t, d, err)
		}
	})
}
