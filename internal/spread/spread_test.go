package spread_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/spread"
)

func TestEachDoesEverythingOnce(t *testing.T) {
	counts := make([]int, 100)
	var last atomic.Int64
	err := spread.Each(context.Background(), len(counts), func(done, total int) {
		require.Equal(t, 100, total)
		last.Store(max(last.Load(), int64(done)))
	}, func() func(i int) error {
		return func(i int) error { counts[i]++; return nil }
	})
	require.NoError(t, err)
	for _, c := range counts {
		require.Equal(t, 1, c)
	}
	require.EqualValues(t, 100, last.Load())
	require.NoError(t, spread.Each(context.Background(), 0, nil, nil))
}

func TestEachReturnsTheFirstError(t *testing.T) {
	for range 20 {
		err := spread.Each(context.Background(), 50, nil, func() func(i int) error {
			return func(i int) error {
				if i%10 == 7 {
					return fmt.Errorf("unit %d", i)
				}
				return nil
			}
		})
		require.EqualError(t, err, "unit 7")
	}
}

func TestEachStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var units atomic.Int64
	err := spread.Each(ctx, 1000, nil, func() func(i int) error {
		return func(int) error { units.Add(1); cancel(); return errors.New("not this one") }
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, units.Load(), int64(100))
}

func TestNilContext(t *testing.T) {
	require.PanicsWithValue(t, "spread: nil context", func() {
		var none context.Context
		spread.Each(none, 3, nil, func() func(int) error { return nil })
	})
}

// Blocks and segments cover every row once, in order, and blocks are whole but for the
// last; segments end where blocks do, and are no more than so many.
func TestBlocksAndSegments(t *testing.T) {
	for _, n := range []int{0, 1, spread.BlockRows - 1, spread.BlockRows, spread.BlockRows + 1, 3*spread.BlockRows + 7, 5 * spread.MaxSegments * spread.BlockRows, 7*spread.MaxSegments*spread.BlockRows/2 + 3} {
		var mu sync.Mutex
		blocks, segments := map[int][2]int{}, map[int][2]int{}
		spread.Blocks(n, func(b, from, to int) {
			mu.Lock()
			defer mu.Unlock()
			blocks[b] = [2]int{from, to}
		})
		spread.Segments(n, func(s, from, to int) {
			mu.Lock()
			defer mu.Unlock()
			segments[s] = [2]int{from, to}
		})
		require.Len(t, segments, spread.CountSegments(n))
		require.LessOrEqual(t, len(segments), spread.MaxSegments)
		for _, parts := range []map[int][2]int{blocks, segments} {
			at := 0
			for i := range len(parts) {
				require.Equal(t, at, parts[i][0])
				require.Greater(t, parts[i][1], at)
				require.Zero(t, at%spread.BlockRows)
				at = parts[i][1]
			}
			require.Equal(t, n, at)
		}
		for b, part := range blocks {
			require.LessOrEqual(t, part[1]-part[0], spread.BlockRows, "block %d", b)
		}
	}
}
