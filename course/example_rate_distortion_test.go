package course_test

import (
	"context"
	"fmt"
	"log"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/vae"
)

func Example_rateDistortion() {
	ctx := context.Background()
	data, err := dataset.Open("digits")
	if err != nil {
		log.Fatal(err)
	}
	train, _, test := data.Split(0.2, 0, 1)
	for _, beta := range []float64{0.5, 8} {
		settings := vae.Settings{Latent: 4, Hidden: []int{32}, Sigma: vae.Shared, Epochs: 10, Beta: beta}
		m, _, err := vae.Fit(ctx, train.X, nil, settings, density.NewSource(1, "rate-distortion page"))
		if err != nil {
			log.Fatal(err)
		}
		b, err := elbo.ELBO(ctx, m, m.Encoder(), test.X, elbo.Settings{Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		rate, distortion := 0.0, 0.0
		for i := range b.Rate {
			rate += b.Rate[i] / float64(len(b.Rate))
			distortion += b.Distortion[i] / float64(len(b.Rate))
		}
		fmt.Printf("β = %v: rate %.0f, distortion %.0f, bound %.0f\n", beta, rate, distortion, b.Estimate().Value)
	}
	// Output:
	// β = 0.5: rate 6, distortion 171, bound -177
	// β = 8: rate 0, distortion 184, bound -185
}
