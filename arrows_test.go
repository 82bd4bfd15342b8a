package likely

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documentedImports reads the table of rooms in docs/architecture.md: which of our
// packages each may import.
func documentedImports(t *testing.T, root string) map[string][]string {
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	require.NoError(t, err)
	rooms := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || !strings.HasPrefix(strings.TrimSpace(cells[0]), "`") {
			continue
		}
		room := strings.Trim(strings.TrimSpace(cells[0]), "`")
		rooms[room] = nil
		for name := range strings.SplitSeq(cells[2], ",") {
			if name = strings.Trim(strings.TrimSpace(name), "`"); name != "–" {
				rooms[room] = append(rooms[room], name)
			}
		}
	}
	return rooms
}

// The table of rooms in docs/architecture.md is true of the code: every package is
// in it, and imports of ours what the table says and nothing else.
func TestArrows(t *testing.T) {
	root := "."
	rooms := documentedImports(t, root)
	require.NotEmpty(t, rooms)
	imports := make(map[string][]string)
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != root {
			_, nested := os.Stat(filepath.Join(file, "go.mod"))
			if nested == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "bench" {
				return filepath.SkipDir
			}
		}
		if filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		room := filepath.ToSlash(relative)
		if _, seen := imports[room]; !seen {
			imports[room] = nil
		}
		for _, spec := range parsed.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(target, "likely/"); ok && !slices.Contains(imports[room], ours) {
				imports[room] = append(imports[room], ours)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, imports["."], "the overview imports nothing")
	delete(imports, ".")
	for room, got := range imports {
		want, known := rooms[room]
		require.True(t, known, "%s is not in the table of rooms", room)
		slices.Sort(got)
		slices.Sort(want)
		require.Equal(t, want, got, "imports of %s", room)
		for _, target := range got {
			require.NotEqual(t, "cmd", path.Dir(target), "%s imports a command", room)
		}
	}
	for room := range rooms {
		_, exists := imports[room]
		require.True(t, exists, "the table of rooms names %s, which does not exist", room)
	}
}
