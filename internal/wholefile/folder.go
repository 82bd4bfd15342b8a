package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Folder is an output folder that is filled in a hidden place and shown only
// when it is complete.
//
// What a reader of the folder finds is entirely the old output or entirely the
// new one, at every instant, also after a crash:
//
//   - a folder that does not exist yet takes its name in one rename;
//   - one that exists is filled beside it, and the two are exchanged in one
//     step, which Linux and macOS can do; files of the user come along;
//   - where that cannot be (a mount point, the folder that the process stands
//     in, another file system's limits), entries are replaced one by one. Then
//     the marker goes first and comes last: while entries are mixed, the folder
//     has no marker, and is no output. A record of what is to be done comes
//     before all, and whoever opens the folder next finishes it.
type Folder struct {
	sys     system
	name    string // as the user wrote it, for messages
	path    string // without symbolic links
	marker  string
	inside  bool     // entries are replaced one by one
	exists  bool     // the folder is there already
	parents []string // folders made on the way, innermost first
	unlock  func()
	locked  string // the lock's file; "": none
	mu      sync.Mutex
	staged  string // holds the new content; "" once it is shown or given up
}

// Names inside an output folder that are never part of an output.
const (
	recordName = ".likely-commit"
	newName    = ".likely-new"
	oldName    = ".likely-old"
	probeName  = ".likely-probe"
	lockName   = ".likely-lock"
	stateName  = ".likely-checkpoint"
)

// NewFolder prepares the output folder at path: it finishes or removes what an
// interrupted process left there, and tries out that an output can be written,
// before any work is done for it. marker is the name of a file that every
// folder of this kind holds: a folder that has content but no marker belongs to
// somebody else, and is an error rather than overwritten. So is a folder that
// another process is writing to. The caller ends with Discard.
func NewFolder(path, marker string) (*Folder, error) {
	clean := filepath.Clean(path)
	target, err := filepath.EvalSymlinks(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if at, err := os.Lstat(clean); err == nil && at.Mode()&fs.ModeSymlink != 0 {
			to, _ := os.Readlink(clean)
			return nil, fmt.Errorf("output folder %s is a symbolic link to %s, which does not exist: make that folder or remove the link", clean, to)
		}
		target = clean
	case err != nil:
		return nil, fmt.Errorf("cannot use output folder %s: %w", clean, reason(err))
	}
	if target, err = filepath.Abs(target); err != nil {
		return nil, fmt.Errorf("cannot use output folder %s: %w", clean, reason(err))
	}
	return newFolder(real{}, clean, target, marker, standsIn(target))
}

// standsIn says whether the process's working directory is path or below it.
// Exchanging such a folder would leave the user's shell in the one that is
// removed.
func standsIn(path string) bool {
	here, err := os.Getwd()
	if err != nil {
		return false
	}
	if resolved, err := filepath.EvalSymlinks(here); err == nil {
		here = resolved
	}
	to, err := filepath.Rel(path, here)
	return err == nil && to != ".." && !strings.HasPrefix(to, ".."+string(filepath.Separator))
}

func newFolder(sys system, name, path, marker string, inside bool) (_ *Folder, err error) {
	f := &Folder{sys: sys, name: name, path: path, marker: marker}
	defer func() {
		if err != nil {
			f.Discard()
		}
	}()
	at, err := sys.lstat(path)
	switch {
	case err == nil && !at.IsDir():
		return nil, fmt.Errorf("cannot use output folder %s: it is a file", name)
	case err == nil:
		f.exists, f.inside = true, inside
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot use output folder %s: %w", name, reason(err))
	}
	if err := f.makeParents(); err != nil {
		return nil, fmt.Errorf("cannot create output folder %s: %w", name, reason(err))
	}
	if err := f.takeLock(); err != nil {
		return nil, err
	}
	if err := f.recover(); err != nil {
		return nil, fmt.Errorf("cannot finish what an interrupted run left in output folder %s: %w", name, reason(err))
	}
	if err := f.checkOwner(); err != nil {
		return nil, err
	}
	if err := f.stage(); err != nil {
		return nil, fmt.Errorf("cannot write to output folder %s: %w", name, reason(err))
	}
	return f, nil
}

// makeParents makes the folders above the output folder, so that an impossible
// path fails before any work is done for it.
func (f *Folder) makeParents() error {
	var missing []string
	for dir := filepath.Dir(f.path); ; dir = filepath.Dir(dir) {
		if _, err := f.sys.lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, dir)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := f.sys.mkdir(missing[i], 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		f.parents = append([]string{missing[i]}, f.parents...)
		if err := f.sys.sync(filepath.Dir(missing[i])); err != nil {
			return err
		}
	}
	return nil
}

// takeLock makes sure that no other process writes to the folder. The lock lies
// beside the folder, or in it where beside it is no place. Where there are no
// locks, there is none, and nothing is swept.
func (f *Folder) takeLock() error {
	within := filepath.Join(f.path, lockName)
	err := f.lock(filepath.Join(filepath.Dir(f.path), "."+cut(filepath.Base(f.path))+".lock"))
	if err == nil && f.unlock == nil && f.exists {
		return f.lock(within)
	}
	if err != nil || !f.exists {
		return err
	}
	// One that lies in the folder is that of a process that had no place
	// beside it, or a leftover.
	unlock, err := f.sys.lock(within, false)
	switch {
	case errors.Is(err, errLocked):
		return f.busy()
	case err == nil:
		f.sys.remove(within)
		unlock()
	}
	return nil
}

// lock takes a lock. Where there is no place for one, it does nothing.
func (f *Folder) lock(name string) error {
	unlock, err := f.sys.lock(name, true)
	switch {
	case errors.Is(err, errLocked):
		return f.busy()
	case err == nil:
		f.unlock, f.locked = unlock, name
	}
	return nil
}

