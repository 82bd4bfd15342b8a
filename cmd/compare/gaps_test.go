package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"likely/compare"
	"likely/density"
)

// settingGap is a gap for a setting, such as {Floor} or {gmm.Floor=0.1}.
var settingGap = regexp.MustCompile(`\{([a-z]+\.)?[A-Z][A-Za-z0-9]*(=[^{}]*)?\}`)

// programs are the settings that a program alone can give, and is alone told of: what the
// command makes of its data, and what it leaves at its default.
var programs = map[string]bool{
	"gmm.Labels": true, "gmm.Start": true, "gmm.Prior": true, "gmm.Tolerance": true, "gmm.ValidWeights": true, "gmm.Folds": true,
	"lcm.Columns": true, "lcm.Prior": true, "lcm.Tolerance": true, "lcm.From": true, "lcm.SplitMerge": true,
	"lcm.Criterion": true, "lcm.Folds": true, "lcm.Patience": true, "lcm.ValidWeights": true,
	"kde.Tolerance": true, "tree.Tolerance": true, "tree.Levels": true, "made.Columns": true, "made.Decay": true,
	"vae.Columns": true, "vae.ValidWeights": true, "vae.Levels": true,
}

// Every text of every package that asks for a setting is answered by a flag of the
// command: no gap is left, and none is spelled as a field.
func TestEveryGapHasAFlag(t *testing.T) {
	flags := runFlags{}
	flags.register(pflag.NewFlagSet("", pflag.ContinueOnError))
	spell := density.Flag(flags.book.names)
	gaps := 0
	for _, pkg := range []string{"dataset", "gmm", "gmm/selection", "lcm", "lcm/selection", "kde", "tree", "made", "vae", "compare"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, text := range literals(t, file) {
				for _, gap := range settingGap.FindAllString(text, -1) {
					gaps++
					setting, _, _ := strings.Cut(strings.Trim(gap, "{}"), "=")
					own := strings.Split(pkg, "/")[0]
					words := compare.Within(spell, own)
					if own == "dataset" || own == "compare" {
						words = spell
					}
					if strings.HasSuffix(file, "settings_check.go") && strings.Contains(setting, ".") {
						continue // what stands for a setting that a program gave in two places
					}
					said := density.Warnf("%s", strings.ReplaceAll(gap, "%", "")).In(words, 0)
					if strings.HasPrefix(said, "--") || programs[setting] || programs[own+"."+setting] {
						continue
					}
					t.Errorf("%s: %s is spelled %s: bind a flag to it, or say it otherwise", file, gap, said)
				}
			}
		}
	}
	require.Greater(t, gaps, 100)
}

// literals returns the strings of a file.
func literals(t *testing.T, name string) []string {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
	require.NoError(t, err)
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			list = append(list, s)
		}
		return true
	})
	return list
}
