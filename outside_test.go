package likely

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program in an empty folder, a module of its own, uses the public packages alone
// after the two lines that README shows.
func TestProgramOutsideTheModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := os.Getwd()
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(readme)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "go mod edit") || strings.HasPrefix(line, "go get likely") {
			lines = append(lines, strings.ReplaceAll(line, "../likely", root))
		}
	}
	require.Len(t, lines, 2)

	dir := t.TempDir()
	program, err := os.ReadFile(filepath.Join("testdata", "outside", "main.go"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), program, 0o644))
	var table strings.Builder
	table.WriteString("height,weight\n")
	for i := range 120 {
		fmt.Fprintf(&table, "%.3f,%.3f\n", 150+float64(i*37%50)/2, 45+float64(i*53%47)/3+float64(i%2)*20)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "table.csv"), []byte(table.String()), 0o644))

	command := func(line ...string) string {
		c := exec.Command(line[0], line[1:]...)
		c.Dir, c.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%v: %s", line, out)
		return string(out)
	}
	command("go", "mod", "init", "example.org/outside")
	for _, line := range lines {
		command(strings.Fields(line)...)
	}
	out := command("go", "run", ".", dir)
	numbers := make(map[string]string)
	for line := range strings.Lines(out) {
		if name, rest, found := strings.Cut(line, ":"); found {
			numbers[name] = strings.TrimSpace(rest)
		}
	}
	require.Contains(t, numbers["mixture"], "exact, 120 rows")
	require.Equal(t, numbers["mixture"], numbers["loaded"], "what was saved scores as what was fitted")
	require.Contains(t, numbers["network"], "consistent, 120 rows")
	require.Contains(t, out, "gaussian − gmm")
	require.FileExists(t, filepath.Join(dir, "out", "figures", "densities.svg"))
}
