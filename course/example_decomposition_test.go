package course_test

import (
	"context"
	"fmt"
	"log"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/gmm"
)

func Example_decomposition() {
	ctx := context.Background()
	faithful, err := dataset.Open("faithful")
	if err != nil {
		log.Fatal(err)
	}
	m, _, err := gmm.Fit(ctx, faithful.X, gmm.Settings{Components: 2}, density.NewSource(1, "page"))
	if err != nil {
		log.Fatal(err)
	}
	// As q take the prior: the weights, whatever x is.
	b, err := elbo.ELBO(ctx, m, density.PriorProposal(m), faithful.X, elbo.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	bound := -b.Distortion[0] - b.Rate[0]
	fmt.Printf("log p %.3f = bound %.3f + divergence %.3f\n", m.LogProb(nil, faithful.X)[0], bound, b.Divergence[0])
	// Output:
	// log p -4.637 = bound -11.022 + divergence 6.385
}
