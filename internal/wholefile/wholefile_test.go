package wholefile

import (
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func names(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func content(t *testing.T, elem ...string) string {
	b, err := os.ReadFile(filepath.Join(elem...))
	require.NoError(t, err)
	return string(b)
}

func TestWriteReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	require.NoError(t, Write(path, text("old")))
	require.NoError(t, Write(path, text("new")))
	require.Equal(t, "new", content(t, path))

	boom := errors.New("boom")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, path)
	require.Equal(t, "new", content(t, path), "a failed write must leave the old file")
	require.Equal(t, []string{"a.txt"}, names(t, dir), "no temporary file may stay")
}

func TestWriteNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "a.txt")
	err := Write(path, text(""))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
	require.NotContains(t, err.Error(), ".tmp")
}

func fill(t *testing.T, f *Folder, files map[string]string) {
	for name, s := range files {
		path, err := f.Stage(name)
		require.NoError(t, err)
		require.NoError(t, Write(path, text(s)))
	}
}

func TestFolderAppearsAtOnce(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "deep", "out")
	f, err := NewFolder(out, "results.json")
	require.NoError(t, err)
	fill(t, f, map[string]string{"results.json": "1", "models/a": "a1", "models/b": "b1"})
	require.NoDirExists(t, out, "nothing may be seen before Commit")
	require.NoError(t, f.Commit())
	f.Discard()
	require.Equal(t, "1", content(t, out, "results.json"))

	require.NoError(t, os.WriteFile(filepath.Join(out, "notes.txt"), []byte("mine"), 0o644))
	g, err := NewFolder(out, "results.json")
	require.NoError(t, err)
	fill(t, g, map[string]string{"results.json": "2", "models/a": "a2"})
	require.NoError(t, g.Commit())
	g.Discard()
	require.Equal(t, "2", content(t, out, "results.json"))
	require.Equal(t, []string{"a"}, names(t, filepath.Join(out, "models")), "models of the earlier run must go")
	require.Equal(t, "mine", content(t, out, "notes.txt"), "the user's own file must stay")
	require.Equal(t, []string{"out"}, names(t, filepath.Dir(out)), "no temporary folder may stay")
}

func TestFolderDiscard(t *testing.T) {
	dir := t.TempDir()
	for _, out := range []string{filepath.Join(dir, "out"), filepath.Join(dir, "a", "b", "out")} {
		f, err := NewFolder(out, "results.json")
		require.NoError(t, err)
		fill(t, f, map[string]string{"results.json": "1"})
		f.Discard()
		require.Empty(t, names(t, dir))
	}
}

func TestFolderOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644))
	_, err := NewFolder(dir, "results.json")
	require.ErrorContains(t, err, "holds other files")
	_, err = NewFolder(filepath.Join(dir, "thesis.tex"), "results.json")
	require.ErrorContains(t, err, "thesis.tex")
	_, err = NewFolder(filepath.Join(dir, "thesis.tex", "out"), "results.json")
	require.ErrorContains(t, err, "thesis.tex")
}

func sorted(names iter.Seq[string]) []string { return slices.Sorted(names) }
