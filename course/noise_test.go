package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestJudgeNoise(t *testing.T) {
	at := func(v float64) mean { return mean{math.Log(v), 0.05} }
	m := noiseLeft{free: at(1e-5), fall: at(8), used: at(0.05), unused: at(0.98), longer: mean{0.3, 0.02}}
	judge := func(change func(m *noiseLeft)) Verdict {
		c := m
		change(&c)
		v, _ := judgeNoise(c)
		return v
	}
	require.Equal(t, Corrected, judge(func(*noiseLeft) {}))
	require.Equal(t, Holds, judge(func(m *noiseLeft) { m.used = at(0.9) }))
	require.Equal(t, Undecided, judge(func(m *noiseLeft) { m.used = at(0.5) }))
	require.Equal(t, Corrected, judge(func(m *noiseLeft) { m.used, m.longer = at(0.9), mean{-0.1, 0.02} }), "codes do not grow")
	require.Equal(t, Undecided, judge(func(m *noiseLeft) { m.used, m.longer = at(0.9), mean{0.01, 0.02} }))
	require.Equal(t, Fails, judge(func(m *noiseLeft) { m.free = at(0.1) }))
	require.Equal(t, Fails, judge(func(m *noiseLeft) { m.fall = at(1.1) }), "it has settled")
	require.Equal(t, Fails, judge(func(m *noiseLeft) { m.unused = at(0.5) }))
	require.Equal(t, Fails, judge(func(m *noiseLeft) { m.unused = at(1.5) }))
	require.Equal(t, Undecided, judge(func(m *noiseLeft) { m.unused = at(math.NaN()) }), "all dimensions are used")
}

// Dimensions that carry nothing do not make codes look short.
func TestSquareOfUsed(t *testing.T) {
	squares := mat.NewDense(2, 3, []float64{1, 0.001, 4, 3, 0.002, 8})
	require.InDelta(t, 4, squareOfUsed(squares, []float64{0.5, 0.002, 2}), 1e-15)
}
