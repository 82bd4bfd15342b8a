package course_test

import (
	"context"
	"fmt"
	"log"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/gmm"
	"likely/vae"
)

func Example_prior() {
	ctx := context.Background()
	moons, _, err := dataset.Synthetic("moons", 300, 1)
	if err != nil {
		log.Fatal(err)
	}
	train, _, test := moons.Split(0.3, 0, 1)
	normal, _, err := vae.Fit(ctx, train.X, nil, vae.Settings{Hidden: []int{16}, Epochs: 100}, density.NewSource(1, "page"))
	if err != nil {
		log.Fatal(err)
	}
	// The same network; only p(z) becomes a mixture, fitted to the codes.
	mixture, _, err := normal.FitPrior(ctx, train.X, gmm.Settings{Components: 8}, density.NewSource(2, "page"))
	if err != nil {
		log.Fatal(err)
	}
	logp := func(m *vae.Model) *eval.Result {
		result, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), test.X, eval.Settings{Samples: 500})
		if err != nil {
			log.Fatal(err)
		}
		return result
	}
	gain, err := eval.Compare(logp(mixture), logp(normal))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the mixture gains:", gain.Mean > 0)
	// Output:
	// the mixture gains: true
}
