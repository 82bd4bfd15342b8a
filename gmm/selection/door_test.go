package selection

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// What is not there, and more samples than can be kept, are errors.
func TestAtTheDoor(t *testing.T) {
	x := open(t, "faithful")
	src := density.NewSource(1, "door")
	var none context.Context
	_, err := Select(none, x, Settings{}, src)
	require.ErrorIs(t, err, ErrSettings)
	_, err = Select(t.Context(), x, Settings{}, nil)
	require.ErrorIs(t, err, ErrSettings)
	_, err = Select(t.Context(), new(mat.Dense), Settings{}, src)
	require.ErrorIs(t, err, gmm.ErrTooFewRows)
	_, err = TestComponents(t.Context(), x, gmm.Settings{}, math.MaxInt, src)
	require.ErrorContains(t, err, "want 1 to")
	_, err = TestComponents(none, x, gmm.Settings{}, 5, src)
	require.ErrorIs(t, err, ErrSettings)
	_, err = Errors(t.Context(), nil, x, gmm.Settings{}, math.MaxInt, src)
	require.ErrorContains(t, err, "want 2 to")
	_, err = Errors(t.Context(), nil, nil, gmm.Settings{}, 5, src)
	require.ErrorIs(t, err, gmm.ErrTooFewRows)
}
