package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgeEncoderOnly(t *testing.T) {
	found := encoderGaps{moved: 0, quadrature: 1e-5, rise: mean{2, 0.1}, diagonal: mean{0.3, 0.05}}
	for _, c := range []struct {
		change func(*encoderGaps)
		want   Verdict
	}{
		{func(*encoderGaps) {}, Corrected},
		{func(m *encoderGaps) { m.moved = 2e-5 }, Fails},
		{func(m *encoderGaps) { m.rise = mean{2, 1} }, Fails},
		{func(m *encoderGaps) { m.diagonal = mean{0.001, 0.001} }, Holds},
		{func(m *encoderGaps) { m.diagonal = mean{0.02, 0.01} }, Undecided},
	} {
		m := found
		c.change(&m)
		got, reason := judgeEncoderOnly(m)
		require.Equal(t, c.want, got, "%+v", m)
		require.NotEmpty(t, reason.ZH)
	}
}

func TestGapOfCountsBothErrors(t *testing.T) {
	g := gapOf([]float64{1, 2, 3, 4}, []float64{0, 2, 2, 4}, []float64{0.2, 0.2, 0.2, 0.2})
	require.InDelta(t, 0.5, g.value, 1e-15)
	rows := math.Sqrt(1.0/3) / 2
	require.InDelta(t, math.Hypot(rows, 0.1), g.se, 1e-15)
	require.InDelta(t, rows, gapOf([]float64{1, 2, 3, 4}, []float64{0, 2, 2, 4}, nil).se, 1e-15)
}
