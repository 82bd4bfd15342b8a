package dataset

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

func bytesOf(n int, v uint32) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// A small file that unpacks to a hundred times its size and more is refused by
// bytes, not by values, in a few times the bound.
func TestBombsAreRefusedEarly(t *testing.T) {
	zeros := func(head, part []byte, total int) []byte {
		return gzipped(t, append(bytes.Clone(head), bytes.Repeat(part, total/len(part))...))
	}
	const size, bound = 1 << 22, 1 << 21
	for name, c := range map[string]struct {
		file string
		data []byte
		opt  Options
	}{
		"text":       {"x.csv.gz", zeros(nil, []byte("0\n"), size), Options{}},
		"labels":     {"x.csv.gz", zeros(nil, []byte("0,a\n"), size), Options{Label: "2"}},
		"ambiguous":  {"x.tsv.gz", zeros([]byte("a\tb\n"), []byte("1,205\t1\n"), size), Options{}},
		"comments":   {"x.csv.gz", zeros([]byte("1,2\n"), []byte("#\n"), size), Options{}},
		"categories": {"x.csv.gz", zeros([]byte("a,b\n"), []byte("oak,1\n"), size), Options{Categories: true}},
		"NPY":        {"x.npy.gz", zeros(npyFile("<f8", false, "(524288,)", nil), make([]byte, 8), size), Options{}},
		"NPY, bytes": {"x.npy.gz", zeros(npyFile("|u1", false, "(4194304,)", nil), make([]byte, 8), size), Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Less(t, len(c.data)*50, size, "a bomb")
			c.opt.unpacked = bound
			before := heapPeak(func() {})
			peak := heapPeak(func() {
				_, err := readBytes(c.file, c.data, c.opt)
				require.ErrorIs(t, err, ErrTooLarge)
			})
			require.Less(t, peak-min(peak, before), uint64(8*bound))
		})
	}
	require.Equal(t, int64(1<<26), unpackLimit(1000))
	require.Equal(t, int64(128<<20), unpackLimit(1<<20), "a megabyte")
	require.Equal(t, int64(MaxUnpacked), unpackLimit(1<<40))
}

// Wide tables take time in proportion to their width.
func TestWideTables(t *testing.T) {
	const width = 100_000
	var names, row strings.Builder
	for j := range width {
		fmt.Fprintf(&names, "v%d,", j)
		row.WriteString("0.5,")
	}
	names.WriteString("last\n")
	row.WriteString("1\n")
	text := names.String() + row.String() + strings.ReplaceAll(row.String(), "0.5", "1.5")
	d, err := readBytes("x.csv", []byte(text), Options{Missing: true, Drop: []string{"last"}})
	require.NoError(t, err)
	require.Equal(t, width, d.Dim())
	require.NoError(t, d.Check())
	like := d.Schema()
	like.Columns = append([]string{}, like.Columns...)
	like.Columns[0], like.Columns[1] = like.Columns[1], like.Columns[0]
	swapped, err := Align(d, like)
	require.NoError(t, err)
	require.Equal(t, like.Columns, swapped.Columns)
	require.True(t, Named(d.Columns))
	require.False(t, Named(columnNames(width)))
	require.Len(t, Describe(d), width)
	_, err = d.Typed(map[string]ColumnType{"v1*": Continuous})
	require.NoError(t, err)
	plain := strings.Repeat("0.5,", width) + "0.25\n"
	d, err = readBytes("x.csv", []byte(plain+plain), Options{})
	require.NoError(t, err)
	require.ErrorIs(t, d.Check(), density.ErrConstant)
}
