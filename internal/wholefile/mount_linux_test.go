package wholefile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A folder on a file system of its own is replaced entry by entry.
func TestMountPoint(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.Mkdir(out, 0o755))
	if err := unix.Mount("tmpfs", out, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(out, 0) })
	for _, output := range []map[string]string{oldOutput, newOutput} {
		f, err := NewFolder(out, "results.json")
		require.NoError(t, err)
		fill(t, f, output)
		require.NoError(t, f.Commit())
		f.Discard()
	}
	require.Equal(t, "new", state(view(t, real{}, out)))
	require.Equal(t, []string{"out"}, names(t, filepath.Dir(out)))
}

func TestReadOnlyFolder(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.Mkdir(out, 0o555))
	if os.Geteuid() == 0 { // who may write anywhere but on a read-only file system
		if err := unix.Mount("tmpfs", out, "tmpfs", unix.MS_RDONLY, ""); err != nil {
			t.Skipf("nothing can be mounted here: %v", err)
		}
		t.Cleanup(func() { unix.Unmount(out, 0) })
	}
	_, err := NewFolder(out, "results.json")
	require.ErrorContains(t, err, "cannot write to output folder "+out)
	require.Equal(t, []string{"out"}, names(t, filepath.Dir(out)))
}
