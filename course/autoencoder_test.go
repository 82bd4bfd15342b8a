package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestJudgeAutoencoder(t *testing.T) {
	m := randomCodes{unexplained: 0.2, normal: mean{30, 2}, box: mean{70, 2}, mixture: mean{6, 2}, control: mean{5000, 90}}
	judge := func(change func(m *randomCodes)) Verdict {
		c := m
		change(&c)
		v, _ := judgeAutoencoder(c)
		return v
	}
	require.Equal(t, Corrected, judge(func(*randomCodes) {}))
	require.Equal(t, Holds, judge(func(m *randomCodes) { m.mixture = mean{40, 2} }))
	require.Equal(t, Corrected, judge(func(m *randomCodes) { m.mixture = mean{30, 2} }), "less than half of the box")
	require.Equal(t, Fails, judge(func(m *randomCodes) { m.unexplained = 0.6 }))
	require.Equal(t, Fails, judge(func(m *randomCodes) { m.normal, m.box = mean{30, 20}, mean{8, 1} }))
	require.Equal(t, Undecided, judge(func(m *randomCodes) { m.control = mean{5, 1} }))
}

func TestNearestDistances(t *testing.T) {
	base := mat.NewDense(2, 2, []float64{0, 0, 10, 0})
	got := nearestDistances(mat.NewDense(2, 2, []float64{3, 4, 10, 1}), base)
	require.InDeltaSlice(t, []float64{5, 1}, got, 1e-12)
}

func TestShuffledKeepsEachRow(t *testing.T) {
	x := mat.NewDense(1, 50, nil)
	for j := range 50 {
		x.Set(0, j, float64(j))
	}
	y := shuffled(x, density.NewSource(1, "test"))
	require.InDelta(t, mat.Sum(x), mat.Sum(y), 1e-9)
	require.False(t, mat.Equal(x, y))
	require.InDelta(t, 7, x.At(0, 7), 0, "the argument stays")
}

func TestMinus(t *testing.T) {
	require.Equal(t, mean{-3, 5}, mean{4, 3}.minus(mean{7, 4}))
}

func TestPairedMean(t *testing.T) {
	m := pairedMean([]float64{3, 5, 10}, []float64{1, 1, 4})
	require.InDelta(t, 4, m.value, 1e-12)
	require.InDelta(t, 2/math.Sqrt(3), m.se, 1e-12)
	require.True(t, m.above(0, 3))
	require.False(t, m.above(0, 4))
	require.False(t, m.below(4, 0))
	require.True(t, m.below(7, 2))
}
