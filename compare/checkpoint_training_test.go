package compare

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// stopAt cancels a context at an epoch of a training, and counts the epochs of
// all trainings by name.
type stopAt struct {
	mu     sync.Mutex
	task   string
	epoch  int
	cancel context.CancelFunc
	seen   map[string]int
}

func (s *stopAt) Step(task string, done, _ int, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[task]++
	if task == s.task && done == s.epoch {
		s.cancel()
	}
}

// A training that is interrupted goes on where it was, and the models have the
// bits of those that never were. One damaged state is a warning and a new start.
func TestResumeWithinTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains networks seven times")
	}
	config := fixed()
	config.Dataset, config.Models = "faithful", []string{"ae", "vae"}
	config.VAE.Hidden, config.VAE.Latent, config.VAE.Epochs, config.EvalSamples = []int{8}, 1, 24, 50
	require.NoError(t, config.Check())
	dir := t.TempDir()
	run := func(name, task string, epoch int, resume bool) (*stopAt, *Outcome, error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &stopAt{task: task, epoch: epoch, cancel: cancel, seen: map[string]int{}}
		job := Job{Settings: config, Progress: s, Checkpoint: filepath.Join(dir, name+".checkpoint"), Resume: resume}
		outcome, err := job.Run(ctx)
		if err == nil {
			job.RemoveCheckpoint()
			require.NoDirExists(t, job.Checkpoint)
		} else {
			require.True(t, job.HasCheckpoint())
		}
		return s, outcome, err
	}
	_, whole, err := run("whole", "", 0, false)
	require.NoError(t, err)

	const aeTask, vaeTask = "ae: training, epoch", "vae: training, epoch"
	_, _, err = run("cut", aeTask, 7, false)
	require.ErrorIs(t, err, context.Canceled)
	s, _, err := run("cut", vaeTask, 5, true)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 24-7, s.seen[aeTask], "the first training goes on")
	s, _, err = run("cut", vaeTask, 17, true)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, s.seen[aeTask])
	require.Equal(t, 17-5, s.seen[vaeTask])
	s, cut, err := run("cut", "", 0, true)
	require.NoError(t, err)
	require.Equal(t, 24-17, s.seen[vaeTask])
	for i, name := range config.Models {
		var want, got bytes.Buffer
		require.NoError(t, whole.Fits[i].Model.Write(&want))
		require.NoError(t, cut.Fits[i].Model.Write(&got))
		require.Equal(t, want.Bytes(), got.Bytes(), name)
	}

	_, _, err = run("damaged", vaeTask, 5, false)
	require.ErrorIs(t, err, context.Canceled)
	states, err := filepath.Glob(filepath.Join(dir, "damaged.checkpoint", "vae-*.state"))
	require.NoError(t, err)
	require.Len(t, states, 1)
	require.NoError(t, os.WriteFile(states[0], []byte("no state"), 0o644))
	s, o, err := run("damaged", "", 0, true)
	require.NoError(t, err)
	require.Equal(t, 24, s.seen[vaeTask])
	require.True(t, strings.Contains(strings.Join(o.Results.Warnings, "\n"), "trained from the start"), o.Results.Warnings)
}
