package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgeReparameterise(t *testing.T) {
	at := func(ratio float64) mean { return mean{math.Log(ratio), 0.1} }
	judge := func(change func(m *noisy)) Verdict {
		m := noisy{
			logRatio: [][]mean{{at(1000), at(500)}, {at(5), at(4)}},
			bias:     []float64{1.1, 0.9}, behind: []mean{{20, 1}, {5, 1}},
		}
		change(&m)
		v, _ := judgeReparameterise(m)
		return v
	}
	require.Equal(t, Holds, judge(func(*noisy) {}))
	require.Equal(t, Undecided, judge(func(m *noisy) { m.logRatio[1][0] = at(1.1) }))
	require.Equal(t, Fails, judge(func(m *noisy) { m.logRatio[1][0] = at(0.5) }))
	require.Equal(t, Undecided, judge(func(m *noisy) { m.behind[1] = mean{1, 1} }))
	require.Equal(t, Fails, judge(func(m *noisy) { m.behind[1] = mean{-5, 1} }))
	require.Equal(t, Undecided, judge(func(m *noisy) { m.bias[0] = 3 }))
}
