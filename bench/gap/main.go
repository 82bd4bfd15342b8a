// Command gap repeats an experiment of Cremer, Li & Duvenaud (Inference
// Suboptimality in Variational Autoencoders, ICML 2018, table 2): by how much the
// bound of a variational autoencoder is below log p(x) because its encoder's family
// of q(z|x) is too small (approximation gap), and by how much because the encoder
// does not find the best member of the family (amortisation gap).
//
//	go run ./bench/gap FOLDER
//
// FOLDER holds the four files of Fashion-MNIST or MNIST. Images are cut at half of
// the range; a network 784-200-200-50 with ELU and Bernoulli pixels is trained on
// the first 55,000 and stopped by the others; the gaps are those of the first
// training images.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

func main() {
	var e experiment
	flag.IntVar(&e.rows, "rows", 1000, "training images whose gaps are taken")
	flag.IntVar(&e.train, "train", 55000, "images to train on; those after them stop the training")
	flag.IntVar(&e.epochs, "epochs", 100, "most epochs of training")
	flag.IntVar(&e.samples, "samples", 5000, "importance samples for each image")
	flag.IntVar(&e.temperatures, "temperatures", 200, "steps of the annealing schedule")
	flag.IntVar(&e.annealed, "annealed-rows", 100, "images that log p is annealed for too, as a check; 0: none")
	flag.IntVar(&e.steps, "steps", 4000, "most steps of the refinement of q for an image")
	flag.BoolVar(&e.full, "full", false, "refine normals with full covariance too")
	flag.Parse()
	if flag.NArg() != 1 || e.rows < 1 || e.train < e.rows || e.epochs < 1 || e.samples < 2 || e.temperatures < 1 || e.annealed < 0 || e.annealed > e.rows || e.steps < 1 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/gap [flags] FOLDER")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err := e.run(context.Background(), flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "gap:", err)
		os.Exit(1)
	}
}

type experiment struct {
	rows, train, epochs, samples, temperatures, annealed, steps int
	full                                                        bool
}

const seed = 1

func (e *experiment) run(ctx context.Context, folder string) error {
	images, _, err := dataset.OpenPair(folder, dataset.Options{})
	if err != nil {
		return err
	}
	if images, err = images.BinarizeThreshold(); err != nil {
		return err
	}
	n := images.Rows()
	if e.train >= n {
		return fmt.Errorf("%s has %d images; leave some of them to stop the training", folder, n)
	}
	fmt.Printf("%s cut at half, %d images to train, 784-200-200-50, ELU, Bernoulli, %d threads\n", images.Name, e.train, runtime.GOMAXPROCS(0))
	m, err := e.fit(ctx, density.Rows(images.X, 0, e.train), density.Rows(images.X, e.train, n))
	if err != nil {
		return err
	}
	return e.gaps(ctx, m, density.Rows(images.X, 0, e.rows))
}

func (e *experiment) fit(ctx context.Context, train, valid *mat.Dense) (*vae.Model, error) {
	begin := time.Now()
	m, report, err := vae.Fit(ctx, train, valid, vae.Settings{
		Latent: 50, Hidden: []int{200, 200}, Activation: vae.ELU, Likelihood: vae.Bernoulli,
		Batch: 100, Epochs: e.epochs,
	}, rand.NewPCG(seed, seed))
	if err != nil {
		return nil, err
	}
	last := report.History[len(report.History)-1]
	fmt.Printf("%d epochs in %.0f s: training bound %.2f nats, of the other images %.2f\n", len(report.History), time.Since(begin).Seconds(), last.Train, last.Valid)
	return m, nil
}

