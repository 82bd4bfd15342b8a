package eval_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/eval"
)

// The decoder of a Curve is tiny: these are the costs of the estimators themselves.

func BenchmarkImportance(b *testing.B) {
	m := curve(4, 2, 0.2, 1)
	x := rows(m, 16, 1)
	q := density.PriorProposal(m)
	for b.Loop() {
		_, err := eval.LogProb(b.Context(), m, q, x, eval.Settings{})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N)*16*5000/b.Elapsed().Seconds(), "samples/s")
}

func BenchmarkAnneal(b *testing.B) {
	m := curve(4, 2, 0.2, 1)
	x := rows(m, 16, 1)
	var spent int64
	for b.Loop() {
		a, err := eval.Anneal(b.Context(), m, x, eval.AnnealSettings{})
		require.NoError(b, err)
		spent += a.Spent
	}
	b.ReportMetric(float64(spent)/b.Elapsed().Seconds(), "gradients/s")
}
