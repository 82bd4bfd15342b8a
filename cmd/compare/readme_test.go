package main

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// update writes what README shows anew: go test ./cmd/compare -run TestReadme -update.
var update = flag.Bool("update", false, "write the table and the picture of README anew")

// number finds the first value of a row of the table with its error.
var number = regexp.MustCompile(`(−?[0-9.]+) ± ([0-9.]+)`)

// The table that README opens with is that of its command, on any machine within the
// error that it prints, and the picture is there.
func TestReadmeShowsARealRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command at full size")
	}
	dir := t.TempDir()
	var out, errOut bytes.Buffer
	require.Equal(t, exitOK, execute([]string{"faithful", "--quiet", "--out", filepath.Join(dir, "out")}, nil, &out, &errOut), errOut.String())
	table, _, found := strings.Cut(out.String(), "\nlog p is in nats")
	require.True(t, found)
	_, verdict, found := strings.Cut(out.String(), "\nwinner: ")
	require.True(t, found)
	verdict, _, _ = strings.Cut(verdict, "\n") // how sizes were chosen follows
	var block strings.Builder
	block.WriteString("$ go run ./cmd/compare faithful\n")
	for line := range strings.Lines(table) {
		block.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	block.WriteString("…\nwinner: " + strings.TrimSpace(verdict) + "\n")

	readme := filepath.Join("..", "..", "README.md")
	picture := filepath.Join("..", "..", "docs", "figures", "faithful.png")
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "```\n$ go run")
	require.True(t, found)
	shown, after, found := strings.Cut(rest, "```\n")
	require.True(t, found)
	drawn, err := os.ReadFile(filepath.Join(dir, "out", "figures", "densities.png"))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(before+"```\n"+block.String()+"```\n"+after), 0o644))
		require.NoError(t, os.WriteFile(picture, drawn, 0o644))
		return
	}
	require.FileExists(t, picture)
	want, got := number.FindAllStringSubmatch(shown, -1), number.FindAllStringSubmatch(block.String(), -1)
	require.Len(t, want, len(got), "README shows as many numbers as the command")
	for i := range want {
		// Other kernels round otherwise, and training carries that along.
		require.Less(t, math.Abs(parse(t, want[i][1])-parse(t, got[i][1])), 2*parse(t, got[i][2]), "README: %s, the command: %s", want[i][0], got[i][0])
	}
	require.Equal(t, wordsOf("$ go run"+shown), wordsOf(block.String()), "README shows the same models, kinds of number and verdict")
}

// wordsOf returns a text without its numbers.
func wordsOf(text string) []string {
	return regexp.MustCompile(`\p{L}+`).FindAllString(strings.ReplaceAll(text, "e-0", ""), -1)
}

func parse(t *testing.T, text string) float64 {
	v, err := strconv.ParseFloat(strings.Replace(text, "−", "-", 1), 64)
	require.NoError(t, err)
	return v
}
