package course_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/eval/novelty"
	"likely/vae"
)

func Example_novelty() {
	ctx := context.Background()
	data, err := dataset.Open("digits")
	if err != nil {
		log.Fatal(err)
	}
	train, _, held := data.Split(0.2, 0, 1)
	settings := vae.Settings{Latent: 8, Hidden: []int{64}, Sigma: vae.Shared, Epochs: 20}
	m, _, err := vae.Fit(ctx, train.X, nil, settings, density.NewSource(1, "novelty page"))
	if err != nil {
		log.Fatal(err)
	}
	z := mat.NewDense(100, 8, nil)
	m.RandPrior(z, density.NewSource(2, "novelty page"))
	for _, set := range []novelty.Control{
		{Name: "training digits", Rows: train.Head(100).X},
		{Name: "decoded codes", Rows: m.DecodeMean(nil, z)},
		{Name: "held-out digits", Rows: held.Head(100).X},
	} {
		distance, err := novelty.Hull(ctx, set.Rows, train.X, 10)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-16s %4.1f from the hull of ten near digits\n", set.Name, stat.Mean(distance, nil))
	}
	// Output:
	// training digits   0.0 from the hull of ten near digits
	// decoded codes    13.1 from the hull of ten near digits
	// held-out digits  11.9 from the hull of ten near digits
}
