package compare

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
	"regexp"
	"slices"

	"likely/internal/wholefile"
	"likely/saved"
)

// A checkpoint holds, for each finished fit, the model and the story of its
// training, in files whose names carry a fingerprint of everything the fit
// depends on. Reading a model back gives the same bits, and all randomness
// derives from the seed, so a resumed run ends with the bits of one that was
// never interrupted.

// fitOrResume returns the fit from the checkpoint where that is wanted and
// there, and otherwise fits, and keeps the result.
func (j *Job) fitOrResume(ctx context.Context, k Kind, d *Data) (*Fit, error) {
	if j.Checkpoint == "" {
		return j.fit(ctx, k, d)
	}
	name := filepath.Join(j.Checkpoint, k.Name()+"-"+j.fingerprint(k.Name(), d))
	if j.Resume {
		fit, err := readFit(name)
		if err == nil {
			fit.Kind = k
			j.step(k.Name()+": taken from the interrupted run", 0, 0, "")
			return fit, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			d.warnf("%s was fitted again: what the interrupted run kept of it cannot be read (%v)", k.Name(), err)
		}
	}
	fit, err := j.fit(ctx, k, d)
	if err != nil {
		return nil, err
	}
	if err := j.keep(name, fit); err != nil {
		return nil, err
	}
	os.Remove(name + ".state") // of its training, which is over; fails where there is none
	return fit, nil
}

// fit fits a model: to the rows in memory, and then to all rows of a file that is
// streamed.
func (j *Job) fit(ctx context.Context, k Kind, d *Data) (*Fit, error) {
	fit, err := k.Fit(ctx, j, d)
	if s, streams := k.(streamer); err == nil && streams && d.Stream != nil {
		fit, err = s.stream(ctx, j, fit, d)
	}
	if err != nil {
		return nil, err
	}
	fit.Kind = k
	return fit, nil
}

// fingerprint identifies what a fit depends on: the data, their preparation,
// and the settings.
func (j *Job) fingerprint(name string, d *Data) string {
	c := j.Settings
	c.Models, c.EvalSamples, c.EvalRows, c.GapRows, c.Mixture, c.Novelty = nil, 0, 0, 0, 0, false // fits do not depend on these
	test := ""
	if d.Test != nil {
		test = d.Test.SHA256
	}
	c.LearningCurve = false
	if j.share > 0 {
		name = fmt.Sprintf("%s of a share of %g", name, j.share)
	}
	text, err := json.Marshal([]any{CurrentVersion(), name, c, d.All.SHA256, test, j.fold})
	if err != nil {
		panic("compare: a configuration that is not JSON")
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
	var fit *Fit
	if err := json.Unmarshal(text, &fit); err != nil {
		return nil, fmt.Errorf("%s.json: %w", name, err)
	}
	if fit == nil || fit.Settings == nil || fit.History.Unit == "" {
		return nil, fmt.Errorf("%s.json: it holds no fit", name)
	}
	fit.Model, err = saved.Load(name + ".safetensors")
	return fit, err
}

// kept matches the files of a checkpoint: a family, a fingerprint, an extension.
var kept = regexp.MustCompile(`^[a-z]+-[0-9a-f]{16}(-[0-9a-f]{8})?\.(json|safetensors|state)$`)

// RemoveCheckpoint removes the checkpoint of a run that is complete: its own
// files and, if nothing else lies in it, the folder.
func (j *Job) RemoveCheckpoint() {
	entries, err := os.ReadDir(j.Checkpoint)
	if j.Checkpoint == "" || err != nil {
		return
	}
	for _, e := range entries {
		if kept.MatchString(e.Name()) {
			os.Remove(filepath.Join(j.Checkpoint, e.Name()))
		}
	}
	wholefile.Sweep(j.Checkpoint) // what a process that was killed was writing
	os.Remove(j.Checkpoint)       // fails, as it should, where something is left
}

// HasCheckpoint reports whether there is anything to resume.
func (j *Job) HasCheckpoint() bool {
	entries, err := os.ReadDir(j.Checkpoint)
	return j.Checkpoint != "" && err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return kept.MatchString(e.Name()) })
}
