package made

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
	m := random([]Column{{}, {Kind: Categorical, Levels: 3}, {Kind: Bernoulli}}, 2, []int{5, 4}, 13)
	text, err := json.Marshal(m.Config())
	require.NoError(t, err)
	var c Config
	require.NoError(t, json.Unmarshal(text, &c))
	require.Equal(t, m.Config(), c)
	back, err := FromTensors(c, m.Tensors())
	require.NoError(t, err)
	x := mat.NewDense(20, 3, nil)
	m.Rand(x, density.NewSource(1, "x"))
	require.Equal(t, m.LogProb(nil, x), back.LogProb(nil, x))
	require.Equal(t, m.NumParameters(), back.NumParameters())
	for i := range m.Tensors() {
		broken := m.Tensors()
		_, err := FromTensors(c, append(broken[:i:i], broken[i+1:]...))
		require.ErrorIs(t, err, ErrParameters)
		broken = m.Tensors()
		broken[i].Shape = append(broken[i].Shape, 1)
		_, err = FromTensors(c, broken)
		require.ErrorIs(t, err, ErrParameters)
		broken = m.Tensors()
		broken[i].Data[0] = math.NaN()
		_, err = FromTensors(c, broken)
		require.ErrorIs(t, err, ErrParameters)
	}
	broken := m.Tensors()
	broken[2].Data[0] = broken[2].Data[1]
	_, err = FromTensors(c, broken)
	require.ErrorIs(t, err, ErrParameters)
	// A file cannot open a path from a column to itself.
	broken = m.Tensors()
	for i := range broken[3].Data {
		broken[3].Data[i] = 1
	}
	open, err := FromTensors(c, broken)
	require.NoError(t, err)
	for i, v := range open.networks[0].theta {
		require.True(t, open.networks[0].mask[i] == 1 || v == 0)
	}
	for _, change := range []func(c *Config){
		func(c *Config) { c.Dim = 4 }, func(c *Config) { c.Components = 1 << 60 }, func(c *Config) { c.Orders = 0 },
		func(c *Config) { c.Hidden = []int{1 << 40, 1 << 40} }, func(c *Config) { c.Hidden = []int{0} }, func(c *Config) { c.Floor = 0 },
		func(c *Config) { c.Columns = []Column{{Kind: 9}, {}, {}} }, func(c *Config) { c.Orders = 1 << 50 },
	} {
		bad := m.Config()
		change(&bad)
		_, err := FromTensors(bad, m.Tensors())
		require.ErrorIs(t, err, ErrParameters)
	}
}

func TestErrors(t *testing.T) {
	x := curve(20, 1)
	set := func(j int, v float64) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Set(1, j, v)
		return y
	}
	constant := curve(20, 1)
	for i := range 20 {
		constant.Set(i, 0, 7)
	}
	with := func(change func(s *Settings)) Settings {
		s := quick()
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		x, valid *mat.Dense
		s        Settings
		is       error
		says     string
	}{
		"NaN":        {set(0, math.NaN()), nil, quick(), density.ErrNonFinite, "training row 2, column 1"},
		"valid":      {x, set(1, math.Inf(1)), quick(), density.ErrNonFinite, "validation row 2, column 2"},
		"not binary": {set(2, 2), nil, quick(), density.ErrSupport, "row 2, column 3"},
		"fraction":   {set(3, 0.5), nil, quick(), density.ErrSupport, "row 2, column 4"},
		"unseen":     {x, set(3, 3), quick(), density.ErrSupport, "validation row 2, column 4"},
		"identifier": {set(3, 1e6), nil, quick(), density.ErrSupport, "row 2, column 4"},
		"constant":   {constant, nil, quick(), density.ErrConstant, "column 1"},
		"overflow":   {set(0, 1e300), nil, quick(), density.ErrNonFinite, "column 1"},
		"orders":     {x, nil, with(func(s *Settings) { s.Orders = -1 }), ErrSettings, "Orders"},
		"components": {x, nil, with(func(s *Settings) { s.Components = -1 }), ErrSettings, "Components"},
		"hidden":     {x, nil, with(func(s *Settings) { s.Hidden = []int{0} }), ErrSettings, "Hidden"},
		"batch":      {x, nil, with(func(s *Settings) { s.Batch = -1 }), ErrSettings, "Batch"},
		"floor":      {x, nil, with(func(s *Settings) { s.Floor = 2 }), ErrSettings, "Floor"},
		"rate":       {x, nil, with(func(s *Settings) { s.Rate = math.NaN() }), ErrSettings, "Rate"},
		"decay":      {x, nil, with(func(s *Settings) { s.Decay = -1 }), ErrSettings, "Decay"},
		"kind":       {x, nil, with(func(s *Settings) { s.Columns = repeated(Column{Kind: 5}, 4) }), ErrSettings, "column 1"},
		"diverged":   {x, nil, with(func(s *Settings) { s.Rate = 1e300 }), ErrDiverged, "Rate"},
	} {
		_, _, err := Fit(context.Background(), c.x, c.valid, c.s, density.NewSource(1, "fit"))
		require.ErrorIs(t, err, c.is, name)
		require.ErrorContains(t, err, c.says, name)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := Fit(done, x, nil, quick(), density.NewSource(1, "fit"))
	require.ErrorIs(t, err, context.Canceled)
	require.Panics(t, func() {
		_, _, _ = Fit(context.Background(), x, nil, Settings{Columns: make([]Column, 3)}, density.NewSource(1, "fit"))
	})
	require.Panics(t, func() {
		_, _, _ = Fit(context.Background(), x, mat.NewDense(1, 3, nil), quick(), density.NewSource(1, "fit"))
	})
	var k Kind
	require.ErrorIs(t, k.UnmarshalText([]byte("poisson")), ErrSettings)
	_, err = Kind(9).MarshalText()
	require.ErrorIs(t, err, ErrSettings)
	_, r, err := Fit(context.Background(), x, x, with(func(s *Settings) { s.Epochs = 1 }), density.NewSource(1, "fit"))
	require.NoError(t, err)
	require.False(t, r.Converged)
	require.Contains(t, r.Warnings[0].String(), "Epochs")
}
