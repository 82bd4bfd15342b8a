package wholefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// Commit shows the folder. Entries of an earlier output with the same names
// are replaced; files that this folder does not have are left alone. When it
// returns without error, the output survives a loss of power. After an error
// the folder holds the earlier output or, where only tidying up failed, the new
// one.
func (f *Folder) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.staged == "" {
		return fmt.Errorf("cannot write output folder %s: %w", f.name, errDiscarded)
	}
	if err := f.commit(); err != nil {
		return fmt.Errorf("cannot replace output folder %s: %w", f.name, reason(err))
	}
	return nil
}

func (f *Folder) commit() error {
	if err := syncTree(f.sys, f.staged); err != nil {
		return err
	}
	if !f.exists {
		err := f.sys.rename(f.staged, f.path)
		if err == nil {
			f.staged, f.parents = "", nil
			return f.sys.sync(filepath.Dir(f.path))
		}
		if at, e := f.sys.lstat(f.path); e != nil || !at.IsDir() {
			return err
		}
		f.exists = true // somebody made it in the meantime
		if err := f.checkOwner(); err != nil {
			return err
		}
	}
	if !f.inside {
		done, err := f.exchange()
		if done || err != nil {
			return err
		}
		// It worked when it was tried, and does not now: one by one, then.
		inside := filepath.Join(f.path, newName)
		if err := removeTree(f.sys, inside); err != nil {
			return err
		}
		if err := f.sys.rename(f.staged, inside); err != nil {
			return err
		}
		f.inside, f.staged = true, inside
	}
	return f.replace()
}

// record says what is left to be done for an output to be complete. It lies in
// the folder from the moment that decides for the new output until nothing is
// left to be done.
type record struct {
	Marker  string   `json:"marker"`
	Entries []string `json:"entries"`
	// Old is the neighbour that holds the earlier output after the exchange,
	// with what belongs to the user. Empty: entries are replaced one by one.
	Old string `json:"old,omitempty"`
}

func (f *Folder) newRecord() (record, error) {
	r := record{Marker: f.marker}
	entries, err := f.sys.readDir(f.staged)
	for _, e := range entries {
		if !ours(e.Name()) {
			r.Entries = append(r.Entries, e.Name())
		}
	}
	return r, err
}

// write puts the record into a folder, durably.
func (r record) write(sys system, dir string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	temporary := filepath.Join(dir, hidden(recordName, 1))
	if err := removeTree(sys, temporary); err != nil {
		return err
	}
	w, err := sys.create(temporary, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	if err == nil {
		err = w.Sync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = sys.rename(temporary, filepath.Join(dir, recordName))
	}
	if err != nil {
		sys.remove(temporary)
		return err
	}
	return sys.sync(dir)
}

// exchange shows the staged folder in one step. done is false, without an
// error, where the file system cannot do it; nothing has changed then.
func (f *Folder) exchange() (done bool, err error) {
	r, err := f.newRecord()
	if err != nil {
		return false, err
	}
	r.Old = filepath.Base(f.staged)
	// Files of the user are in both folders before the exchange, where the
	// file system has links, so that they are missing at no instant.
	entries, err := f.sys.readDir(f.path)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !ours(e.Name()) && !slices.Contains(r.Entries, e.Name()) {
			f.sys.link(filepath.Join(f.path, e.Name()), filepath.Join(f.staged, e.Name()))
		}
	}
	if err := r.write(f.sys, f.staged); err != nil {
		return false, err
	}
	if err := f.sys.exchange(f.staged, f.path); err != nil {
		// The folder becomes what it was before.
		for _, e := range entries {
			if !slices.Contains(r.Entries, e.Name()) && !ours(e.Name()) {
				if err := removeTree(f.sys, filepath.Join(f.staged, e.Name())); err != nil {
					return false, err
				}
			}
		}
		return false, f.sys.remove(filepath.Join(f.staged, recordName))
	}
	f.staged = ""
	return true, errors.Join(f.sys.sync(filepath.Dir(f.path)), r.finish(f.sys, f.path))
}

