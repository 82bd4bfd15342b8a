package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shownCommands returns the lines of code blocks in a document that run the
// command.
func shownCommands(t *testing.T, document string) []string {
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	require.NoError(t, err)
	var lines []string
	for _, match := range regexp.MustCompile(`(?m)^go run \./cmd/compare(.*)$`).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.TrimSpace(match[1]))
	}
	return lines
}

// Every command that a document shows runs, in its order, in one folder. Only
// the effort is reduced.
func TestShownCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command many times")
	}
	for document, least := range map[string]int{"README.md": 6, "docs/mixtures.md": 1, "docs/command.md": 0, "docs/day.md": 8} {
		t.Run(document, func(t *testing.T) { testShownCommands(t, document, least) })
	}
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "course", "*.md"))
	require.NoError(t, err)
	chinese, err := filepath.Glob(filepath.Join("..", "..", "docs", "course", "zh", "*.md"))
	require.NoError(t, err)
	require.Len(t, chinese, len(pages))
	for _, page := range pages {
		document, err := filepath.Rel(filepath.Join("..", ".."), page)
		require.NoError(t, err)
		t.Run(filepath.ToSlash(document), func(t *testing.T) { testShownCommands(t, document, 1) })
	}
	for _, page := range chinese {
		// They show what the English page shows, which has been run.
		name := filepath.Base(page)
		require.Equal(t, shownCommands(t, filepath.Join("docs", "course", name)), shownCommands(t, filepath.Join("docs", "course", "zh", name)), name)
	}
}

// asks are the commands that fit nothing.
var asks = map[string]bool{
	"score": true, "sample": true, "data": true,
	"study": true, "assign": true, "impute": true, "predict": true, "condition": true, "cdf": true, "quantile": true,
}

func testShownCommands(t *testing.T, document string, least int) {
	commands := shownCommands(t, document)
	require.GreaterOrEqual(t, len(commands), least)
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	require.NoError(t, err)
	for _, file := range regexp.MustCompile("(?ms)^```csv (\\S+)\n(.*?)^```").FindAllSubmatch(text, -1) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, string(file[1])), file[2], 0o644))
	}
	for _, name := range []string{"data.csv", "held-out.csv"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), exampleCSV(), 0o644))
	}
	t.Chdir(dir)
	for _, line := range commands {
		args := strings.Fields(line)
		switch {
		case len(args) > 1 && args[0] == "study":
			args = append(args, "--quick", "--quiet")
		case len(args) == 0 || !asks[args[0]]:
			args = append(args, "--quiet", "--preset", "quick", "--vae-epochs", "2", "--vae-hidden", "8", "--eval-samples", "50")
			if !slices.Contains(args, "--from") {
				for flag, value := range map[string]string{"--folds": "none", "--budget": "1e10"} {
					if !slices.Contains(args, flag) {
						args = append(args, flag, value)
					}
				}
			}
		}
		var out, errOut bytes.Buffer
		require.Equal(t, exitOK, execute(args, nil, &out, &errOut), "compare %s: %s", line, errOut.String())
		require.NotEmpty(t, out.String(), "compare %s prints nothing", line)
	}
}

// exampleCSV returns a small table that looks like nothing in particular.
func exampleCSV() []byte {
	var b bytes.Buffer
	b.WriteString("height,weight\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,%d\n", 150+(i*37)%50, 45+(i*53)%47)
	}
	return b.Bytes()
}
