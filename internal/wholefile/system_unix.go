//go:build unix

package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock of an open file, which ends with the process, however
// that ends. The error is errLocked where another process has it, and another
// one where the file system has no locks.
func lockFile(f *os.File) error {
	err := flock(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// cannotSync says whether an error of fsync only means that this file system
// does not do that for folders.
func cannotSync(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS)
}

// sameOwner says whether two folders belong to the same user and group.
func sameOwner(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, also := b.Sys().(*syscall.Stat_t)
	return !ok || !also || s.Uid == t.Uid && s.Gid == t.Gid
}
