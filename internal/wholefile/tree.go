package wholefile

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// makeBelow makes the folders from top, which exists, to path.
func makeBelow(sys system, top, path string) error {
	if path == top {
		return nil
	}
	if err := makeBelow(sys, top, filepath.Dir(path)); err != nil {
		return err
	}
	if err := sys.mkdir(path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// removeTree removes a file or a folder with all that is in it. What is not
// there is no error.
func removeTree(sys system, path string) error {
	at, err := sys.lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && at.IsDir() {
		entries, err := sys.readDir(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := removeTree(sys, filepath.Join(path, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := sys.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncTree makes a folder and all that is in it durable.
func syncTree(sys system, path string) error {
	entries, err := sys.readDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch {
		case e.IsDir():
			err = syncTree(sys, name)
		case e.Type().IsRegular():
			err = sys.sync(name)
		}
		if err != nil {
			return err
		}
	}
	return sys.sync(path)
}