// replace shows the staged entries one by one.
func (f *Folder) replace() error {
	r, err := f.newRecord()
	if err != nil {
		return err
	}
	if err := f.sys.sync(f.path); err != nil {
		return err
	}
	if err := r.write(f.sys, f.path); err != nil {
		// A record that a loss of power brings back must find what it speaks of. So
		// nothing of that may go before the record has gone for good.
		if e := removeTree(f.sys, filepath.Join(f.path, recordName)); e != nil {
			f.staged = ""
			return fmt.Errorf("%w, and the record of it stays (%w)", err, e)
		}
		if e := f.sys.sync(f.path); e != nil {
			f.staged = ""
			return fmt.Errorf("%w, and the record of it may stay (%w)", err, e)
		}
		return err
	}
	staged := f.staged
	f.staged = "" // from here on it belongs to the record
	if err := r.install(f.sys, f.path); err != nil {
		if e := r.rollBack(f.sys, f.path); e != nil {
			return fmt.Errorf("%w, and the earlier output could not be put back (%w): the next run with this folder completes it", err, e)
		}
		f.staged = staged
		return err
	}
	return r.tidy(f.sys, f.path)
}

// order lists the entries with the marker last.
func (r record) order() []string {
	list := slices.DeleteFunc(slices.Clone(r.Entries), func(name string) bool { return name == r.Marker })
	return append(list, r.Marker)
}

// install replaces the entries that are still staged. It can be begun again at
// any point.
func (r record) install(sys system, dir string) error {
	if err := sys.mkdir(filepath.Join(dir, oldName), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The marker goes first. Only when that is durable may other entries change.
	if waiting, err := present(sys, filepath.Join(dir, newName, r.Marker)); err != nil || !waiting {
		return err
	}
	if err := setAside(sys, dir, r.Marker); err != nil {
		return err
	}
	if err := sys.sync(dir); err != nil {
		return err
	}
	for _, name := range r.order() {
		staged := filepath.Join(dir, newName, name)
		waiting, err := present(sys, staged)
		if err != nil {
			return err
		}
		if !waiting {
			continue
		}
		if name == r.Marker {
			err = sys.sync(dir)
		} else {
			err = setAside(sys, dir, name)
		}
		if err == nil {
			err = sys.rename(staged, filepath.Join(dir, name))
		}
		if err != nil {
			return err
		}
	}
	return sys.sync(dir)
}

// setAside moves an entry of the earlier output out of the way.
func setAside(sys system, dir, name string) error {
	old := filepath.Join(dir, oldName, name)
	if there, err := present(sys, filepath.Join(dir, name)); err != nil || !there {
		return err
	}
	if err := removeTree(sys, old); err != nil {
		return err
	}
	return sys.rename(filepath.Join(dir, name), old)
}

// rollBack undoes install after an error.
func (r record) rollBack(sys system, dir string) error {
	// No marker while entries are mixed, on the way back as on the way there.
	marker := filepath.Join(dir, newName, r.Marker)
	if waiting, err := present(sys, marker); err != nil {
		return err
	} else if !waiting {
		if err := sys.rename(filepath.Join(dir, r.Marker), marker); err != nil {
			return err
		}
		if err := sys.sync(dir); err != nil {
			return err
		}
	}
	for _, name := range r.order() {
		shown, staged, old := filepath.Join(dir, name), filepath.Join(dir, newName, name), filepath.Join(dir, oldName, name)
		waiting, err := present(sys, staged)
		if err != nil {
			return err
		}
		if !waiting {
			if err := sys.rename(shown, staged); err != nil {
				return err
			}
		}
		earlier, err := present(sys, old)
		if err != nil {
			return err
		}
		if !earlier {
			continue
		}
		if name == r.Marker { // what it stands for is complete before it comes back
			if err := sys.sync(dir); err != nil {
				return err
			}
		}
		if err := sys.rename(old, shown); err != nil {
			return err
		}
	}
	if err := sys.sync(dir); err != nil {
		return err
	}
	if err := sys.remove(filepath.Join(dir, recordName)); err != nil {
		return err
	}
	return sys.sync(dir)
}

// tidy removes what is left of the earlier output, and at last the record.
func (r record) tidy(sys system, dir string) error {
	for _, name := range []string{newName, oldName} {
		if err := removeTree(sys, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := removeTree(sys, filepath.Join(dir, recordName)); err != nil {
		return err
	}
	return sys.sync(dir)
}

func present(sys system, path string) (bool, error) {
	_, err := sys.lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
