//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"likely/results"
)

// exitCode runs the command to its end.
func exitCode(t *testing.T, dir string, args ...string) (code int, stderr string) {
	cmd, text := command(dir, args...)
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return exit.ExitCode(), text.String()
	} else if err != nil {
		require.NoError(t, err)
	}
	return 0, text.String()
}

// A script can tell how a run ended: 0 it was done, 1 it failed, 2 it was asked for in
// the wrong way; and 130 it was interrupted, as below.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		want int
		args []string
	}{
		{0, []string{"version"}},
		{1, []string{"run", "nothing.csv", "--quiet"}},
		{1, []string{"score", "--model", "nothing.safetensors", "faithful"}},
		{2, []string{"run", "faithful", "--nonsense"}},
		{2, []string{"run", "faithful", "--models", "gm"}},
		{2, []string{"sample"}},
	} {
		got, stderr := exitCode(t, dir, c.args...)
		require.Equal(t, c.want, got, "%v: %s", c.args, stderr)
	}
}

// An interrupted run ends with 130 and keeps what it has fitted. The same command
// begins anew; with --resume it takes what was kept, which is marked here by hand.
func TestResumeTakesWhatWasKept(t *testing.T) {
	dir := t.TempDir()
	args := []string{"faithful", "--quiet", "--vae-epochs", "10000000", "--out", "out"}
	first, stderr := command(dir, append(args, "--models", "gaussian,vae")...)
	require.NoError(t, first.Start())
	var found []string
	require.Eventually(t, func() bool {
		found, _ = filepath.Glob(filepath.Join(dir, "out.checkpoint", "gaussian-*.json"))
		return len(found) == 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, first.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, first.Wait(), &exit)
	require.Equal(t, 130, exit.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "--resume")

	const mark = "this fit is from the interrupted run"
	text, err := os.ReadFile(found[0])
	require.NoError(t, err)
	var fit map[string]any
	require.NoError(t, json.Unmarshal(text, &fit))
	fit["warnings"] = []string{mark}
	text, err = json.Marshal(fit)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(found[0], text, 0o644))
	kept := filepath.Join(dir, "kept")
	require.NoError(t, os.CopyFS(kept, os.DirFS(filepath.Join(dir, "out.checkpoint"))))

	warnings := func(args ...string) []string {
		code, stderr := exitCode(t, dir, args...)
		require.Zero(t, code, stderr)
		file, err := os.Open(filepath.Join(dir, "out", results.FileName))
		require.NoError(t, err)
		defer file.Close()
		r, err := results.ReadJSON(file)
		require.NoError(t, err)
		require.NoDirExists(t, filepath.Join(dir, "out.checkpoint"), "a run that is done needs none")
		return r.Warnings
	}
	args = append(args, "--models", "gaussian") // a fit does not depend on the others
	require.NotContains(t, warnings(args...), "gaussian: "+mark)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "out.checkpoint"), os.DirFS(kept)))
	require.Contains(t, warnings(append(args, "--resume")...), "gaussian: "+mark)
}
