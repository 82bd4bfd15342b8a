package course

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgePrior(t *testing.T) {
	judge := func(change func(m *priorEffects)) Verdict {
		m := priorEffects{gain: []mean{{-3, 0.2}, {2, 0.3}}, diagonal: mean{0.3, 0.02}, full: mean{0.1, 0.01}}
		change(&m)
		v, _ := judgePrior(m)
		return v
	}
	require.Equal(t, Corrected, judge(func(*priorEffects) {}))
	require.Equal(t, Fails, judge(func(m *priorEffects) { m.gain[1] = mean{-1.2, 0.3} }))
	require.Equal(t, Undecided, judge(func(m *priorEffects) { m.full = mean{0.02, 0.01} }))
	require.Equal(t, Holds, judge(func(m *priorEffects) { m.full = mean{0.001, 0.001} }))
}
