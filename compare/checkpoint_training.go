package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"likely/internal/wholefile"
	"likely/vae"
)

// stateEvery is how often a training that goes on is written down, for a process
// that is ended without warning.
const stateEvery = 20 * time.Second

// trainer is a training of either kind of autoencoder.
type trainer interface {
	Done() bool
	Epoch(context.Context) (vae.Epoch, error)
	WriteCheckpoint(io.Writer) error
	Resume(io.Reader) error
}

// train makes the steps of t that are left. When ctx ends between two of them,
// and every so often at the end of an epoch, it keeps the state of the training
// in the checkpoint of the job; with Resume it starts from the state that is
// kept there, and ends with the bits of a training that was never interrupted. watch,
// which may be nil, keeps models on the way.
func (j *Job) train(ctx context.Context, t trainer, name string, d *Data, watch *course) error {
	path := ""
	if j.Checkpoint != "" {
		path = filepath.Join(j.Checkpoint, name+"-"+j.fingerprint(name, d)+".state")
		if j.Resume {
			j.resumeTraining(t, path, name, d)
		}
	}
	written := time.Now()
	watched := watch.watchNetwork(t)
	for !t.Done() {
		_, err := t.Epoch(ctx)
		if err == nil {
			watched()
		}
		if path != "" && (ctx.Err() != nil || err == nil && time.Since(written) > stateEvery) {
			if kept := j.keepState(t, path); kept != nil {
				return errors.Join(err, kept)
			}
			written = time.Now()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Job) resumeTraining(t trainer, path, name string, d *Data) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		defer file.Close()
		if err = t.Resume(file); err == nil {
			j.step(name+": training goes on where it was interrupted", 0, 0, "")
			return
		}
	}
	d.warnf("%s was trained from the start: the state of the interrupted training cannot be used (%v)", name, err)
}

func (j *Job) keepState(t trainer, path string) error {
	if err := os.MkdirAll(j.Checkpoint, 0o755); err != nil {
		return fmt.Errorf("cannot keep a checkpoint: %w", err)
	}
	return wholefile.Write(path, t.WriteCheckpoint)
}
