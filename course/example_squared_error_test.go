package course_test

import (
	"context"
	"fmt"
	"log"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

func Example_squaredError() {
	ctx := context.Background()
	data, err := dataset.Open("digits") // 8×8 pixels of 0 to 16
	if err != nil {
		log.Fatal(err)
	}
	train, _, test := data.Split(0.2, 0, 1)
	// Half the sum of squares on pixels from 0 to 1 is σ = 1 there, and 16 here.
	for _, sigma := range []vae.Sigma{vae.Fixed(16), vae.Shared} {
		settings := vae.Settings{Latent: 4, Hidden: []int{32}, Sigma: sigma, Epochs: 10}
		m, _, err := vae.Fit(ctx, train.X, nil, settings, density.NewSource(1, "squared-error page"))
		if err != nil {
			log.Fatal(err)
		}
		logp, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), test.X, eval.Settings{Samples: 100, Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("σ %v: log p %.0f nats per row\n", sigma, logp.Estimate().Value)
	}
	// Output:
	// σ fixed:16: log p -239 nats per row
	// σ shared: log p -174 nats per row
}
