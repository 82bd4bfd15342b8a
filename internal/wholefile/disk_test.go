//go:build unix

package wholefile

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// asWriter makes this test's program write an output again and again.
const asWriter = "LIKELY_WHOLEFILE_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(asWriter); path != "" {
		for i := 0; ; i++ {
			output := newOutput
			if i%2 == 1 {
				output = oldOutput
			}
			if err := writeOutput(real{}, path, output); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// writeOutput writes an output as NewFolder's callers do, through sys.
func writeOutput(sys system, path string, output map[string]string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	f, err := newFolder(sys, path, path, "results.json", standsIn(path))
	if err != nil {
		return err
	}
	defer f.Discard()
	for _, name := range sortedKeys(output) {
		if err := f.Write(name, text(output[name])); err != nil {
			return err
		}
	}
	return f.Commit()
}

// TestEveryOperationOnDisk is TestEveryOperation on the machine's own file
// system, which tells whether the one in memory behaves like it.
func TestEveryOperationOnDisk(t *testing.T) {
	stride := 1
	if testing.Short() {
		stride = 61
	}
	for _, inside := range []bool{false, true} {
		for at := 0; ; at += stride {
			reached := false
			for _, stop := range []bool{false, true} {
				where := fmt.Sprintf("inside %v, operation %d, stop %v", inside, at, stop)
				parent := t.TempDir()
				out := filepath.Join(parent, "out")
				require.NoError(t, writeOutput(real{}, out, oldOutput))
				put(t, real{}, out, belongings)
				write := func(sys system, output map[string]string) error {
					f, err := newFolder(sys, out, out, "results.json", inside)
					if err != nil {
						return err
					}
					defer f.Discard()
					for _, name := range sortedKeys(output) {
						if err := f.Write(name, text(output[name])); err != nil {
							return err
						}
					}
					return f.Commit()
				}
				sys := &faulty{system: real{}, at: at, stop: stop}
				err := write(sys, newOutput)
				reached = sys.done
				what := state(view(t, real{}, out))
				if err == nil {
					require.Equal(t, "new", what, where)
				}
				require.True(t, what == "old" || what == "new" || what == "none" && inside && stop, "%s: %s", where, what)
				require.NoError(t, write(real{}, thirdOutput), where)
				files := view(t, real{}, out)
				for _, part := range []map[string]string{thirdOutput, belongings} {
					for name, text := range part {
						require.Equal(t, text, files[name], "%s: %s", where, name)
					}
				}
				require.Len(t, files, len(thirdOutput)+len(belongings), where)
				require.Equal(t, []string{"out"}, names(t, parent), where)
			}
			if !reached {
				break
			}
		}
	}
}

// TestKilled kills processes that write outputs, at random moments.
func TestKilled(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 4
	}
	random := rand.New(rand.NewPCG(7, 8))
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	require.NoError(t, writeOutput(real{}, out, oldOutput))
	put(t, real{}, out, belongings)
	seen := map[string]int{}
	for i := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asWriter+"="+out)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		time.Sleep(20*time.Millisecond + time.Duration(random.IntN(60))*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		cmd.Wait()
		require.Empty(t, stderr.String(), "kill %d", i)
		what := state(view(t, real{}, out))
		seen[what]++
		require.Contains(t, []string{"old", "new"}, what, "kill %d", i)
	}
	t.Logf("found %v", seen)
	require.NoError(t, writeOutput(real{}, out, thirdOutput))
	require.Equal(t, []string{"out"}, names(t, parent))
	files := view(t, real{}, out)
	require.Equal(t, "mine", files["notes.txt"])
	require.Equal(t, "kept", files["data/kept"])
}

// One process at a time writes to a folder; the lock ends with its folder.
func TestFolderOfTwo(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	f, err := NewFolder(out, "results.json")
	require.NoError(t, err)
	_, err = NewFolder(out, "results.json")
	require.ErrorContains(t, err, "another process is writing to output folder")
	f.Discard()
	g, err := NewFolder(out, "results.json")
	require.NoError(t, err)
	g.Discard()
}

func inode(t *testing.T, path string) uint64 {
	var at unix.Stat_t
	require.NoError(t, unix.Stat(path, &at))
	return at.Ino
}

