//go:build unix

package main

import (
	"encoding/json"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kills is how often TestKillAndResume kills; docs/reliability.md says how often that was
// done.
var kills = flag.Int("kills", 5, "kills of TestKillAndResume")

// A run that kill -9 ends at any instant leaves the earlier output or the new one, whole;
// the same command with --resume, killed again or not, ends with every bit of a run that
// nobody disturbed, and leaves nothing behind.
func TestKillAndResume(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command many times")
	}
	dir := t.TempDir()
	args := func(out, seed string) []string {
		return []string{"faithful", "--quiet", "--preset=quick", "--folds=none", "--eval-samples=100", "--vae-epochs=30", "--vae-hidden=20", "--vae-latent=2",
			"--models=gaussian,gmm,vae", "--gmm-components=1-3", "--gmm-covariance=full", "--seed=" + seed, "--out=" + out, "--resume"}
	}
	run := func(out, seed string) map[string]string {
		cmd, stderr := command(dir, args(out, seed)...)
		require.NoError(t, cmd.Run(), stderr.String())
		return outputOf(t, filepath.Join(dir, out))
	}
	begun := time.Now()
	want := run("whole", "1")
	whole := time.Since(begun)
	earlier := run("earlier", "2")
	require.Greater(t, len(want), 10)

	random := rand.New(rand.NewPCG(3, 4))
	count, chains, found := 0, 0, map[string]int{}
	for count < *kills {
		chains++
		out := filepath.Join(dir, "out")
		require.NoError(t, os.RemoveAll(out))
		require.NoError(t, os.CopyFS(out, os.DirFS(filepath.Join(dir, "earlier"))))
		for killing := true; killing && count < *kills; killing = random.IntN(3) > 0 {
			cmd, _ := command(dir, args("out", "1")...)
			require.NoError(t, cmd.Start())
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			// Every other time in the end, where the output takes its place.
			wait := time.Duration(random.Float64() * float64(whole))
			if random.IntN(2) == 0 {
				for staged := []string(nil); len(staged) == 0 && len(ended) == 0; time.Sleep(100 * time.Microsecond) {
					staged, _ = filepath.Glob(filepath.Join(dir, ".out.*.tmp", "report.html"))
				}
				wait = time.Duration(random.IntN(20_000)) * time.Microsecond
			}
			time.Sleep(wait)
			cmd.Process.Kill() // fails where the run was done first
			<-ended
			count++
			switch got := outputOf(t, out); {
			case len(differing(got, earlier)) == 0:
				found["earlier"]++
			case len(differing(got, want)) == 0:
				found["new"]++
			default:
				require.Fail(t, "the output is neither", "kill %d after %v: %d files; as the earlier one but for %v; as the new one but for %v", count, wait, len(got), differing(got, earlier), differing(got, want))
			}
		}
		t.Logf("%d kills: the output was %v", count, found)
		got := run("out", "1")
		for name := range want {
			require.True(t, got[name] == want[name], "%s differs after %d kills", name, count)
		}
		require.Len(t, got, len(want))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 3, "nothing is left: %v", entries)
	}
	t.Logf("%d kills in %d runs that were resumed to their end; the output was %v", count, chains, found)
}

// outputOf reads what a run wrote, but for times and for the pages that show them.
func outputOf(t *testing.T, out string) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(out, path)
		switch filepath.Base(path) {
		case ".likely-commit":
			return err // the new output is whole; the next run has your folders to move
		case "report.html", "report.txt", "report.json":
			text = nil
		case "results.json":
			text = []byte(withoutTimes(t, text))
		}
		files[name] = string(text)
		return err
	}))
	return files
}

func withoutTimes(t *testing.T, text []byte) string {
	var tree any
	require.NoError(t, json.Unmarshal(text, &tree))
	var strip func(any)
	strip = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for _, name := range []string{"fit_seconds", "fit_examples_per_second", "seconds"} {
				delete(node, name)
			}
			for _, v := range node {
				strip(v)
			}
		case []any:
			for _, v := range node {
				strip(v)
			}
		}
	}
	strip(tree)
	out, err := json.Marshal(tree)
	require.NoError(t, err)
	return string(out)
}

// differing returns the files that two outputs do not share.
func differing(a, b map[string]string) []string {
	var names []string
	for name, text := range a {
		if other, ok := b[name]; !ok || other != text {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}
