package course_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/vae"
)

func Example_encoderOnly() {
	ctx := context.Background()
	data, err := dataset.Open("faithful")
	if err != nil {
		log.Fatal(err)
	}
	// A linear decoder, hardly trained, so that its posterior is still tilted.
	settings := vae.Settings{Latent: 2, Hidden: []int{}, Sigma: vae.PerDim, Epochs: 2, Precision: vae.Float64}
	m, _, err := vae.Fit(ctx, data.X, nil, settings, density.NewSource(1, "encoder-only page"))
	if err != nil {
		log.Fatal(err)
	}
	rows := data.Head(20).X
	exact, _, err := m.Marginal() // log p(x) in closed form
	if err != nil {
		log.Fatal(err)
	}
	logp := stat.Mean(exact.LogProb(nil, rows), nil)
	for _, family := range []elbo.Family{elbo.Diagonal, elbo.Full} {
		best, err := elbo.Refine(ctx, m, m.Encoder(), rows, elbo.RefineSettings{Family: family, Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		bound, err := elbo.ELBO(ctx, m, best.Proposal, rows, elbo.Settings{Samples: 4000, Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("best %v q: %.2f nats short\n", family, logp-bound.Estimate().Value)
	}
	// Output:
	// best diagonal q: 0.03 nats short
	// best full q: 0.00 nats short
}
