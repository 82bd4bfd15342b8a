package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"likely/compare"
	"likely/density"
	"likely/internal/interrupt"
	"likely/internal/oneline"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells count
)

// grace is how long an interrupted run may take to stop by itself. Work that
// does not look at its context, such as drawing, is ended after that.
const grace = 300 * time.Millisecond

// app is one invocation of the command.
type app struct {
	in       io.Reader
	out, err io.Writer

	mu      sync.Mutex
	cleanup []func() // undo half-written output when the grace is over

	// spelling is how settings are given here: by flags.
	spelling density.Spelling
}

// execute runs the command with the given arguments and returns its exit code.
func execute(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := interrupt.Context(context.Background())
	defer stop()
	a := &app{in: in, out: out, err: errOut}
	finished := make(chan struct{})
	defer close(finished)
	go a.enforce(ctx, finished)

	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		a.undo()
		fmt.Fprintln(errOut, "compare: interrupted; nothing was left half-written")
		return exitInterrupted
	case errors.Is(err, compare.ErrUsage):
		fmt.Fprintf(errOut, "compare: %s (see compare --help)\n", oneline.Text(density.ErrorIn(err, a.spelling)))
		return exitUsage
	}
	fmt.Fprintf(errOut, "compare: %s\n", oneline.Text(density.ErrorIn(err, a.spelling)))
	return exitFailed
}

// enforce ends the process when an interrupted run does not stop in time.
func (a *app) enforce(ctx context.Context, finished <-chan struct{}) {
	select {
	case <-finished:
		return
	case <-ctx.Done():
	}
	select {
	case <-finished:
		return
	case <-time.After(grace):
	}
	a.undo()
	fmt.Fprintln(a.err, "compare: interrupted; nothing was left half-written")
	os.Exit(exitInterrupted)
}

// undo does what was registered for an interruption, once. It waits for an
// output folder that is just being shown.
func (a *app) undo() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, undo := range a.cleanup {
		undo()
	}
	a.cleanup = nil
}

// onInterrupt registers what must be undone if the process has to be ended.
func (a *app) onInterrupt(undo func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanup = append(a.cleanup, undo)
}

// uninterrupted runs f without the process being ended in between.
func (a *app) uninterrupted(f func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return f()
}

// usageError marks an error as one of usage.
func usageError(err error) error {
	return fmt.Errorf("%w", wrongUse{err})
}

type wrongUse struct{ error }

func (w wrongUse) Is(target error) bool { return target == compare.ErrUsage }

func (w wrongUse) Unwrap() error { return w.error }

// arguments wraps an argument check of cobra so that its error is one of usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(err)
		}
		return nil
	}
}