func (f *Folder) busy() error {
	return fmt.Errorf("another process is writing to output folder %s: wait for its end or choose another folder", f.name)
}

// checkOwner returns an error if the folder holds something, but no output.
func (f *Folder) checkOwner() error {
	if !f.exists {
		return nil
	}
	entries, err := f.sys.readDir(f.path)
	if err != nil {
		return fmt.Errorf("cannot use output folder %s: %w", f.name, reason(err))
	}
	if _, err := f.sys.lstat(filepath.Join(f.path, f.marker)); err == nil {
		return nil
	}
	for _, e := range entries {
		if !ours(e.Name()) {
			return fmt.Errorf("output folder %s holds other files (no %s): choose a new or empty folder", f.name, f.marker)
		}
	}
	return nil
}

// ours says whether an entry of an output folder is one that no reader looks at.
func ours(name string) bool {
	switch name {
	case recordName, newName, oldName, probeName, lockName, stateName, hidden(recordName, 1):
		return true
	}
	return false
}

// stage makes the folder that is filled, and finds out how it can be shown.
func (f *Folder) stage() error {
	if !f.inside {
		beside, err := f.makeStaged()
		if err == nil && f.exists && !f.canExchange(beside) {
			f.inside = true
			f.sys.remove(beside)
		}
		if err != nil && !f.exists {
			return err
		}
		f.inside = f.inside || err != nil
		if !f.inside {
			f.staged = beside
		}
	}
	if f.inside {
		f.staged = filepath.Join(f.path, newName)
		if err := removeTree(f.sys, f.staged); err != nil {
			return err
		}
		if err := f.sys.mkdir(f.staged, 0o777); err != nil {
			return err
		}
	}
	return f.tryWriting()
}

// makeStaged makes a neighbour of the folder.
func (f *Folder) makeStaged() (string, error) {
	for n := 1; ; n++ {
		name := filepath.Join(filepath.Dir(f.path), hidden(filepath.Base(f.path), n))
		if err := f.sys.mkdir(name, 0o777); !errors.Is(err, fs.ErrExist) || n == 10_000 {
			return name, err
		}
	}
}

// canExchange tries whether a folder inside the output folder and one beside it
// can be exchanged, and whether the new one would belong to the same user and
// have the same permissions.
func (f *Folder) canExchange(beside string) bool {
	at, err := f.sys.lstat(f.path)
	if err != nil {
		return false
	}
	if new, err := f.sys.lstat(beside); err != nil || !sameOwner(at, new) {
		return false
	}
	probe := filepath.Join(f.path, probeName)
	if err := f.sys.mkdir(probe, 0o777); err != nil {
		return false
	}
	defer f.sys.remove(probe)
	return f.sys.exchange(beside, probe) == nil && f.sys.chmod(beside, at.Mode().Perm()|at.Mode()&fs.ModeSetgid) == nil
}

// tryWriting writes a little where the output will be.
func (f *Folder) tryWriting() error {
	name := filepath.Join(f.staged, probeName)
	w, err := f.sys.create(name, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write([]byte("likely\n"))
	if err == nil {
		err = w.Sync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if e := f.sys.remove(name); err == nil {
		err = e
	}
	return err
}

// Path returns the final path of a file of the folder, for messages.
func (f *Folder) Path(name string) string { return filepath.Join(f.name, name) }

// Checkpoint returns where to keep what an interrupted run can go on from:
// beside the folder, or in it where beside it is no place.
func (f *Folder) Checkpoint() string {
	if f.inside {
		return filepath.Join(f.name, stateName)
	}
	return f.name + ".checkpoint"
}

// removals is how often a folder is emptied that others still write to.
const removals = 100

// errDiscarded reports an output that was given up, as by an interruption.
var errDiscarded = errors.New("the output was given up")

// Stage returns where to write the file or folder with the given name
// (slash-separated) now, and makes its parents.
func (f *Folder) Stage(name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.staged == "" {
		return "", fmt.Errorf("cannot write %s: %w", f.Path(name), errDiscarded)
	}
	path := filepath.Join(f.staged, filepath.FromSlash(name))
	if err := makeBelow(f.sys, f.staged, filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("cannot write %s: %w", f.Path(name), reason(err))
	}
	return path, nil
}

// Write stages the file with the given name (slash-separated) with what write
// produces. Errors name its final path.
func (f *Folder) Write(name string, write func(io.Writer) error) error {
	path, err := f.Stage(name)
	if err != nil {
		return err
	}
	if err := writeWhole(f.sys, path, write); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.Path(name), reason(err))
	}
	return nil
}

// Discard removes what was staged, and the folders made for it if they are
// empty, and lets other processes write to the folder. After Commit only the
// latter is left to do, so that it can be deferred. It may be called while
// others still write to what was staged: they find no place any more.
func (f *Folder) Discard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.staged != "" {
		// Under another name nobody can put a file there while it is emptied.
		gone := filepath.Join(filepath.Dir(f.path), hidden(filepath.Base(f.path), 0))
		if f.inside {
			gone = filepath.Join(f.path, oldName)
		}
		if f.sys.rename(f.staged, gone) != nil {
			gone = f.staged
		}
		// A file whose making began before that may still appear, once for each
		// writer: then the folder is not empty, and is emptied again.
		for range removals {
			if !errors.Is(removeTree(f.sys, gone), fs.ErrExist) { // ENOTEMPTY is one
				break
			}
		}
		f.staged = ""
	}
	if f.unlock != nil {
		f.sys.remove(f.locked)
		f.unlock()
		f.unlock = nil
	}
	for _, parent := range f.parents {
		f.sys.remove(parent) // fails, as it should, where something lies in it
	}
	f.parents = nil
}
