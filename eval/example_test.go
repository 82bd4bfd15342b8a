package eval_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/eval"
)

// Probabilistic PCA knows its log p, so the estimate can be held against it.
func ExampleLogProb() {
	m := densitytest.NewLinear(mat.NewDense(2, 1, []float64{1, 0.5}), []float64{0, 0}, []float64{0.1, 0.1})
	x := mat.NewDense(200, 2, nil)
	m.Rand(x, density.NewSource(1, "rows"))

	exact, _ := eval.LogProb(context.Background(), m, nil, x, eval.Settings{})
	type latent struct{ density.Latent } // hides the closed form
	sampled, _ := eval.LogProb(context.Background(), latent{m}, m.Scaled(1.2), x, eval.Settings{Samples: 1000})
	difference, _ := eval.Compare(sampled, exact)
	fmt.Println(exact.Kind, sampled.Kind, difference.Significant(), len(sampled.Warnings))
	// Output: exact consistent false 0
}

// On rows simulated from the model two bounds enclose log p.
func ExampleBidirectional() {
	m := densitytest.NewCurve(4, 2, 0.2, density.NewSource(1, "weights"))
	s, err := eval.Bidirectional(context.Background(), m, 20, eval.AnnealSettings{Temperatures: 150, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	lower, upper := s.Estimates()
	fmt.Println(lower.Kind, upper.Kind, s.Gap().Mean < 0.1)
	// Output: lower_bound upper_bound true
}
