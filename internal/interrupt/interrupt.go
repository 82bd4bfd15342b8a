// Package interrupt turns the signals that ask a command to stop into the end of a
// context.
//
// It begins to listen when the program is loaded, before the packages that the
// command is made of: loading those takes longer than a user needs to think better
// of it, and the default action on a signal is to end without a word and with
// another exit code. Only commands import it.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// received gets the first signal. That it is a variable of the package is what makes
// it early; the order of loading is by dependencies and then by name.
var received = listen()

func listen() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c
}

// Context returns a context that ends with parent, or when a signal asks the
// process to stop, also one from before the call. stop lets go of the context.
func Context(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = context.WithCancel(parent)
	go func() {
		select {
		case <-received:
			stop()
		case <-ctx.Done():
		}
	}()
	return ctx, stop
}
