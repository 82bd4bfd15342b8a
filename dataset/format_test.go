package dataset

import (
	"go/build"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The name decides, and the first bytes where it says nothing.
func TestFormatOf(t *testing.T) {
	for _, c := range []struct{ name, head, want string }{
		{"a.csv", "PAR1", "text"},
		{"dir.npy/a.TSV.gz", "", "text"},
		{"a.npy", "", "NPY"},
		{"a.NPZ", "", "NPZ"},
		{"a.parquet.gz", "", "Parquet"},
		{"train-images-idx3-ubyte", "", "IDX"},
		{"t10k-labels.idx1-ubyte.gz", "", "IDX"},
		{"a", "\x93NUMPY\x01", "NPY"},
		{"a.bin", "PK\x03\x04", "NPZ"},
		{"a.bin", "PAR1", "Parquet"},
		{"a.bin", "\x00\x00\x08\x03", "IDX"},
		{"a", "1,2\n", "text"},
		{"a", "", "text"},
	} {
		require.Equal(t, c.want, formatOf(c.name, []byte(c.head)).name, "%+v", c)
	}
}

// No two formats claim an ending or a beginning, so that their order means
// nothing but that text comes last.
func TestFormatsAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, f := range formats() {
		for _, mark := range append(f.endings, f.magic...) {
			require.Empty(t, seen[mark], "%s and %s share %q", seen[mark], f.name, mark)
			seen[mark] = f.name
		}
	}
}

// A browser gets no Parquet reader, which is larger than all the rest.
func TestBrowserBuildHasNoParquet(t *testing.T) {
	browser := build.Default
	browser.GOOS, browser.GOARCH, browser.CgoEnabled = "js", "wasm", false
	p, err := browser.ImportDir(".", 0)
	require.NoError(t, err)
	require.NotEmpty(t, p.Imports)
	for _, path := range p.Imports {
		require.False(t, strings.Contains(path, "parquet"), path)
	}
}
