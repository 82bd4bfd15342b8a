package bench

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// effort holds, for each program or subcommand, flags that make it small, and the data
// whose folder is its last argument, if it takes one, with a file that is in it; none: a
// file of MNIST's form.
var effort = map[string]struct {
	flags  string
	folder string
	file   string
}{
	"kernel":    {flags: "--rounds 1 --shape 20x784x200"},
	"vae":       {flags: "--rows 100 --epochs 1 --python /no/python", folder: "fashion-mnist"},
	"mixture":   {flags: "--rows 20000 --rounds 1 --iterations 2 --python /no/python --largest 100000", folder: "fashion-mnist"},
	"evidence":  {flags: "--rows 5 --samples 50 --rounds 1 --annealed-rows 1 --temperatures 5 --python /no/python", folder: "mnist"},
	"gap":       {flags: "--rows 4 --train 1000 --epochs 1 --samples 50 --temperatures 5 --annealed-rows 2 --steps 50", folder: "fashion-mnist"},
	"gradients": {flags: "--draws 20 --epochs 1"},
	"iwae":      {flags: "--stages 1 --samples 10 --test-rows 20", folder: "mnist"},

	"fairness grid":  {flags: "--tables iris --candidates 1 --budget 1e9"},
	"fairness study": {flags: "--seeds 1 --rows 60 --budget 1e9"},

	"tables rnade": {flags: "--data red_wine --folds 1 --models gaussian", folder: "uci", file: "red_wine.csv"},
	"tables debd":  {flags: "--data nltcs --models independent,tree", folder: "debd", file: "nltcs.train.csv.gz"},
}

// Every program of this folder that a document shows runs as it is shown, with
// less work.
func TestShownCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	shown := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^go run \./bench/(\w+)(.*)$`).FindAllStringSubmatch(string(text), -1) {
			shown++
			t.Run(filepath.Base(document)+"/"+match[1]+strings.ReplaceAll(match[2], " ", "_"), func(t *testing.T) {
				args, folder := strings.Fields(match[2]), []string(nil)
				name := match[1]
				if name == "tables" || name == "fairness" {
					require.NotEmpty(t, args, "no table is named")
					name += " " + args[0]
				}
				e, known := effort[name]
				require.True(t, known, "no flags that make %s small", name)
				if e.folder != "" && !strings.Contains(match[2], "--stream") {
					require.NotEmpty(t, args, "no folder is given")
					args, folder = args[:len(args)-1], []string{shared(t, e.folder, cmp.Or(e.file, "train-images-idx3-ubyte.gz"))}
				}
				for i := range args {
					if i > 0 && (args[i-1] == "--checkpoint" || args[i-1] == "--state") {
						args[i] = filepath.Join(t.TempDir(), args[i])
					}
					if i > 0 && args[i-1] == "--out" {
						args[i] = t.TempDir() // a folder that exists
					}
				}
				if name == "fairness grid" { // flags end where the folder begins
					args, folder = args[:len(args)-1], args[len(args)-1:]
				}
				args = slices.Concat([]string{"run", "./" + match[1]}, args, strings.Fields(e.flags), folder)
				out, err := exec.Command("go", args...).CombinedOutput()
				require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
				require.NotEmpty(t, out)
			})
		}
	}
	require.GreaterOrEqual(t, shown, 3)
}

// Every benchmark that a document shows on a line of its own runs.
func TestShownBenchmarks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs benchmarks")
	}
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	shown := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^go test -run xxx -bench (\w+) \./(\w+)$`).FindAllStringSubmatch(string(text), -1) {
			shown++
			out, err := exec.Command("go", "test", "-run", "xxx", "-bench", match[1], "-benchtime", "1x", "../"+match[2]).CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Contains(t, string(out), "Benchmark"+match[1])
		}
	}
	require.Positive(t, shown)
}

// shared returns a folder of data that holds the given file, or skips the test.
func shared(t *testing.T, name, file string) string {
	for _, root := range []string{os.Getenv("LIKELY_DATA"), "../../shared/data", "../shared/data"} {
		folder, err := filepath.Abs(filepath.Join(root, name))
		require.NoError(t, err)
		if _, err := os.Stat(filepath.Join(folder, file)); root != "" && err == nil {
			return folder
		}
	}
	t.Skipf("no folder %s in $LIKELY_DATA or ../shared/data: skipped", name)
	return ""
}
