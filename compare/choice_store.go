package compare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"likely/internal/wholefile"
)

// choiceStore keeps what a search did in the checkpoint of a job: every so often, and
// when the job is interrupted.
type choiceStore struct {
	ctx     context.Context
	prefix  string // of the files: folder, kind and fingerprint
	resume  bool
	pending map[string][]byte
	written time.Time
}

// choiceStore returns the store of one kind; nil where the job keeps nothing.
func (j *Job) choiceStore(ctx context.Context, name string, d *Data) *choiceStore {
	if j.Checkpoint == "" {
		return nil
	}
	return &choiceStore{
		ctx: ctx, prefix: filepath.Join(j.Checkpoint, name+"-"+j.fingerprint(name, d)), resume: j.Resume,
		pending: make(map[string][]byte), written: time.Now(),
	}
}

// path returns the file of a candidate.
func (s *choiceStore) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return s.prefix + "-" + hex.EncodeToString(sum[:4]) + ".state"
}

// Load returns what an interrupted run kept of a candidate.
func (s *choiceStore) Load(name string) ([]byte, error) {
	if !s.resume {
		return nil, nil
	}
	data, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Save keeps the state of a candidate.
func (s *choiceStore) Save(name string, data []byte) error {
	s.pending[name] = data
	if s.ctx.Err() == nil && time.Since(s.written) < stateEvery {
		return nil
	}
	s.written = time.Now()
	return s.flush()
}

// flush writes what is not written yet.
func (s *choiceStore) flush() error {
	if err := os.MkdirAll(filepath.Dir(s.prefix), 0o755); err != nil {
		return fmt.Errorf("cannot keep a checkpoint: %w", err)
	}
	for name, data := range s.pending {
		err := wholefile.Write(s.path(name), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
		delete(s.pending, name)
	}
	return nil
}

// remove removes the files of a search whose fit is kept.
func (s *choiceStore) remove() {
	if s == nil {
		return
	}
	files, err := filepath.Glob(s.prefix + "-*.state")
	if err != nil {
		return // of a folder's name that is no pattern
	}
	for _, name := range files {
		os.Remove(name)
	}
}