// The folder that the process stands in stays itself, and so does the place of
// its checkpoint.
func TestWorkingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Chdir(dir)
	for i, output := range []map[string]string{oldOutput, newOutput} {
		before := inode(t, dir)
		f, err := NewFolder(".", "results.json")
		require.NoError(t, err)
		require.Equal(t, ".likely-checkpoint", f.Checkpoint())
		require.NoError(t, os.MkdirAll(f.Checkpoint(), 0o755))
		f.Discard()
		f, err = NewFolder(".", "results.json")
		require.NoError(t, err, "its own checkpoint is no other file")
		fill(t, f, output)
		require.NoError(t, f.Commit())
		f.Discard()
		require.Equal(t, before, inode(t, dir))
		require.Equal(t, []string{"old", "new"}[i], state(view(t, real{}, dir)))
		require.DirExists(t, f.Checkpoint())
	}
	require.Equal(t, []string{"work"}, names(t, filepath.Dir(dir)))
}

func TestSymbolicLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target, link := filepath.Join(elsewhere, "results"), filepath.Join(dir, "out")
	require.NoError(t, os.Symlink(target, link))
	_, err := NewFolder(link, "results.json")
	require.ErrorContains(t, err, "is a symbolic link to "+target+", which does not exist")
	require.ErrorContains(t, Write(link, text("a")), "symbolic link to something that does not exist")
	require.NoError(t, os.Mkdir(target, 0o755))
	for _, output := range []map[string]string{oldOutput, newOutput} {
		f, err := NewFolder(link, "results.json")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(link, "a"), f.Path("a"))
		fill(t, f, output)
		require.NoError(t, f.Commit())
		f.Discard()
	}
	require.Equal(t, "new", state(view(t, real{}, target)))
	at, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, at.Mode()&os.ModeSymlink, "the link stays a link")
	require.Equal(t, []string{"results"}, names(t, elsewhere))

	file := filepath.Join(dir, "a.txt")
	require.NoError(t, os.Symlink(filepath.Join(target, "results.json"), file))
	require.NoError(t, Write(file, text("through")))
	require.Equal(t, "through", content(t, target, "results.json"))
}

// A folder keeps its permissions, and a file too; what is no file is written to.
func TestPermissions(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.Mkdir(out, 0o700))
	require.NoError(t, os.Chmod(out, 0o750))
	require.NoError(t, writeOutput(real{}, out, oldOutput))
	at, err := os.Stat(out)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o750), at.Mode().Perm())

	path := filepath.Join(out, "a.txt")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, Write(path, text("a")))
	at, err = os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), at.Mode().Perm())

	require.NoError(t, Write(os.DevNull, text("a")))
	at, err = os.Stat(os.DevNull)
	require.NoError(t, err)
	require.NotZero(t, at.Mode()&os.ModeDevice, "a device stays one")
	require.ErrorContains(t, Write(out, text("a")), "it is a folder")
}

// The error of a full disk names the file that the user knows.
func TestFullDisk(t *testing.T) {
	if err := Write("/dev/full", text("a")); err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Skip("no /dev/full here")
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	_, err = io.WriteString(plain{full}, "a")
	require.Equal(t, syscall.ENOSPC, err, "the bare reason, without a name")
}

// Leftovers of killed writers go, those of living ones stay.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".a.txt.1.tmp", ".b.txt.3141592653.tmp", ".c.tmp", "d.1.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	alive, name, err := createTemporary(real{}, dir, "a.txt")
	require.NoError(t, err)
	Sweep(dir)
	require.Equal(t, []string{filepath.Base(name), ".c.tmp", "d.1.tmp"}, names(t, dir))
	require.NoError(t, alive.Close())
	Sweep(dir)
	require.Equal(t, []string{".c.tmp", "d.1.tmp"}, names(t, dir))
	long := filepath.Join(dir, strings.Repeat("ü", 125))
	require.NoError(t, Write(long, text("a")))
	require.Equal(t, "a", content(t, long))
}

// Discard leaves nothing, though others are still writing: as when an
// interrupted command is ended in the middle of a file.
func TestDiscardWhileWriting(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		parent := t.TempDir()
		f, err := NewFolder(filepath.Join(parent, "out"), "results.json")
		require.NoError(t, err)
		ended, begun := make(chan error), make(chan bool)
		for worker := range 2 {
			go func() {
				name := fmt.Sprintf("models/%d", worker)
				path, err := f.Stage(name)
				for i := 0; err == nil; i++ {
					if i == 1 {
						begun <- true
					}
					if worker == 0 {
						err = Write(path, text("a")) // by the path, as a picture is
					} else {
						err = f.Write(name, text("b"))
					}
				}
				ended <- err
			}()
		}
		<-begun
		<-begun
		f.Discard()
		require.Error(t, <-ended)
		require.Error(t, <-ended)
		require.Empty(t, names(t, parent))
	}
}
