// Package wholefile writes files and folders whole or not at all. Everything
// goes to a hidden neighbour first, is made durable there, and is then shown
// in one step: a reader sees the old content or the new, never a part of
// either, and a failure leaves what was there before.
//
// A process that is killed can leave such a neighbour behind. The next one that
// writes to the same place removes it, or finishes what was begun: it tells a
// leftover from the work of a living process by a lock, which ends with its
// process, and not by age.
package wholefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Write creates or replaces the file at path with what write produces. The
// folder of path must exist. When write or the disk fails, path is untouched,
// no temporary file stays behind, and the error names path. After it returns
// without error, the content survives a loss of power.
//
// A symbolic link is followed, and a file keeps its permissions. What is no
// file, such as /dev/stdout or a pipe, is written to directly.
func Write(path string, write func(io.Writer) error) error {
	target, direct, err := destination(path)
	switch {
	case err == nil && direct:
		err = writeDirectly(target, write)
	case err == nil:
		err = writeWhole(real{}, target, write)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, reason(err))
	}
	return nil
}

// destination follows symbolic links, and says whether path is something that
// no file may take the place of.
func destination(path string) (target string, direct bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if at, err := os.Lstat(path); err == nil && at.Mode()&fs.ModeSymlink != 0 {
			return "", false, errors.New("it is a symbolic link to something that does not exist")
		}
		return path, false, nil
	case err != nil:
		return "", false, err
	case info.IsDir():
		return "", false, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return path, true, nil
	}
	target, err = filepath.EvalSymlinks(path)
	return target, false, err
}

func writeDirectly(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(plain{f})
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	return errors.Join(err, f.Close())
}

// writeWhole is Write for a path that is a file or nothing yet.
func writeWhole(sys system, path string, write func(io.Writer) error) error {
	dir, base := filepath.Split(filepath.Clean(path))
	dir = filepath.Clean(dir)
	sweepFiles(sys, dir, base)
	f, name, err := createTemporary(sys, dir, base)
	if err != nil {
		return err
	}
	shown := false
	defer func() {
		if !shown {
			sys.remove(name)
		}
	}()
	b := bufio.NewWriter(plain{f})
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if at, old := sys.lstat(path); err == nil && old == nil {
		err = sys.chmod(name, at.Mode().Perm())
	}
	closed := false
	if runtime.GOOS == "windows" { // where an open file cannot be renamed
		if e := f.Close(); err == nil {
			err = e
		}
		closed = true
	}
	if err == nil {
		if err = sys.rename(name, path); err == nil {
			shown = true
			err = sys.sync(dir)
		}
	}
	if !closed { // only now: a temporary file without a lock is a leftover
		if e := f.Close(); err == nil {
			err = e
		}
	}
	return err
}

// createTemporary makes a hidden neighbour of a file, and locks it.
func createTemporary(sys system, dir, base string) (file, string, error) {
	for n := 1; ; n++ {
		name := filepath.Join(dir, hidden(base, n))
		f, err := sys.create(name, 0o666)
		if !errors.Is(err, fs.ErrExist) || n == 10_000 {
			return f, name, err
		}
	}
}

// hidden returns the name of the n-th temporary neighbour of base. Names of
// files end at 255 bytes.
func hidden(base string, n int) string { return fmt.Sprintf(".%s.%d.tmp", cut(base), n) }

func cut(base string) string { return strings.ToValidUTF8(base[:min(len(base), 200)], "") }

// numbered matches what follows the name in a temporary neighbour's; earlier
// versions wrote numbers of up to ten digits.
var numbered = regexp.MustCompile(`\.[0-9]+\.tmp$`)

// leftovers returns the names in dir that temporary neighbours of base have, or
// of anything if base is empty.
func leftovers(sys system, dir, base string) []string {
	entries, err := sys.readDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		at := numbered.FindStringIndex(name)
		if at != nil && name[0] == '.' && (base == "" || name[:at[0]] == "."+cut(base)) {
			names = append(names, name)
		}
	}
	return names
}

// Sweep removes the temporary files in a folder that a process left behind
// when it was killed. It leaves alone those of living processes.
func Sweep(dir string) { sweepFiles(real{}, dir, "") }

func sweepFiles(sys system, dir, base string) {
	for _, name := range leftovers(sys, dir, base) {
		path := filepath.Join(dir, name)
		if at, err := sys.lstat(path); err != nil || !at.Mode().IsRegular() {
			continue
		}
		if unlock, err := sys.lock(path, false); err == nil {
			sys.remove(path)
			unlock()
		}
	}
}

// plain is a writer whose errors do not tell the name of a temporary file.
type plain struct{ io.Writer }

func (p plain) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	return n, reason(err)
}

// reason strips the temporary name from an error of package os, because the
// caller names the file that the user knows.
func reason(err error) error {
	switch e := err.(type) {
	case *os.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
