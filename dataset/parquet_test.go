//go:build !js && !noparquet

package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

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

// nullable is a table with gaps, texts and what pandas adds.
type nullable struct {
	A *int64
	S *string
	I int64 `parquet:"__index_level_0__"`
}

func TestParquetNulls(t *testing.T) {
	var rows []nullable
	for i := range 12 {
		v, s := int64(i), []string{"oak", "elm", "ash"}[i%3]
		row := nullable{&v, &s, int64(i)}
		if i == 4 {
			row.A = nil
		}
		if i == 5 {
			row.S = nil
		}
		rows = append(rows, row)
	}
	file := parquetFile(t, rows...)
	_, err := readBytes("x.parquet", file, Options{Drop: []string{"S"}})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, `row 5, column 1 ("A") is empty`)
	d, err := readBytes("x.parquet", file, Options{Drop: []string{"S"}, Missing: true})
	require.NoError(t, err)
	require.Equal(t, []string{"A"}, d.Columns)
	require.True(t, math.IsNaN(d.X.At(4, 0)))
	require.Equal(t, 1, d.Missing())
	noteWith(t, d, NoteSkipped, "__index_level_0__")
	d, err = readBytes("x.parquet", file, Options{Columns: []string{"__index*", "A"}, MissingValues: []string{"11"}})
	require.NoError(t, err)
	require.Equal(t, []string{"A", "__index_level_0__"}, d.Columns)
	require.Equal(t, 3, d.Missing(), "a null and two codes")

	_, err = readBytes("x.parquet", file, Options{Missing: true})
	require.ErrorIs(t, err, ErrText)
	require.ErrorContains(t, err, "Options.Drop S")
	d, err = readBytes("x.parquet", file, Options{Missing: true, Categories: true})
	require.NoError(t, err)
	require.Equal(t, []string{"ash", "elm", "oak"}, d.Levels[1])
	require.Equal(t, []float64{2, 1, 0}, mat.Col(nil, 1, d.X)[:3])
	require.Equal(t, []ColumnType{Continuous, Categorical}, d.Types, "numbers that never repeat are no counts")
	like := &Schema{Columns: d.Columns, Levels: [][]string{nil, {"elm", "oak"}}}
	_, err = readBytes("x.parquet", file, Options{Missing: true, Like: like})
	require.ErrorIs(t, err, ErrUnseen)
	require.ErrorContains(t, err, `row 3, column 2 ("S"): "ash"`)
	d, err = readBytes("x.parquet", file, Options{Missing: true, Like: like, UnseenMissing: true})
	require.NoError(t, err)
	require.Equal(t, 5, d.Missing(), "three unseen, two nulls")

	d, err = OpenWith("testdata/cases/nullable_int.parquet", Options{Missing: true})
	require.NoError(t, err)
	require.Equal(t, []int{40, 6}, []int{d.Rows(), d.Missing()})
	big := int64(1<<53 + 1)
	d, err = readBytes("x.parquet", parquetFile(t, nullable{A: &big}, nullable{A: &big}), Options{Drop: []string{"S"}})
	require.NoError(t, err)
	noteWith(t, d, NotePrecision, "2^53", "row 1")
}

// rewritten returns a file with more bytes before its metadata, and these
// edited.
func rewritten(t testing.TB, raw, insert []byte, edit func(*format.FileMetaData)) []byte {
	t.Helper()
	var protocol thrift.CompactProtocol
	var metadata format.FileMetaData
	start := len(raw) - 8 - int(binary.LittleEndian.Uint32(raw[len(raw)-8:]))
	require.NoError(t, thrift.Unmarshal(&protocol, raw[start:len(raw)-8], &metadata))
	edit(&metadata)
	footer, err := thrift.Marshal(&protocol, &metadata)
	require.NoError(t, err)
	out := append(append(bytes.Clone(raw[:start]), insert...), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
}

// Pages without values, metadata behind the pages of a column and contents of
// no bytes are all valid, and say the same as a file without them.
func TestParquetOddPages(t *testing.T) {
	type row struct {
		A *float64 `parquet:",snappy"`
		B int32    `parquet:",dict"`
	}
	v := 0.5
	whole := parquetFile(t, row{&v, 2}, row{nil, 4}, row{nil, 2}, row{nil, 2})
	want, err := readBytes("x.parquet", whole, Options{Missing: true})
	require.NoError(t, err)
	require.Equal(t, 3, want.Missing())

	var protocol thrift.CompactProtocol
	empty, err := thrift.Marshal(&protocol, &format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.Null[format.DataPageHeader]{
		V: format.DataPageHeader{Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}, Valid: true}})
	require.NoError(t, err)
	for name, odd := range map[string]func(pages []byte, chunk *format.ColumnMetaData) []byte{
		"empty page first": func(pages []byte, _ *format.ColumnMetaData) []byte { return append(bytes.Clone(empty), pages...) },
		"empty page last":  func(pages []byte, _ *format.ColumnMetaData) []byte { return append(bytes.Clone(pages), empty...) },
		"metadata behind": func(pages []byte, chunk *format.ColumnMetaData) []byte {
			more, err := thrift.Marshal(&protocol, chunk)
			require.NoError(t, err)
			return append(bytes.Clone(pages), more...)
		},
		"no contents": func(pages []byte, _ *format.ColumnMetaData) []byte {
			w := thriftWalk{data: pages}
			require.NoError(t, w.structure(0))
			var header format.PageHeader
			require.NoError(t, thrift.Unmarshal(&protocol, pages[:w.at], &header))
			levels := header.DataPageHeaderV2.V.DefinitionLevelsByteLength
			header.CompressedPageSize, header.UncompressedPageSize, header.CRC = levels, levels, 0
			out, err := thrift.Marshal(&protocol, &header)
			require.NoError(t, err)
			return append(out, pages[w.at:w.at+int(levels)]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			group := 1 // in which all of A is null
			start := int64(len(whole) - 8 - int(binary.LittleEndian.Uint32(whole[len(whole)-8:])))
			var insert []byte
			rewritten(t, whole, nil, func(m *format.FileMetaData) {
				chunk := &m.RowGroups[group].Columns[0].MetaData
				insert = odd(whole[chunk.DataPageOffset:chunk.DataPageOffset+chunk.TotalCompressedSize], chunk)
			})
			file := rewritten(t, whole, insert, func(m *format.FileMetaData) {
				chunk := &m.RowGroups[group].Columns[0].MetaData
				chunk.DataPageOffset, chunk.TotalCompressedSize = start, int64(len(insert))
			})
			d, err := readBytes("x.parquet", file, Options{Missing: true})
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(want.X.RawMatrix().Data), fmt.Sprint(d.X.RawMatrix().Data))
		})
	}
}
