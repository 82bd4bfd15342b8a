// Command gradients measures and draws how noisy the gradient estimators of a
// variational autoencoder are, as the number K of codes for each row grows:
//
//	go run ./bench/gradients --out docs/figures
//
// It fits a small model to faithful for a few epochs, takes one minibatch, and
// draws each gradient many times. The table on standard output and the two figures
// are those of docs/gradients.md; the same seed gives the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"

	"likely/dataset"
	"likely/density"
	"likely/figure"
	"likely/vae"
)

func main() {
	var s study
	flag.StringVar(&s.out, "out", ".", "folder for the figures")
	flag.IntVar(&s.draws, "draws", 20000, "gradients for each estimator")
	flag.IntVar(&s.epochs, "epochs", 20, "epochs of training before")
	flag.IntVar(&s.rows, "rows", 20, "rows of the minibatch")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of all randomness")
	flag.Parse()
	if flag.NArg() != 0 || s.draws < 2 || s.epochs < 1 || s.rows < 1 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/gradients [flags]")
		flag.PrintDefaults()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "gradients:", err)
		os.Exit(1)
	}
}

type study struct {
	out                 string
	draws, epochs, rows int
	seed                uint64
}

// objectives are the estimators; ELBO is left out for what its closed divergence
// and its pairs of opposite noise add.
var objectives = []vae.Objective{vae.Score, vae.ScoreBaseline, vae.SampledELBO, vae.STL, vae.IWAE, vae.DReG}

func (s *study) run(ctx context.Context) error {
	d, err := dataset.Open("faithful")
	if err != nil {
		return err
	}
	m, _, err := vae.Fit(ctx, d.X, nil, vae.Settings{Hidden: []int{10}, Latent: 1, Epochs: s.epochs, Precision: vae.Float64}, density.NewSource(s.seed, "gradients fit"))
	if err != nil {
		return err
	}
	x := density.Rows(d.X, 0, min(s.rows, d.Rows()))
	var variances, ratios []figure.Curve
	fmt.Println("estimator        K   variance, encoder   SNR, encoder   SNR, decoder")
	for _, o := range objectives {
		variance, ratio := figure.Curve{Name: o.String()}, figure.Curve{Name: o.String()}
		for k := 1; k <= 64; k *= 2 {
			if o == vae.ScoreBaseline && k == 1 {
				continue // it has no baseline
			}
			g, err := m.GradientNoise(ctx, x, o, k, s.draws, density.NewSource(s.seed, "gradients", uint64(o), uint64(k)))
			if err != nil {
				return err
			}
			v, snr := g.Encoder.MeanVariance(), g.Encoder.SNR()
			fmt.Printf("%-14s %3d   %17.3g   %12s   %12.3g\n", o, k, v, ratioText(snr, s.draws), g.Decoder.SNR())
			variance.X, variance.Y = append(variance.X, float64(k)), append(variance.Y, math.Log10(v))
			if measurable(snr, s.draws) {
				ratio.X, ratio.Y = append(ratio.X, float64(k)), append(ratio.Y, math.Log10(snr))
			}
		}
		variances = append(variances, variance)
		if len(ratio.X) > 1 {
			ratios = append(ratios, ratio)
		}
	}
	for _, f := range []struct {
		file, title, y string
		curves         []figure.Curve
	}{
		{"gradient-variance", "Variance of the encoder's gradient", "log₁₀ of the mean variance of a parameter", variances},
		{"gradient-snr", "Signal-to-noise ratio of the encoder's gradient", "log₁₀ of the ratio", ratios},
	} {
		drawing, err := figure.Curves(f.title, figure.CurvesAxes{X: "codes drawn for each row, K", Y: f.y, LogX: true}, f.curves, nil)
		if err != nil {
			return err
		}
		if err := drawing.Save(filepath.Join(s.out, f.file+".svg")); err != nil {
			return err
		}
	}
	return nil
}

// measurable says whether a ratio is three times as large as the noise of its
// measurement, √(√2/draws), or more.
func measurable(snr float64, draws int) bool {
	return snr > 3*math.Sqrt(math.Sqrt2/float64(draws)) && !math.IsInf(snr, 0)
}

func ratioText(snr float64, draws int) string {
	if !measurable(snr, draws) {
		return fmt.Sprintf("< %.2g", 3*math.Sqrt(math.Sqrt2/float64(draws)))
	}
	return fmt.Sprintf("%.3g", snr)
}
