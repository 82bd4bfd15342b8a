package dataset

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows of a stream lie in a file without a name, which ends with the process
// however that ends; those that earlier versions left go.
func TestStreamLeavesNoName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,b\n1,2\n3,4\n"), 0o644))
	s, err := openStream(t, path, 2, 1)
	require.NoError(t, err)
	if runtime.GOOS == "windows" {
		t.Skip("an open file keeps its name here")
	}
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)

	stale := filepath.Join(os.TempDir(), "likely-rows-123")
	require.NoError(t, os.WriteFile(stale, []byte("rows"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(os.TempDir(), "likely-rows-folder"), 0o755))
	again, err := OpenStream(t.Context(), path, 2, 1, Options{})
	require.NoError(t, err)
	require.NoFileExists(t, stale)
	require.DirExists(t, filepath.Join(os.TempDir(), "likely-rows-folder"), "no file of ours")
	require.NoError(t, os.Remove(filepath.Join(os.TempDir(), "likely-rows-folder")))
	require.NoError(t, again.Close())
	require.Equal(t, 2, len(s.Sample.Columns))
	require.NoError(t, s.Rewind(), "the first stream is not harmed")
}
