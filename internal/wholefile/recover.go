package wholefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
)

// recover finishes an output that was decided for, and removes what was not.
// Without the lock it does nothing but the former, since what it finds may
// belong to a living process.
func (f *Folder) recover() error {
	if f.exists {
		if err := finishRecord(f.sys, f.path); err != nil {
			return err
		}
	}
	if f.unlock == nil {
		return nil
	}
	if err := f.repairEarlier(); err != nil {
		return err
	}
	dir := filepath.Dir(f.path)
	for _, name := range leftovers(f.sys, dir, filepath.Base(f.path)) {
		if err := removeTree(f.sys, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if !f.exists {
		return nil
	}
	for _, name := range []string{newName, oldName, probeName, hidden(recordName, 1)} {
		if err := removeTree(f.sys, filepath.Join(f.path, name)); err != nil {
			return err
		}
	}
	return nil
}

// finishRecord does what the record of a folder says, if there is one.
func finishRecord(sys system, dir string) error {
	text, err := sys.readFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil || !r.valid() {
		return fmt.Errorf("its record %s is damaged: remove it to go on with the folder as it is", recordName)
	}
	return r.finish(sys, dir)
}

// valid says whether a record names nothing but entries of its own folders.
func (r record) valid() bool {
	for _, name := range append([]string{r.Marker}, r.Entries...) {
		if name != filepath.Base(name) || ours(name) || name == "." || name == ".." {
			return false
		}
	}
	return r.Old == "" || r.Old == filepath.Base(r.Old) && numbered.MatchString(r.Old)
}

func (r record) finish(sys system, dir string) error {
	if r.Old == "" {
		if err := r.install(sys, dir); err != nil {
			return err
		}
		return r.tidy(sys, dir)
	}
	// After an exchange: what belongs to the user is carried over.
	old := filepath.Join(filepath.Dir(dir), r.Old)
	entries, err := sys.readDir(old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if slices.Contains(r.Entries, name) || ours(name) && name != stateName {
			continue
		}
		if err := carry(sys, filepath.Join(old, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := sys.sync(dir); err != nil {
		return err
	}
	if err := removeTree(sys, old); err != nil {
		return err
	}
	if err := sys.sync(filepath.Dir(dir)); err != nil {
		return err
	}
	return r.tidy(sys, dir)
}

// carry moves an entry of the user from the earlier folder to the new one. Where
// it is in both and differs, because somebody wrote to it meanwhile, the later
// one stays.
func carry(sys system, from, to string) error {
	there, err := sys.lstat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return sys.rename(from, to)
	}
	if err != nil {
		return err
	}
	here, err := sys.lstat(from)
	if err != nil {
		return err
	}
	if sys.sameFile(here, there) || here.IsDir() || there.IsDir() || !here.ModTime().After(there.ModTime()) {
		return nil
	}
	return sys.rename(from, to)
}

// repairEarlier repairs what a version without records left when it was killed
// while it replaced entries: those it had set aside lie in a neighbour named
// .NAME.*.old, and those that had not their turn yet in one named .NAME.*.tmp.
func (f *Folder) repairEarlier() error {
	dir, base := filepath.Dir(f.path), filepath.Base(f.path)
	entries, err := f.sys.readDir(dir)
	if err != nil {
		return err
	}
	if !f.exists {
		return nil
	}
	aside := regexp.MustCompile(`^\.` + regexp.QuoteMeta(base) + `\.[0-9]+\.old$`)
	for _, e := range entries {
		if !aside.MatchString(e.Name()) || !e.IsDir() {
			continue
		}
		old := filepath.Join(dir, e.Name())
		waiting, err := f.waiting()
		if err != nil {
			return err
		}
		switch {
		case len(waiting) == 0:
			// Every new entry was in its place; only the old ones were still
			// to be removed.
		case len(waiting) == 1:
			err = moveAll(f.sys, waiting[0], f.path)
		default: // which one it was cannot be told: back to the earlier output
			err = moveAll(f.sys, old, f.path)
		}
		if err == nil {
			err = removeTree(f.sys, old)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// waiting returns the neighbours of the folder that hold a whole output or what
// is left of one. Entries were replaced in alphabetical order, in which the
// marker was the last.
func (f *Folder) waiting() ([]string, error) {
	dir := filepath.Dir(f.path)
	var list []string
	for _, name := range leftovers(f.sys, dir, filepath.Base(f.path)) {
		there, err := present(f.sys, filepath.Join(dir, name, f.marker))
		if err != nil {
			return nil, err
		}
		if there {
			list = append(list, filepath.Join(dir, name))
		}
	}
	return list, nil
}

// moveAll moves the entries of one folder to another, in the place of those
// that have their names.
func moveAll(sys system, from, to string) error {
	entries, err := sys.readDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		shown := filepath.Join(to, e.Name())
		if err := removeTree(sys, shown); err != nil {
			return err
		}
		if err := sys.rename(filepath.Join(from, e.Name()), shown); err != nil {
			return err
		}
	}
	return sys.sync(to)
}
