//go:build !js && !noparquet

package dataset

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"likely/density"
)

// parquetFile writes rows as a Parquet file of several row groups.
func parquetFile[T any](t testing.TB, rows ...T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, parquet.MaxRowsPerRowGroup(max(2, int64(len(rows)/4))))
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

type measured struct {
	A float64
	B float32
	C int32
	D int64
	E uint32
	F uint64
	G bool
	H int8
	S string
}

func TestParquet(t *testing.T) {
	file := parquetFile(t,
		measured{0.1, 0.5, -7, -8, math.MaxUint32, 9, true, -1, "oak"},
		measured{0.2, 1.5, 7, 8, 1, 10, false, 2, "elm"},
		measured{0.3, 2.5, 6, 5, 2, 11, true, 3, "oak"})
	d, err := readBytes("x.parquet", file, Options{Label: "S"})
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B", "C", "D", "E", "F", "G", "H"}, d.Columns)
	require.Equal(t, []float64{0.1, 0.5, -7, -8, math.MaxUint32, 9, 1, -1}, d.X.RawRowView(0))
	require.Equal(t, []float64{0.3, 2.5, 6, 5, 2, 11, 1, 3}, d.X.RawRowView(2))
	require.Equal(t, []int{0, 1, 0}, d.Labels)
	require.Equal(t, []string{"oak", "elm"}, d.LabelNames)
	require.Zero(t, d.Step)

	d, err = readBytes("x.parquet", file, Options{Label: "S", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, 2, d.Rows())

	type counts struct{ A, B int32 }
	d, err = readBytes("unnamed", parquetFile(t, counts{1, 2}, counts{3, 4}), Options{})
	require.NoError(t, err)
	require.Equal(t, 1.0, d.Step, "whole numbers are levels")
}

func TestParquetMistakes(t *testing.T) {
	type text struct{ A, B string }
	type optional struct{ A, B *float64 }
	type list struct{ A []float64 }
	type nested struct{ A struct{ B float64 } }
	type dated struct {
		A time.Time
		B float64
	}
	type price struct {
		A int64 `parquet:",decimal(2:18)"`
	}
	type single struct{ A float64 }
	one := 1.0
	whole := parquetFile(t, single{1}, single{2})
	packed := parquetFile(t, make([]single, 1<<18)...)
	for name, c := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"empty":       {nil, ErrEmpty, "is empty"},
		"wrong magic": {[]byte("a,b\n1,2\n3,4\n"), ErrFormat, "does not begin as a Parquet file"},
		"cut":         {whole[:len(whole)-2], ErrTruncated, "whole file"},
		"footer":      {append(whole[:len(whole)-8:len(whole)-8], "\xff\xff\xff\x7fPAR1"...), ErrTruncated, "metadata of 2147483647 bytes"},
		"no rows":     {parquetFile[single](t), ErrEmpty, "holds 0 rows"},
		"text":        {parquetFile(t, text{"1", "2"}), ErrText, `column 1 ("A") holds values of type`},
		"missing":     {parquetFile(t, optional{&one, &one}, optional{&one, nil}), ErrMissing, `row 2, column 2 ("B") is empty`},
		"list":        {parquetFile(t, list{[]float64{1}}), ErrText, `column 1 ("A") holds lists`},
		"nested":      {parquetFile(t, nested{}), ErrText, `column 1 ("A") holds lists`},
		"dates":       {parquetFile(t, dated{time.Unix(0, 0), 1}), ErrText, `column 1 ("A")`},
		"decimals":    {parquetFile(t, price{100}), ErrText, `column 1 ("A")`},
		"NaN":         {parquetFile(t, single{1}, single{math.NaN()}), density.ErrNonFinite, `row 2, column 1 ("A") is NaN`},
		"bomb":        {packed, ErrTooLarge, "unpacks to more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes("bad.parquet", c.file, Options{unpacked: 1 << 20})
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, "bad.parquet")
			require.ErrorContains(t, err, c.says)
		})
	}
}

// A file damaged in any single byte is read as something or refused. It never
// panics, and no length that it claims is allocated unseen.
func TestParquetDamage(t *testing.T) {
	type row struct {
		A float64
		B int32
	}
	whole := parquetFile(t, row{1, 2}, row{3, 4}, row{5, 6})
	var before, after runtime.MemStats
	step := 1
	if testing.Short() {
		step = 5
	}
	for at := 0; at < len(whole); at += step {
		for bit := range 8 {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 1 << bit
			runtime.ReadMemStats(&before)
			d, err := readBytes("x.parquet", damaged, Options{unpacked: 1 << 20})
			runtime.ReadMemStats(&after)
			checkRead(t, d, err)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "byte %d, bit %d", at, bit)
		}
	}
}

func FuzzParquet(f *testing.F) {
	type row struct {
		A float64
		B int32
	}
	whole := parquetFile(f, row{1, 2}, row{3, 4}, row{5, 6})
	f.Add(whole)
	f.Add(parquetFile(f, measured{}, measured{S: "a"}))
	f.Add(binary.LittleEndian.AppendUint32([]byte("PAR1PAR1"), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readBytes("fuzz.parquet", data, Options{unpacked: 1 << 20})
		checkRead(t, d, err)
	})
}

// Metadata that announce 2³¹−1 columns, or a name of that length, are refused
// before anything is allocated for them.
func TestParquetMetadataLengths(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x07}
	for name, metadata := range map[string][]byte{
		"list":   append([]byte{0x15, 0x02, 0x19, 0xfc}, huge...), // version 1; schema: a list of structures
		"binary": append([]byte{0x15, 0x02, 0x58}, huge...),       // version 1; created by: a string
		"map":    append([]byte{0x15, 0x02, 0x5b}, append(huge, 0x88)...),
		"deep":   bytes.Repeat([]byte{0x1c}, 1<<16),
	} {
		file := append([]byte("PAR1"), metadata...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(metadata)))
		file = append(file, "PAR1"...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readBytes("x.parquet", file, Options{})
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrFormat, name)
		require.ErrorContains(t, err, "damaged metadata", name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), name)
	}
}
