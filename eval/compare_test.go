package eval_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"likely/eval"
)

// Weights are repetitions, in means and in paired differences.
func TestCompareWeighs(t *testing.T) {
	a := &eval.Result{LogProb: []float64{1, 2, 4}, Weights: []float64{1, 3, 2}}
	b := &eval.Result{LogProb: []float64{0, 0, 0}, Weights: []float64{1, 3, 2}}
	d, err := eval.Compare(a, b)
	require.NoError(t, err)
	many := &eval.Result{LogProb: []float64{1, 2, 2, 2, 4, 4}}
	want, err := eval.Compare(many, &eval.Result{LogProb: make([]float64, 6)})
	require.NoError(t, err)
	require.InEpsilon(t, want.Mean, d.Mean, 1e-14)
	require.InEpsilon(t, want.DataErr, d.DataErr, 1e-14)
	b.Weights = nil
	_, err = eval.Compare(a, b)
	require.ErrorIs(t, err, eval.ErrMismatch)
	require.InEpsilon(t, many.Estimate().Value, a.Estimate().Value, 1e-14)
	trusted, ok := a.Trusted()
	require.True(t, ok)
	require.InEpsilon(t, many.Estimate().DataErr, trusted.DataErr, 1e-14)
}
