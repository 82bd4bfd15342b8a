package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The outputs that replace one another in these tests, the marker among them,
// and what belongs to the user.
var (
	oldOutput   = map[string]string{"figures/x": "x1", "models/a": "a1", "models/b": "b1", "results.json": "1"}
	newOutput   = map[string]string{"figures/x": "x2", "figures/y": "y2", "models/a": "a2", "results.json": "2"}
	thirdOutput = map[string]string{"figures/x": "x3", "models/c": "c3", "results.json": "3"}
	belongings  = map[string]string{"notes.txt": "mine", "data/kept": "kept"}
)

// setting is a place for an output folder.
type setting struct {
	name   string
	memory func() *memory
	inside bool // the folder cannot be exchanged, as the process stands in it
	first  bool // there is no earlier output
	mixed  bool // entries are replaced one by one
}

func settings() []setting {
	plain := func() *memory { return newMemory() }
	return []setting{
		{name: "first", memory: plain, first: true},
		{name: "exchanged", memory: plain},
		{name: "exchanged without links", memory: func() *memory { m := newMemory(); m.noLinks = true; return m }},
		{name: "working directory", memory: plain, inside: true, mixed: true},
		{name: "no exchange", memory: func() *memory { m := newMemory(); m.noSwap = true; return m }, mixed: true},
		{name: "closed parent", memory: func() *memory { m := newMemory(); m.closed["/home"] = true; return m }, mixed: true},
	}
}

const outPath = "/home/out"

func (s setting) open(sys system) (*Folder, error) {
	return newFolder(sys, outPath, outPath, "results.json", s.inside)
}

// run writes an output. It discards the folder in the end, as a caller does.
func (s setting) run(sys system, output map[string]string) error {
	f, err := s.open(sys)
	if err != nil {
		return err
	}
	defer f.Discard()
	for _, name := range sortedKeys(output) {
		if filepath.Dir(name) == "figures" { // as a caller may that makes nothing durable
			path, err := f.Stage(name)
			if err != nil {
				return err
			}
			w, err := sys.create(path, 0o666)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, output[name]); err != nil {
				w.Close()
				return err
			}
			if err := w.Close(); err != nil {
				return err
			}
			continue
		}
		if err := f.Write(name, text(output[name])); err != nil {
			return err
		}
	}
	return f.Commit()
}

func sortedKeys(m map[string]string) []string {
	return sorted(maps.Keys(m))
}

// prepare makes the place, with an earlier output and the user's files, durably.
func (s setting) prepare(t *testing.T) *memory {
	m := s.memory()
	closed := m.closed
	m.closed = nil
	require.NoError(t, m.mkdir("/home", 0))
	if !s.first {
		require.NoError(t, s.run(m, oldOutput))
		put(t, m, outPath, belongings)
	}
	m.closed = closed
	m.crash(1, nil)
	return m
}

