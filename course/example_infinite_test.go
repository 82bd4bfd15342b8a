package course_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/floats"

	"likely/dataset"
	"likely/density"
	"likely/vae"
)

func Example_infinite() {
	moons, _, err := dataset.Synthetic("moons", 500, 1)
	if err != nil {
		log.Fatal(err)
	}
	settings := vae.Settings{Latent: 2, Hidden: []int{16}, Epochs: 60}
	m, _, err := vae.Fit(context.Background(), moons.X, nil, settings, density.NewSource(1, "page"))
	if err != nil {
		log.Fatal(err)
	}
	var last float64
	for _, s := range []int{10, 1000, 100_000} { // so many draws of z, so many Gaussians
		mixture, err := m.Mixture(s, density.NewSource(2, "page"))
		if err != nil {
			log.Fatal(err)
		}
		last = floats.Sum(mixture.LogProb(nil, moons.X)) / 500
	}
	fmt.Printf("log p of the largest mixture: %.1f nats per row\n", last)
	// Output:
	// log p of the largest mixture: -1.9 nats per row
}
