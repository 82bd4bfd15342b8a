// Command outside uses likely from a module of its own.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"likely/compare"
	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/gmm"
	"likely/report"
	"likely/results"
	"likely/saved"
	"likely/vae"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	// Read a table.
	table := filepath.Join(dir, "table.csv")
	data, err := dataset.Open(table)
	if err != nil {
		return err
	}
	transform, err := density.NewStandardizing(data.X)
	if err != nil {
		return err
	}
	x := transform.Apply(nil, data.X)

	// Fit a mixture, whose log p(x) is exact, and a VAE, whose log p(x) is estimated.
	mixture, _, err := gmm.Fit(ctx, x, gmm.Settings{Components: 2}, density.NewSource(1, "mixture"))
	if err != nil {
		return err
	}
	network, _, err := vae.Fit(ctx, x, nil, vae.Settings{Latent: 1, Hidden: []int{8}, Epochs: 20}, density.NewSource(1, "network"))
	if err != nil {
		return err
	}
	exact, err := eval.LogProb(ctx, mixture, nil, x, eval.Settings{})
	if err != nil {
		return err
	}
	estimate, err := eval.LogProb(ctx, network, network.Encoder(), x, eval.Settings{Samples: 200})
	if err != nil {
		return err
	}
	jacobian := transform.LogJacobian() // back to the units of the data
	fmt.Println("mixture:", exact.Estimate().Shift(jacobian))
	fmt.Println("network:", estimate.Estimate().Shift(jacobian))

	// Save the mixture with what was done to its rows, load it, score a file with it.
	preparation := saved.NewPreparation(data, false, dataset.NotBinarized, 1)
	preparation.Transform = transform
	file := filepath.Join(dir, "mixture.safetensors")
	if err := (&saved.Model{Name: "gmm", Fitted: mixture, Preparation: preparation}).Save(file); err != nil {
		return err
	}
	model, err := saved.Load(file)
	if err != nil {
		return err
	}
	scored, err := compare.Score(ctx, model, data, eval.DefaultSamples, 1)
	if err != nil {
		return err
	}
	fmt.Println("loaded: ", scored.Estimate())

	// Run a whole comparison, and write what the command would write.
	settings := compare.Default()
	settings.Dataset, settings.Models = table, []string{"gaussian", "gmm"}
	outcome, err := (&compare.Job{Settings: settings}).Run(ctx)
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "out")
	if err := report.Write(ctx, out, outcome, nil); err != nil {
		return err
	}
	written, err := os.Open(filepath.Join(out, results.FileName))
	if err != nil {
		return err
	}
	defer written.Close()
	again, err := results.ReadJSON(written)
	if err != nil {
		return err
	}
	return report.Text(os.Stdout, again)
}