func put(t testing.TB, sys system, dir string, files map[string]string) {
	for _, name := range sortedKeys(files) {
		path := filepath.Join(dir, name)
		require.NoError(t, makeBelow(sys, dir, filepath.Dir(path)))
		w, err := sys.create(path, 0o666)
		require.NoError(t, err)
		_, err = io.WriteString(w, files[name])
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
}

// view reads all files below a folder. A folder that is not there has none.
func view(t testing.TB, sys system, dir string) map[string]string {
	files := map[string]string{}
	var walk func(path, name string)
	walk = func(path, name string) {
		entries, err := sys.readDir(path)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		require.NoError(t, err)
		for _, e := range entries {
			if e.IsDir() {
				walk(filepath.Join(path, e.Name()), name+e.Name()+"/")
				continue
			}
			b, err := sys.readFile(filepath.Join(path, e.Name()))
			require.NoError(t, err)
			files[name+e.Name()] = string(b)
		}
	}
	walk(dir, "")
	return files
}

// state says what a reader finds: the old output, the new one, none, or a mix.
func state(files map[string]string) string {
	output := maps.Clone(files)
	maps.DeleteFunc(output, func(name, _ string) bool {
		_, mine := belongings[name]
		return mine || strings.HasPrefix(name, ".likely-") || strings.HasPrefix(name, "..likely-")
	})
	switch {
	case maps.Equal(output, oldOutput):
		return "old"
	case maps.Equal(output, newOutput):
		return "new"
	case output["results.json"] == "":
		return "none"
	}
	return fmt.Sprintf("a mix: %v", output)
}

// legal says whether a reader may find this at some instant.
func (s setting) legal(what string) bool {
	return what == "new" || what == "old" && !s.first || what == "none" && (s.first || s.mixed)
}

// check asserts what a crash or a failure may leave, and that the next run
// clears it up.
func (s setting) check(t *testing.T, m *memory, err error, where string) {
	files := view(t, m, outPath)
	what := state(files)
	require.True(t, s.legal(what), "%s: %s", where, what)
	if err == nil {
		require.Equal(t, "new", what, where)
	}
	if !s.first && !m.noLinks {
		require.Equal(t, "mine", files["notes.txt"], "%s: a file of the user", where)
	}
	f, err := s.open(m)
	require.NoError(t, err, "%s: the next run", where)
	f.Discard()
	s.clean(t, m, where)
	repaired := state(view(t, m, outPath))
	if !s.first {
		require.NotEqual(t, "none", repaired, where)
	}
	require.True(t, s.legal(repaired), "%s: %s after repair", where, repaired)
	if what != "none" {
		// It may go on to the new output, never back.
		require.False(t, what == "new" && repaired != "new", where)
	}
	require.NoError(t, s.run(m, thirdOutput), where)
	want := maps.Clone(thirdOutput)
	if !s.first {
		maps.Copy(want, belongings)
	}
	require.Equal(t, want, view(t, m, outPath), where)
	m.crash(0, nil)
	durable := view(t, m, outPath)
	delete(durable, lockName) // its removal needs not be
	require.Equal(t, want, durable, "%s: a committed output must be durable", where)
}

// clean asserts that nothing of ours is left, and everything of the user's is
// in its place.
func (s setting) clean(t *testing.T, m *memory, where string) {
	files := view(t, m, outPath)
	for name := range files {
		require.False(t, ours(strings.Split(name, "/")[0]), "%s: %s", where, name)
	}
	for name, text := range belongings {
		if !s.first {
			require.Equal(t, text, files[name], "%s: %s", where, name)
		}
	}
	entries, err := m.readDir("/home")
	require.NoError(t, err)
	for _, e := range entries {
		require.Equal(t, "out", e.Name(), where)
	}
}

// TestEveryOperation lets every single operation of a run fail, and lets the
// process end at every single one, with nothing, all and random parts kept of
// what was not durable. A reader finds the old output or the new one, and the
// next run clears up.
func TestEveryOperation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	tried := 0
	for _, s := range settings() {
		for at := 0; ; at++ {
			reached := false
			for _, stop := range []bool{false, true} {
				for keep := range 8 {
					if !stop && (keep == 0 || keep == 1) || testing.Short() && keep > 2 {
						continue // nothing is lost without a crash
					}
					m := s.prepare(t)
					sys := &faulty{system: m, at: at, stop: stop}
					err := s.run(sys, newOutput)
					reached = sys.done
					where := fmt.Sprintf("%s, operation %d, stop %v, keep %d, error %v", s.name, at, stop, keep, err)
					what := state(view(t, m, outPath))
					require.True(t, s.legal(what), "%s: %s", where, what)
					if !stop { // whoever only fails puts back what was
						require.True(t, what != "none" || s.first, where)
					}
					if stop || keep > 2 {
						m.crash(keep, random)
					}
					s.check(t, m, err, where)
					tried++
				}
			}
			if !reached {
				break
			}
		}
	}
	t.Logf("%d faults tried", tried)
	require.Greater(t, tried, 1000)
}

// TestCrashWhileRepairing ends the process a second time, in the repair of what
// its first end left.
func TestCrashWhileRepairing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pairs := 60
	if !testing.Short() {
		pairs = 3000
	}
	reached := 0
	for _, s := range settings() {
		for range pairs {
			m := s.prepare(t)
			first, second := random.IntN(200), random.IntN(60)
			err := s.run(&faulty{system: m, at: first, stop: true}, newOutput)
			m.crash(random.IntN(6), random)
			sys := &faulty{system: m, at: second, stop: random.IntN(2) == 0}
			if f, err := s.open(sys); err == nil {
				f.Discard()
			}
			if sys.done {
				reached++
			}
			m.crash(random.IntN(6), random)
			s.check(t, m, err, fmt.Sprintf("%s, operations %d and %d", s.name, first, second))
		}
	}
	t.Logf("%d second faults", reached)
	require.Greater(t, reached, pairs)
}

// TestEveryOperationOfWrite does the same for a single file.
func TestEveryOperationOfWrite(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, earlier := range []bool{false, true} {
		for at, reached := 0, true; reached; at++ {
			for _, stop := range []bool{false, true} {
				for keep := range 8 {
					where := fmt.Sprintf("operation %d, stop %v, keep %d", at, stop, keep)
					m := newMemory()
					require.NoError(t, m.mkdir("/home", 0))
					if earlier {
						require.NoError(t, writeWhole(m, "/home/a.txt", text("the earlier text")))
					}
					m.crash(1, nil)
					sys := &faulty{system: m, at: at, stop: stop}
					err := writeWhole(sys, "/home/a.txt", text("the new text"))
					reached = sys.done
					look := func() {
						files := view(t, m, "/home")
						got, there := files["a.txt"]
						switch {
						case !there:
							require.False(t, earlier, where)
						case got == "the earlier text":
							require.True(t, earlier, where)
						default:
							require.Equal(t, "the new text", got, where)
						}
						if err == nil {
							require.Equal(t, "the new text", got, where)
						}
						if !stop && err == nil {
							require.Len(t, files, 1, where)
						}
					}
					look()
					m.crash(keep, random)
					look()
					require.NoError(t, writeWhole(m, "/home/a.txt", text("a third")), where)
					require.Equal(t, map[string]string{"a.txt": "a third"}, view(t, m, "/home"), where)
				}
			}
		}
	}
}
