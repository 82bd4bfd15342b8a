package main

import (
	"context"
	"fmt"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
)

// heldOut is the number of test images of --pixels.
const heldOut = 2000

// measurePixels fits mixtures to images pixel by pixel, 784 columns, dequantised,
// and prints how long it takes and what each is worth on held-out images.
func measurePixels(folder string, rows, iterations int) error {
	train, test, err := dataset.OpenPair(folder, dataset.Options{})
	if err != nil {
		return err
	}
	if test == nil {
		return fmt.Errorf("%s has no test rows; want a folder with the four files of Fashion-MNIST", folder)
	}
	if train, err = train.Head(rows).Dequantize(1); err != nil {
		return err
	}
	if test, err = test.Head(heldOut).Dequantize(1); err != nil {
		return err
	}
	scale, err := density.NewStandardizing(train.X)
	if err != nil {
		return err
	}
	x, held := scale.Apply(nil, train.X), scale.Apply(nil, test.X)
	fmt.Printf("%d images of %d pixels, dequantised, at most %d iterations; %d held out\n", train.Rows(), train.Dim(), iterations, test.Rows())
	fmt.Printf("%-12s %10s %11s %9s %12s   %s\n", "family", "components", "parameters", "seconds", "iterations", "held-out nats per image, in grey levels")
	for _, c := range []struct {
		family     gmm.Covariance
		components int
	}{{gmm.Full, 1}, {gmm.FactorAnalyzers(10), 10}, {gmm.Diagonal, 10}, {gmm.Tied, 10}, {gmm.Full, 10}} {
		if err := measureFamily(x, held, c.family, c.components, iterations, scale.LogJacobian()); err != nil {
			return err
		}
	}
	return nil
}

func measureFamily(x, held *mat.Dense, family gmm.Covariance, k, iterations int, jacobian float64) error {
	begin := time.Now()
	s := gmm.Settings{Components: k, Covariance: family, Starts: 1, Iterations: iterations, Tolerance: 1e-3}
	m, report, err := gmm.Fit(context.Background(), x, s, density.NewSource(1, "bench.pixels"))
	if err != nil {
		return fmt.Errorf("%v: %w", family, err)
	}
	took := time.Since(begin)
	e := density.MeanEstimate(m.LogProb(nil, held), nil, density.ExactValue, 0).Shift(jacobian)
	note := ""
	if report.FloorActive {
		note = " (held up by the variance floor)"
	}
	fmt.Printf("%-12v %10d %11d %9.0f %12d   %.1f ± %.1f%s\n", family, k, m.NumParameters(), took.Seconds(), report.Iterations, e.Value, e.DataErr, note)
	return nil
}
