package kde

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestTensors(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		m := random(t, 6, 3, shape, 21)
		back, err := FromTensors(m.Config(), m.Tensors())
		require.NoError(t, err)
		require.Equal(t, m.lower, back.lower)
		x := rows(20, 3, 1)
		require.Equal(t, m.LogProb(nil, x), back.LogProb(nil, x))
		for i := range 3 {
			broken := m.Tensors()
			_, err := FromTensors(m.Config(), append(broken[:i:i], broken[i+1:]...))
			require.ErrorIs(t, err, ErrParameters)
			broken = m.Tensors()
			broken[i].Shape = []int{len(broken[i].Data), 1}
			_, err = FromTensors(m.Config(), broken)
			require.ErrorIs(t, err, ErrParameters)
			broken = m.Tensors()
			broken[i].Data[0] = math.NaN()
			_, err = FromTensors(m.Config(), broken)
			require.ErrorIs(t, err, ErrParameters)
		}
		c := m.Config()
		c.Shape = 7
		_, err = FromTensors(c, m.Tensors())
		require.ErrorIs(t, err, ErrParameters)
		_, err = FromTensors(Config{Shape: Full}, m.Tensors())
		require.ErrorIs(t, err, ErrParameters)
	}
}

func TestErrors(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{0, 1, 1, 0, 3, 5})
	set := func(v float64) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Set(1, 0, v)
		return y
	}
	for name, c := range map[string]struct {
		x    *mat.Dense
		s    Settings
		is   error
		says string
	}{
		"NaN":        {set(math.NaN()), Settings{}, density.ErrNonFinite, "row 2, column 1"},
		"row":        {set(math.Inf(1)), Settings{Weights: []float64{0, 1, 1}}, density.ErrNonFinite, "row 2, column 1"},
		"constant":   {mat.NewDense(2, 2, []float64{1, 2, 1, 3}), Settings{}, density.ErrConstant, "column 1"},
		"overflow":   {mat.NewDense(2, 1, []float64{1e300, -1e300}), Settings{}, density.ErrNonFinite, "column 1"},
		"one row":    {mat.NewDense(1, 1, []float64{1}), Settings{}, ErrTooFewRows, "at least 2"},
		"one weight": {x, Settings{Weights: []float64{0, 0, 5}}, ErrTooFewRows, "at least 2"},
		"weight":     {x, Settings{Weights: []float64{1, -1, 1}}, ErrSettings, "weight of row 2"},
		"weights":    {x, Settings{Weights: []float64{1e308, 1e308, 1}}, ErrSettings, "infinity"},
		"shape":      {x, Settings{Shape: 7}, ErrSettings, "Shape(7)"},
		"kernels":    {x, Settings{Kernels: 1}, ErrSettings, "Kernels"},
		"floor":      {x, Settings{Floor: -1}, ErrSettings, "Floor"},
		"iterations": {x, Settings{Iterations: -1}, ErrSettings, "Iterations"},
		"tolerance":  {x, Settings{Tolerance: math.NaN()}, ErrSettings, "Tolerance"},
	} {
		_, _, err := Fit(context.Background(), c.x, c.s, density.NewSource(1, "fit"))
		require.ErrorIs(t, err, c.is, name)
		require.ErrorContains(t, err, c.says, name)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := Fit(done, x, Settings{}, density.NewSource(1, "fit"))
	require.ErrorIs(t, err, context.Canceled)
	for _, lower := range [][]float64{{0, 1}, {-1, 1}, {math.NaN(), 1}, {1, math.Inf(1)}} {
		_, err := New(Diagonal, x, nil, lower)
		require.ErrorIs(t, err, ErrParameters)
	}
	_, err = New(Diagonal, x, []float64{1, 0, 1}, []float64{1, 1})
	require.ErrorIs(t, err, ErrParameters)
	require.Panics(t, func() { _, _ = New(Diagonal, x, nil, []float64{1}) })
	require.PanicsWithValue(t, "kde: the factor is not of the kernels' shape", func() { _, _ = New(Full, x, nil, []float64{1, 0, 1}) })
	require.Panics(t, func() {
		_, _, _ = Fit(context.Background(), x, Settings{Weights: []float64{1}}, density.NewSource(1, "fit"))
	})
	m, _ := fit(t, x, Settings{Iterations: 1})
	require.Panics(t, func() {
		m.RandGiven(mat.NewDense(1, 2, nil), mat.NewDense(1, 1, []float64{0.5}), density.NewSource(1, "x"))
	})
}

// Settings that were resolved resolve to themselves, and come back from JSON.
func TestSettings(t *testing.T) {
	for _, s := range []Settings{{}, {Shape: Full, Kernels: 7, Floor: 0.1, Tolerance: 1}} {
		s, err := s.Resolved()
		require.NoError(t, err)
		again, err := s.Resolved()
		require.NoError(t, err)
		require.Equal(t, s, again)
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back Settings
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
	}
	var back Settings
	require.ErrorIs(t, json.Unmarshal([]byte(`{"shape": "round"}`), &back), ErrSettings)
	_, err := json.Marshal(Settings{Shape: 7})
	require.ErrorIs(t, err, ErrSettings)
}
