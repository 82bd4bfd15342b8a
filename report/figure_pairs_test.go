package report

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/figure"
	"likely/internal/safetensors"
	"likely/results"
	"likely/saved"
)

// Of many columns those are drawn in which models differ, in the order of the table, and
// outlines are those of the same columns.
func TestColumnsInWhichModelsDiffer(t *testing.T) {
	const d = 9
	model := func(mean ...float64) *compare.Fit {
		variance := make([]float64, d)
		for j := range variance {
			variance[j] = 1
		}
		m, err := density.NewDiagonalNormal(mean, variance)
		require.NoError(t, err)
		return &compare.Fit{Model: &saved.Model{Name: "m", Fitted: fittedNormal{m}}}
	}
	o := outcomeOf(model(0, 0, 0, 0, 0, 0, 0, 0, 0), model(0, 3, 0, 0, 1, 0, 0, -2, 0.5))
	require.Equal(t, []int{1, 4, 7, 8}, differing(o, 4))
	require.Equal(t, []int{1, 7}, differing(o, 2))

	// By hand: the distributions of {1,2,3,4} and {3,4,5,6} are half apart, equal ones 0.
	x := mat.NewDense(4, 2, []float64{1, 1, 2, 2, 3, 3, 4, 4})
	y := mat.NewDense(4, 2, []float64{4, 3, 3, 4, 2, 5, 1, 6})
	require.InDeltaSlice(t, []float64{0, 0.5}, columnDistances([]*mat.Dense{x, y}), 1e-12)

	g := figure.Group{Points: mat.NewDense(1, 4, []float64{10, 11, 12, 13}), Outlines: func(a, b int) []*mat.Dense {
		return []*mat.Dense{mat.NewDense(1, 2, []float64{float64(a), float64(b)})}
	}}
	few := some(g, []int{1, 3})
	require.Equal(t, []float64{11, 13}, few.Points.RawRowView(0))
	require.Equal(t, []float64{3, 1}, few.Outlines(1, 0)[0].RawRowView(0))
}

// fittedNormal is a normal as a model that is saved.
type fittedNormal struct{ *density.DiagonalNormal }

func (fittedNormal) Tensors() []safetensors.Tensor { return nil }

func outcomeOf(fits ...*compare.Fit) *compare.Outcome {
	return &compare.Outcome{Fits: fits, Results: &results.Results{Seed: 1}}
}
