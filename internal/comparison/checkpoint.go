package comparison

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"likely/internal/saved"
	"likely/internal/wholefile"
)

// A checkpoint holds, for each finished fit, the model and the story of its
// training, in files whose names carry a fingerprint of everything the fit
// depends on. Reading a model back gives the same bits, and all randomness
// derives from the seed, so a resumed run ends with the bits of one that was
// never interrupted.

// fitOrResume returns the fit from the checkpoint where that is wanted and
// there, and otherwise fits, and keeps the result.
func (j *Job) fitOrResume(ctx context.Context, f family, d *Data) (*Fit, error) {
	if j.Checkpoint == "" {
		return f.fit(ctx, j, d)
	}
	name := filepath.Join(j.Checkpoint, f.name+"-"+j.fingerprint(f, d))
	if j.Resume {
		fit, err := readFit(name)
		if err == nil {
			j.step(f.name+": taken from the interrupted run", 0, 0, "")
			return fit, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot resume: %w; remove %s or run without --resume", err, j.Checkpoint)
		}
	}
	fit, err := f.fit(ctx, j, d)
	if err != nil {
		return nil, err
	}
	return fit, j.keep(name, fit)
}

// fingerprint identifies what a fit depends on: the data, their preparation,
// and the settings.
func (j *Job) fingerprint(f family, d *Data) string {
	c := j.Config
	c.Models, c.EvalSamples, c.EvalRows = nil, 0, 0 // fits do not depend on these
	test := ""
	if d.Test != nil {
		test = d.Test.SHA256
	}
	text, err := json.Marshal([]any{Schema, f.name, c, d.All.SHA256, test})
	if err != nil {
		panic("comparison: a configuration that is not JSON")
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func (j *Job) keep(name string, fit *Fit) error {
	if err := os.MkdirAll(j.Checkpoint, 0o755); err != nil {
		return fmt.Errorf("cannot keep a checkpoint: %w", err)
	}
	if err := fit.Model.Save(name + ".safetensors"); err != nil {
		return err
	}
	// The story comes last: where it is, the model is whole.
	return wholefile.Write(name+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(fit) })
}

func readFit(name string) (*Fit, error) {
	text, err := os.ReadFile(name + ".json")
	if err != nil {
		return nil, err
	}
	fit := &Fit{}
	if err := json.Unmarshal(text, fit); err != nil {
		return nil, fmt.Errorf("%s.json: %w", name, err)
	}
	fit.Model, err = saved.Load(name + ".safetensors")
	return fit, err
}

// RemoveCheckpoint removes the checkpoint of a run that is complete.
func (j *Job) RemoveCheckpoint() {
	if j.Checkpoint != "" {
		os.RemoveAll(j.Checkpoint)
	}
}
