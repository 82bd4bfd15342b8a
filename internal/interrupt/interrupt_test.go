//go:build unix

package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Either signal that asks a process to stop ends the context, one that came before
// there was a context too; letting go of it, or the end of its parent, does as well.
func TestSignalsEndTheContext(t *testing.T) {
	defer signal.Reset(os.Interrupt, syscall.SIGTERM)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, early := range []bool{false, true} {
			// Should the package not listen, this keeps the signal from ending the test.
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, s)
			if early {
				require.NoError(t, syscall.Kill(syscall.Getpid(), s))
				<-heard
			}
			ctx, stop := Context(t.Context())
			if !early {
				require.NoError(t, ctx.Err())
				require.NoError(t, syscall.Kill(syscall.Getpid(), s))
			}
			ended(t, ctx)
			require.ErrorIs(t, ctx.Err(), context.Canceled)
			stop()
			signal.Stop(heard)
		}
	}
	ctx, stop := Context(t.Context())
	stop()
	ended(t, ctx)
	parent, cancel := context.WithCancel(t.Context())
	ctx, stop = Context(parent)
	defer stop()
	cancel()
	ended(t, ctx)
}

func ended(t *testing.T, ctx context.Context) {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
		require.FailNow(t, "the context goes on")
	}
}
