package budget

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	before := debug.SetMemoryLimit(8 << 30)
	defer debug.SetMemoryLimit(before)
	limit := Limit()
	require.LessOrEqual(t, limit, 4.0*(1<<30))
	require.Greater(t, limit, 0.0)
	most := Most(1000)
	require.NoError(t, Check(most, 1000))
	require.ErrorContains(t, Check(most+1, 1000), "give at most")
	require.Error(t, Check(math.MaxInt, 1))
	require.Error(t, Check(math.MaxInt, 1e300), "no overflow")
	require.NoError(t, Check(0, 1e300))
	require.Equal(t, 1, Most(math.Inf(1)))
}

// With less memory for the process the limit is less: that is what it follows.
func TestLimitFollows(t *testing.T) {
	before := debug.SetMemoryLimit(64 << 20)
	defer debug.SetMemoryLimit(before)
	require.Equal(t, 32.0*(1<<20), Limit())
	require.ErrorContains(t, Check(1<<30, 8), "it takes 8.59 GB of memory, where 33.6 MB may be taken here; give at most 4194304")
}

func TestSize(t *testing.T) {
	require.Equal(t, "999 bytes", size(999))
	require.Equal(t, "1.5 kB", size(1500))
	require.Equal(t, "8e+03 EB", size(8e21))
}

// Of things of a byte each there may be as many as the limit has bytes, and of less
// than a byte no more; of more than everything there may be one.
func TestMostOfSmallThings(t *testing.T) {
	most := int(min(Limit(), 1<<53))
	require.Equal(t, most, Most(1))
	require.Equal(t, most, Most(0))
	require.Equal(t, int(min(Limit()/2, 1<<53)), Most(2))
	require.Equal(t, 1, Most(4*Limit()))
}
