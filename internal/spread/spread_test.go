package spread_test

import (
	"context"
	"errors"
	"fmt"
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
