package saved

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A model may be used by many at once: eight goroutines ask one of every kind for
// all that it answers, under the race detector in .ci/run.
func TestEightAtOnce(t *testing.T) {
	for _, m := range every(t) {
		want := bytesOf(t, m)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				own := *m // Prepare learns steps into the preparation, which is each one's own
				use(t, &own, m.Name)
			})
		}
		group.Wait()
		require.True(t, bytes.Equal(want, bytesOf(t, m)), m.Name)
	}
}
