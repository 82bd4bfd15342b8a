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

func Example_autoencoder() {
	digits, err := dataset.Open("digits")
	if err != nil {
		log.Fatal(err)
	}
	train, _, test := digits.Split(0.2, 0, 1)
	settings := vae.Settings{Latent: 8, Hidden: []int{64}, Epochs: 30}
	a, _, err := vae.FitAutoencoder(context.Background(), train.X, nil, settings, density.NewSource(1, "page"))
	if err != nil {
		log.Fatal(err)
	}
	codes := a.Encode(nil, test.X)   // 64 pixels become 8 numbers
	pictures := a.Decode(nil, codes) // and 64 pixels again
	_, width := pictures.Dims()
	_, variance := density.Moments(test.X)
	left := floats.Sum(a.ReconstructionError(nil, test.X)) / float64(test.Rows())
	fmt.Println(width, left < 0.4*floats.Sum(variance)/64)
	// Output:
	// 64 true
}
