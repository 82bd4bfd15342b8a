package wholefile

import "golang.org/x/sys/unix"

// exchangePaths swaps what two names stand for, in one step. Where the file
// system cannot (NFS, FAT before Linux 6.0, some layers), it is an error.
func exchangePaths(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
