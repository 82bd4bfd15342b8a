package wholefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// system is what this package asks of a file system. The tests put one under
// it that fails or stops at any operation, and one that forgets what was not
// made durable.
type system interface {
	// create makes a new file, locked for as long as it is open.
	create(name string, perm fs.FileMode) (file, error)
	// lock takes the lock of a file, which it makes if that is wanted. The
	// error is errLocked where somebody else has it.
	lock(name string, make bool) (unlock func(), err error)
	mkdir(name string, perm fs.FileMode) error
	chmod(name string, perm fs.FileMode) error
	rename(from, to string) error
	exchange(a, b string) error
	link(from, to string) error
	// remove removes a file or an empty folder.
	remove(name string) error
	readDir(name string) ([]fs.DirEntry, error)
	readFile(name string) ([]byte, error)
	lstat(name string) (fs.FileInfo, error)
	sameFile(a, b fs.FileInfo) bool
	// sync makes a file's content or a folder's list of names durable.
	sync(name string) error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// errLocked reports a file whose lock somebody else holds.
var errLocked = errors.New("locked by another process")

// real is the file system of the machine.
type real struct{}

func (real) create(name string, perm fs.FileMode) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); errors.Is(err, errLocked) {
		// A sweeper took it for a leftover, and removes it.
		f.Close()
		return nil, fs.ErrExist
	}
	if at, err := os.Lstat(name); err != nil || !sameAs(f, at) {
		f.Close()
		return nil, fs.ErrExist
	}
	return f, nil
}

func (real) lock(name string, make bool) (func(), error) {
	flag := os.O_RDWR
	if make {
		flag |= os.O_CREATE
	}
	for range 100 {
		f, err := os.OpenFile(name, flag, 0o666)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			f.Close()
			if make && !errors.Is(err, errLocked) {
				os.Remove(name) // there are no locks here
			}
			return nil, err
		}
		// Between opening and locking, its last owner may have removed it.
		if at, err := os.Lstat(name); err == nil && sameAs(f, at) {
			return func() { f.Close() }, nil
		}
		f.Close()
	}
	return nil, errLocked
}

func sameAs(f *os.File, at fs.FileInfo) bool {
	info, err := f.Stat()
	return err == nil && os.SameFile(info, at)
}

func (real) mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }
func (real) chmod(name string, perm fs.FileMode) error { return os.Chmod(name, perm) }
func (real) rename(from, to string) error              { return os.Rename(from, to) }
func (real) exchange(a, b string) error                { return exchangePaths(a, b) }
func (real) link(from, to string) error                { return os.Link(from, to) }
func (real) remove(name string) error                  { return os.Remove(name) }
func (real) readDir(name string) ([]fs.DirEntry, error) {
	return os.ReadDir(name)
}
func (real) readFile(name string) ([]byte, error)   { return os.ReadFile(name) }
func (real) lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }
func (real) sameFile(a, b fs.FileInfo) bool         { return os.SameFile(a, b) }

func (real) sync(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !cannotSync(err) {
		return err
	}
	return nil
}
