package wholefile

import "golang.org/x/sys/unix"

// exchangePaths swaps what two names stand for, in one step. Where the file
// system cannot (HFS+, SMB), it is an error.
func exchangePaths(a, b string) error { return unix.RenamexNp(a, b, unix.RENAME_SWAP) }
