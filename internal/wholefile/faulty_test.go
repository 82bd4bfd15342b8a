package wholefile

import (
	"io/fs"
	"syscall"
)

// faulty is a file system on which the operation with one number goes wrong. A
// process that is killed stops there: nothing after it happens, and no lock is
// kept.
type faulty struct {
	system
	at   int  // the number of the operation, from 0
	stop bool // and no operation after it happens either
	n    int
	done bool // it was reached
}

// step counts an operation and says whether it goes wrong.
func (f *faulty) step() error {
	n := f.n
	f.n++
	if n == f.at {
		f.done = true
	}
	if n == f.at || f.stop && n > f.at {
		return syscall.EIO
	}
	return nil
}

type faultyFile struct {
	file
	f *faulty
}

// A write that goes wrong has written a part.
func (w faultyFile) Write(b []byte) (int, error) {
	reached := w.f.done
	if err := w.f.step(); err != nil {
		n := 0
		if !reached {
			n, _ = w.file.Write(b[:len(b)/2])
		}
		return n, err
	}
	return w.file.Write(b)
}

func (w faultyFile) Sync() error {
	if err := w.f.step(); err != nil {
		return err
	}
	return w.file.Sync()
}

func (w faultyFile) Close() error {
	err := w.f.step()
	w.file.Close() // the process may end, its files are closed
	return err
}

func (f *faulty) create(name string, perm fs.FileMode) (file, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	w, err := f.system.create(name, perm)
	if err != nil {
		return nil, err
	}
	return faultyFile{w, f}, nil
}

func (f *faulty) lock(name string, make bool) (func(), error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.system.lock(name, make)
}

func (f *faulty) mkdir(name string, perm fs.FileMode) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.mkdir(name, perm)
}

func (f *faulty) chmod(name string, perm fs.FileMode) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.chmod(name, perm)
}

func (f *faulty) rename(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.rename(from, to)
}

func (f *faulty) exchange(a, b string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.exchange(a, b)
}

func (f *faulty) link(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.link(from, to)
}

func (f *faulty) remove(name string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.remove(name)
}

func (f *faulty) readDir(name string) ([]fs.DirEntry, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.system.readDir(name)
}

func (f *faulty) readFile(name string) ([]byte, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.system.readFile(name)
}

func (f *faulty) lstat(name string) (fs.FileInfo, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.system.lstat(name)
}

func (f *faulty) sync(name string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.system.sync(name)
}
