//go:build !unix

package wholefile

import (
	"errors"
	"io/fs"
	"os"
)

// lockFile is what this system has not.
func lockFile(*os.File) error { return errors.ErrUnsupported }

// cannotSync is true: a folder cannot be opened to be made durable here.
func cannotSync(error) bool { return true }

func sameOwner(_, _ fs.FileInfo) bool { return true }
