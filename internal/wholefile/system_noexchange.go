//go:build !linux && !darwin

package wholefile

import "errors"

// exchangePaths is what only Linux and macOS have.
func exchangePaths(string, string) error { return errors.ErrUnsupported }