// gaps prints the bounds of some images, log p, and the parts of what is between.
func (e *experiment) gaps(ctx context.Context, m *vae.Model, x *mat.Dense) error {
	q := m.Encoder()
	bound := func(q density.Proposal) (*elbo.Bound, error) {
		return elbo.ELBO(ctx, m, q, x, elbo.Settings{Samples: 1000, Seed: seed})
	}
	amortized, err := bound(q)
	if err != nil {
		return err
	}
	begin := time.Now()
	refined, err := e.refine(ctx, m, q, x, elbo.Diagonal, e.steps)
	if err != nil {
		return err
	}
	best, err := bound(refined)
	if err != nil {
		return err
	}
	fmt.Printf("ELBO[q*] %v, in %.0f s\n", best.Estimate(), time.Since(begin).Seconds())
	again, err := e.refine(ctx, m, refined, x, elbo.Diagonal, e.steps) // from where the first one ended
	if err != nil {
		return err
	}
	if longer, err := bound(again); err != nil {
		return err
	} else {
		fmt.Printf("ELBO[q*] after as many steps again: %v\n", longer.Estimate())
		best = longer
	}
	proposal := elbo.Defensive([]float64{0.9, 0.1}, again, q)
	begin = time.Now()
	logp, err := eval.LogProb(ctx, m, proposal, x, eval.Settings{Samples: e.samples, Seed: seed, Measure: density.Binary})
	if err != nil {
		return err
	}
	fmt.Printf("log p, %d samples from 0.9 q* + 0.1 q: %v, in %.0f s; %d images with a Pareto k̂ above the threshold\n", e.samples, logp.Estimate(), time.Since(begin).Seconds(), len(logp.Untrusted()))
	if e.annealed > 0 {
		if err := e.check(ctx, m, density.Rows(x, 0, e.annealed), logp.LogProb[:e.annealed]); err != nil {
			return err
		}
	}
	gap, err := eval.NewGap(logp, best, amortized)
	if err != nil {
		return err
	}
	total, approximation, amortization := gap.Estimates()
	fmt.Printf("\n%-22s %v\n%-22s %v\n%-22s %v\n", "log p", logp.Estimate(), "ELBO[q*]", best.Estimate(), "ELBO[q]", amortized.Estimate())
	fmt.Printf("%-22s %v\n%-22s %v\n%-22s %v\n", "approximation gap", approximation, "amortisation gap", amortization, "both", total)
	if !e.full {
		return nil
	}
	wide, err := e.refine(ctx, m, again, x, elbo.Full, e.steps)
	if err != nil {
		return err
	}
	b, err := bound(wide)
	if err != nil {
		return err
	}
	fmt.Printf("%-22s %v\n", "ELBO[full q*]", b.Estimate())
	return nil
}

func (e *experiment) refine(ctx context.Context, m *vae.Model, q density.Proposal, x *mat.Dense, family elbo.Family, steps int) (*elbo.Normals, error) {
	r, err := elbo.Refine(ctx, m, q, x, elbo.RefineSettings{Family: family, Steps: steps, Seed: seed})
	if err != nil {
		return nil, err
	}
	converged, sum := 0, 0
	for i, done := range r.Converged {
		if done {
			converged++
		}
		sum += r.Steps[i]
	}
	fmt.Printf("q refined: %d of %d images converged, %d steps in the mean\n", converged, len(r.Steps), sum/len(r.Steps))
	return r.Proposal, nil
}

// check anneals log p of some of the images.
func (e *experiment) check(ctx context.Context, m *vae.Model, x *mat.Dense, sampled []float64) error {
	begin := time.Now()
	a, err := eval.Anneal(ctx, m, x, eval.AnnealSettings{Temperatures: e.temperatures, Seed: seed, Measure: density.Binary})
	if err != nil {
		return err
	}
	difference := make([]float64, len(sampled))
	for i, v := range a.LogProb {
		difference[i] = v - sampled[i]
	}
	d := density.MeanEstimate(difference, a.StdErr, density.Consistent, 16)
	fmt.Printf("annealed log p less that, %d temperatures, first %d images: %v, in %.0f s\n", e.temperatures, len(sampled), d, time.Since(begin).Seconds())
	return nil
}
