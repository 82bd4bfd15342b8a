//go:build solaris || aix

package wholefile

import (
	"errors"
	"os"
)

func flock(*os.File) error { return errors.ErrUnsupported }
