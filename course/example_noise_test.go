package course_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/vae"
)

func Example_noise() {
	iris, err := dataset.Open("iris")
	if err != nil {
		log.Fatal(err)
	}
	for _, beta := range []float64{1e-9, 1} { // the weight of the penalty
		settings := vae.Settings{Latent: 4, Hidden: []int{16}, Epochs: 600, Rate: 3e-3, Sigma: vae.Fixed(0.3), Beta: beta}
		m, _, err := vae.Fit(context.Background(), iris.X, nil, settings, density.NewSource(1, "page"))
		if err != nil {
			log.Fatal(err)
		}
		_, logvar := m.Encoder().Moments(iris.X)
		fmt.Println(beta, "mean log-variance below −3:", mat.Sum(logvar)/150/4 < -3)
	}
	// Output:
	// 1e-09 mean log-variance below −3: true
	// 1 mean log-variance below −3: false
}
