package lcm

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTensorsKeepEveryBit(t *testing.T) {
	m := randomModel(t, 3, all, 1)
	m.p.size[1] = math.Inf(1)
	text, err := json.Marshal(m.Config())
	require.NoError(t, err)
	var c Config
	require.NoError(t, json.Unmarshal(text, &c))
	again, err := FromTensors(c, m.Tensors())
	require.NoError(t, err)
	require.Equal(t, m.Tensors(), again.Tensors())
	x := drawn(m, 50, 1)
	require.Equal(t, m.LogProb(nil, x), again.LogProb(nil, x))
}

func TestDamagedTensorsAreErrors(t *testing.T) {
	m := randomModel(t, 2, all, 2)
	for i := range m.Tensors() {
		name := m.Tensors()[i].Name
		tensors := m.Tensors()
		tensors[i].Name = "other"
		_, err := FromTensors(m.Config(), tensors)
		require.ErrorIs(t, err, ErrParameters, name)
		tensors = m.Tensors()
		tensors[i].Shape = []int{1}
		_, err = FromTensors(m.Config(), tensors)
		require.ErrorIs(t, err, ErrParameters, name)
		tensors = m.Tensors()
		tensors[i].Data[0] = math.NaN()
		_, err = FromTensors(m.Config(), tensors)
		require.ErrorIs(t, err, ErrParameters, name)
	}
	for _, c := range []Config{
		{}, {Dim: 1, Components: 2}, {Dim: 1, Components: 1 << 50, Columns: []Column{{}}},
		{Dim: 1, Components: 2, Columns: []Column{{Kind: Categorical}}}, {Dim: 1, Components: 2, Columns: []Column{{Kind: 9}}},
	} {
		_, err := FromTensors(c, m.Tensors())
		require.ErrorIs(t, err, ErrParameters)
	}
}
