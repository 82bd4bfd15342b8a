package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is an output folder that is filled in a hidden neighbour and shown
// only when it is complete.
type Folder struct {
	path    string   // final name
	staged  string   // temporary neighbour that holds the new content
	parents []string // folders made on the way, innermost first
}

// NewFolder prepares the output folder at path. marker is the name of a file
// that every folder of this kind holds: a folder that has content but no
// marker belongs to somebody else, and is an error rather than overwritten.
func NewFolder(path, marker string) (*Folder, error) {
	path = filepath.Clean(path)
	var parents []string
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The parents are made now, so that an impossible path fails
		// before any work is done for it.
		parents = missing(filepath.Dir(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, fmt.Errorf("cannot create output folder %s: %w", path, reason(err))
		}
	case err != nil:
		return nil, fmt.Errorf("cannot use output folder %s: %w", path, reason(err))
	case len(entries) > 0:
		if _, err := os.Stat(filepath.Join(path, marker)); err != nil {
			return nil, fmt.Errorf("output folder %s holds other files (no %s): choose a new or empty folder", path, marker)
		}
	}
	staged, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("cannot write beside output folder %s: %w", path, reason(err))
	}
	if err := os.Chmod(staged, 0o755); err != nil {
		os.RemoveAll(staged)
		return nil, fmt.Errorf("cannot write beside output folder %s: %w", path, reason(err))
	}
	return &Folder{path: path, staged: staged, parents: parents}, nil
}

// missing returns the folders of a path that do not exist, innermost first.
func missing(path string) []string {
	var list []string
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return list
		}
		list = append(list, path)
		path = filepath.Dir(path)
	}
}

// Path returns the final path of a file of the folder, for messages.
func (f *Folder) Path(name string) string { return filepath.Join(f.path, name) }

// Stage returns where to write the file or folder with the given name
// (slash-separated) now, and makes its parents.
func (f *Folder) Stage(name string) (string, error) {
	path := filepath.Join(f.staged, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("cannot write %s: %w", f.Path(name), reason(err))
	}
	return path, nil
}

// Commit shows the folder. Entries of an earlier output with the same names
// are replaced, one rename each; files that this folder does not have are
// left alone.
func (f *Folder) Commit() error {
	if err := os.Rename(f.staged, f.path); err == nil {
		return nil
	}
	// The folder exists and is not empty. Its entries are set aside until
	// all new ones are in place, so that a failure can be undone.
	aside, err := os.MkdirTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*.old")
	if err != nil {
		return fmt.Errorf("cannot replace output folder %s: %w", f.path, reason(err))
	}
	entries, err := os.ReadDir(f.staged)
	if err != nil {
		return fmt.Errorf("cannot replace output folder %s: %w", f.path, reason(err))
	}
	for i, e := range entries {
		old, spare := filepath.Join(f.path, e.Name()), filepath.Join(aside, e.Name())
		if err = os.Rename(old, spare); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = os.Rename(filepath.Join(f.staged, e.Name()), old)
		}
		if err != nil {
			f.restore(entries[:i+1], aside)
			return fmt.Errorf("cannot replace output folder %s: %w", f.path, reason(err))
		}
	}
	os.RemoveAll(aside)
	os.RemoveAll(f.staged)
	return nil
}

// restore puts back the entries of the earlier output after a failed Commit.
func (f *Folder) restore(entries []os.DirEntry, aside string) {
	for _, e := range entries {
		spare := filepath.Join(aside, e.Name())
		if _, err := os.Lstat(spare); err != nil {
			continue
		}
		old := filepath.Join(f.path, e.Name())
		os.RemoveAll(old)
		os.Rename(spare, old)
	}
	os.RemoveAll(aside)
}

// Discard removes what was staged, and the folders made for it if they are
// empty. It does nothing after Commit, so that it can be deferred.
func (f *Folder) Discard() {
	os.RemoveAll(f.staged)
	for _, parent := range f.parents {
		os.Remove(parent) // fails, as it should, where something lies in it
	}
}
