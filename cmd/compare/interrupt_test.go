//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func command(dir string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// Ctrl-C in any phase ends the run with exit code 130 and leaves the earlier
// output whole; --resume then ends with the bits of a run that was never
// interrupted.
func TestInterruptAndResume(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command several times")
	}
	dir := t.TempDir()
	args := []string{"faithful", "--quiet", "--preset", "quick", "--vae-epochs", "120", "--vae-hidden", "50"}
	whole, _ := command(dir, append(args, "--out", "whole")...)
	require.NoError(t, whole.Run())

	out := filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(out, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(out, "results.json"), []byte("earlier"), 0o644))
	interrupted := 0
	for _, after := range []time.Duration{50, 150, 300, 500, 800} {
		cmd, stderr := command(dir, append(args, "--out", "out", "--resume")...)
		require.NoError(t, cmd.Start())
		time.Sleep(after * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		asked := time.Now()
		err := cmd.Wait()
		t.Logf("asked after %v ms, stopped %v later: %v", int(after), time.Since(asked).Round(time.Millisecond), err)
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			break // it was faster than the signal
		}
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			continue // the signal came before the command could listen
		}
		require.Equal(t, exitInterrupted, exit.ExitCode(), stderr.String())
		require.Contains(t, stderr.String(), "interrupted")
		interrupted++
		text, err := os.ReadFile(filepath.Join(out, "results.json"))
		require.NoError(t, err)
		require.Equal(t, "earlier", string(text))
		hidden, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
		require.NoError(t, err)
		require.Empty(t, hidden, "no staged folder may stay")
	}
	require.Positive(t, interrupted)

	cmd, stderr := command(dir, append(args, "--out", "out", "--resume")...)
	require.NoError(t, cmd.Run(), stderr.String())
	for _, name := range []string{"gaussian", "gmm", "ae", "vae"} {
		want, err := os.ReadFile(filepath.Join(dir, "whole", "models", name+".safetensors"))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(out, "models", name+".safetensors"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s differs after resuming", name)
	}
	require.NoDirExists(t, out+".checkpoint")
}
