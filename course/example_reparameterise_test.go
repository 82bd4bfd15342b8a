package course_test

import (
	"context"
	"fmt"
	"log"

	"likely/dataset"
	"likely/density"
	"likely/vae"
)

func Example_reparameterise() {
	ctx := context.Background()
	iris, err := dataset.Open("iris")
	if err != nil {
		log.Fatal(err)
	}
	m, _, err := vae.Fit(ctx, iris.X, nil, vae.Settings{Hidden: []int{16}, Epochs: 50}, density.NewSource(1, "page"))
	if err != nil {
		log.Fatal(err)
	}
	variance := func(o vae.Objective) float64 { // of the encoder's gradient, two codes a row
		g, err := m.GradientNoise(ctx, iris.X, o, 2, 200, density.NewSource(2, "page"))
		if err != nil {
			log.Fatal(err)
		}
		return g.Encoder.MeanVariance()
	}
	trick := variance(vae.ELBO)
	fmt.Println(variance(vae.Score) > 100*trick, variance(vae.ScoreBaseline) > 5*trick)
	// Output:
	// true true
}
