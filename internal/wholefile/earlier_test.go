package wholefile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// commitEarlier is Commit as versions without records had it, ended after so
// many renames.
func commitEarlier(t *testing.T, out, staged, aside string, renames int) {
	move := func(from, to string) bool {
		if _, err := os.Lstat(from); err != nil {
			return true
		}
		if renames == 0 {
			return false
		}
		renames--
		require.NoError(t, os.Rename(from, to))
		return true
	}
	for _, name := range names(t, staged) {
		if !move(filepath.Join(out, name), filepath.Join(aside, name)) || !move(filepath.Join(staged, name), filepath.Join(out, name)) {
			return
		}
	}
	// It was killed while it removed the earlier output.
	os.RemoveAll(filepath.Join(aside, "figures"))
}

// TestRepairEarlier: a folder that an earlier version left in the middle of its
// renames, or without results.json, is completed.
func TestRepairEarlier(t *testing.T) {
	for renames := range 8 {
		for _, others := range []int{0, 1, 2} { // more staged folders, of runs that were killed before
			parent := t.TempDir()
			out := filepath.Join(parent, "out")
			staged, aside := filepath.Join(parent, ".out.1234567.tmp"), filepath.Join(parent, ".out.7654321.old")
			for _, dir := range []string{out, staged, aside} {
				require.NoError(t, os.Mkdir(dir, 0o755))
			}
			put(t, real{}, out, oldOutput)
			put(t, real{}, out, belongings)
			put(t, real{}, staged, newOutput)
			for i := range others {
				dir := filepath.Join(parent, ".out."+string(rune('1'+i))+".tmp")
				require.NoError(t, os.Mkdir(dir, 0o755))
				put(t, real{}, dir, map[string]string{"models/a": "part"})
				if i == 1 { // one that was complete: which of the two it was cannot be told
					put(t, real{}, dir, map[string]string{"results.json": "other"})
				}
			}
			commitEarlier(t, out, staged, aside, renames)
			f, err := NewFolder(out, "results.json")
			require.NoError(t, err, "after %d renames", renames)
			f.Discard()
			what := state(view(t, real{}, out))
			if others < 2 {
				require.Equal(t, "new", what, "after %d renames", renames)
			} else if renames < 6 {
				// New entries without an earlier one may stay.
				files := view(t, real{}, out)
				for name, text := range oldOutput {
					require.Equal(t, text, files[name], "after %d renames: %s", renames, name)
				}
			}
			require.Equal(t, []string{"out"}, names(t, parent))
		}
	}
}
