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

func Example_gap() {
	ctx := context.Background()
	data, err := dataset.Open("digits")
	if err != nil {
		log.Fatal(err)
	}
	// A linear VAE, hardly trained: log p(x) is known in closed form.
	settings := vae.Settings{Latent: 4, Hidden: []int{}, Sigma: vae.Shared, Epochs: 5}
	m, _, err := vae.Fit(ctx, data.X, nil, settings, density.NewSource(1, "gap page"))
	if err != nil {
		log.Fatal(err)
	}
	rows := data.Head(50).X
	exact, _, err := m.Marginal()
	if err != nil {
		log.Fatal(err)
	}
	bounds, err := elbo.MultiSample(ctx, m, m.Encoder(), rows, []int{1, 10, 100, 1000}, elbo.Settings{Samples: 1000, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range bounds {
		fmt.Printf("K = %4d: %.1f\n", b.K, b.Estimate().Value)
	}
	fmt.Printf("log p:    %.1f nats per row\n", stat.Mean(exact.LogProb(nil, rows), nil))
	// Output:
	// K =    1: -181.0
	// K =   10: -180.3
	// K =  100: -180.2
	// K = 1000: -180.2
	// log p:    -180.2 nats per row
}
