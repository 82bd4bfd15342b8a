package bayes

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// What is not there, and numbers that no machine could hold, are errors.
func TestAtTheDoor(t *testing.T) {
	x := mat.NewDense(3, 1, []float64{1, 2, 4})
	src := density.NewSource(1, "door")
	var none context.Context
	_, _, err := Fit(none, x, Settings{}, src)
	require.ErrorIs(t, err, ErrSettings)
	_, _, err = Fit(t.Context(), x, Settings{}, nil)
	require.ErrorIs(t, err, ErrSettings)
	_, _, err = Fit(t.Context(), new(mat.Dense), Settings{}, src)
	require.ErrorIs(t, err, gmm.ErrTooFewRows)
	for _, s := range []Settings{{Starts: math.MaxInt}, {Components: math.MaxInt}} {
		_, _, err = Fit(t.Context(), x, s, src)
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, "want at most")
	}
	for w := Dirichlet; w <= DirichletProcess; w++ {
		text, err := w.MarshalText()
		require.NoError(t, err)
		var back Weights
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, w, back)
	}
	require.ErrorIs(t, new(Weights).UnmarshalText([]byte("flat")), ErrSettings)
}
