//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	for _, after := range []time.Duration{2, 10, 25, 50, 150, 300, 500, 800} {
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
			continue // it came before the first of the program's own instructions
		}
		require.Equal(t, 130, exit.ExitCode(), stderr.String())
		require.Contains(t, stderr.String(), "interrupted")
		interrupted++
		text, err := os.ReadFile(filepath.Join(out, "results.json"))
		require.NoError(t, err)
		require.Equal(t, "earlier", string(text))
		hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
		require.NoError(t, err)
		require.Empty(t, hidden, "no staged folder and no lock may stay")
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

// The command listens for signals before it loads what it is made of.
func TestListensFirst(t *testing.T) {
	cmd, stderr := command(t.TempDir(), "version")
	cmd.Env = append(cmd.Env, "GODEBUG=inittrace=1")
	require.NoError(t, cmd.Run())
	listening := strings.Index(stderr.String(), "init likely/internal/interrupt ")
	require.Positive(t, listening, stderr.String())
	for _, later := range []string{"init likely/internal/kernel ", "init likely/compare ", "init gonum.org/v1/plot ", "init crypto/x509 "} {
		require.Greater(t, strings.Index(stderr.String(), later), listening, later)
	}
}

// What --out cannot be is found before any work is done.
func TestOutputFolderIsTried(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	for out, want := range map[string]string{
		"dangling":       "is a symbolic link to nowhere, which does not exist",
		"file":           "it is a file",
		"file/below":     "not a directory",
		"/proc/likely-x": "cannot write to output folder",
	} {
		cmd, stderr := command(dir, "faithful", "--quiet", "--out", out)
		err := cmd.Run()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.ExitCode())
		if _, err := os.Stat("/proc"); err == nil || !strings.HasPrefix(out, "/proc") {
			require.Contains(t, stderr.String(), want)
		}
	}
}

// A run in the working directory finds its own checkpoint again, and a second
// run at the same time is refused.
func TestWorkingDirectoryAsOutput(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command several times")
	}
	dir := t.TempDir()
	args := []string{"faithful", "--quiet", "--preset", "quick", "--vae-epochs", "200", "--vae-hidden", "50", "--out", ".", "--resume"}
	first, _ := command(dir, args...)
	require.NoError(t, first.Start())
	require.Eventually(t, func() bool {
		entries, _ := os.ReadDir(filepath.Join(dir, ".likely-checkpoint"))
		return len(entries) > 0
	}, time.Minute, time.Millisecond)
	second, stderr := command(dir, args...)
	require.Error(t, second.Run())
	require.Contains(t, stderr.String(), "another process is writing to output folder")
	require.NoError(t, first.Process.Kill())
	first.Wait()

	third, stderr := command(dir, args...)
	require.NoError(t, third.Run(), stderr.String())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"figures", "models", "report.html", "report.json", "report.txt", "results.json"}, names)
}
