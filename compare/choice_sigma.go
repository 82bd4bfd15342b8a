package compare

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"likely/density"
	"likely/gmm"
	"likely/search"
	"likely/vae"
)

// σ of a plain autoencoder is chosen like a size: by log p of rows that it was not
// trained on, the simplest within one standard error. Simpler is the wider: few rows
// whose decoder happens to hit them cannot make it as narrow as they please.
const (
	sigmaStep  = 1.5
	sigmaSteps = 16
)

// chooseSigma returns the standard deviations around the decoder of an autoencoder, one,
// or one for each column where these differ, and where they are from. The residuals of held
// rows are where it begins.
func (n plainNetwork) chooseSigma(ctx context.Context, a *vae.Autoencoder, held []judged) (sigmas []float64, source string, err error) {
	if len(held) == 0 {
		sigmas, source = declaredSigma(a, n.j, n.d.Train, nil)
		return sigmas, source, nil
	}
	_, declared := n.s.Sigma.Constant()
	if c := a.Config(); declared || c.Columns != nil || c.Likelihood != vae.Gaussian {
		sigmas, source = declaredSigma(a, n.j, n.d.Train, n.d.Valid)
		return sigmas, source, nil
	}
	sigma, source, err := n.widestSigma(ctx, held)
	return []float64{sigma}, source, err
}

// widestSigma returns the widest σ under which rows left out are as likely as under any,
// within one standard error.
func (n plainNetwork) widestSigma(ctx context.Context, held []judged) (sigma float64, source string, err error) {
	coders := make([]*vae.Autoencoder, len(held))
	var squares, rows float64
	for i, one := range held {
		if coders[i], _, err = one.t.(*vae.AutoencoderTrainer).Autoencoder(); err != nil {
			return 0, "", of("vae", err)
		}
		s := coders[i].ResidualSigma(one.held.Model, one.held.Weights)
		squares += s * s * one.held.TotalWeight()
		rows += one.held.TotalWeight()
	}
	residual := max(math.Sqrt(squares/rows), n.leastSigma())
	var weights []float64
	for _, one := range held {
		weights = append(weights, one.held.Weights...)
	}
	var scores [][]float64
	var order []int // the widest is the simplest
	sigma = residual
	for step := 0; step < sigmaSteps; step++ {
		logs, err := n.scoreSigma(ctx, coders, held, residual*math.Pow(sigmaStep, float64(step)))
		if err != nil {
			if step == 0 || ctx.Err() != nil {
				return residual, "its error on rows that it was not trained on", ctx.Err()
			}
			break
		}
		scores, order = append(scores, logs), append(order, -step)
		best, chosen := search.Choose(scores, order, weights)
		if chosen < 0 {
			break
		}
		sigma = residual * math.Pow(sigmaStep, float64(chosen))
		if gap, se := search.Difference(scores[best], logs, weights); gap > 4*se {
			break // far beyond what is wanted
		}
	}
	return sigma, "chosen by rows that it was not trained on", nil
}

// leastSigma is the floor.
func (n plainNetwork) leastSigma() float64 {
	floor := n.j.Settings.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	variance := observedVariance(n.d.Train.Model, n.d.Train.Weights)
	return math.Sqrt(floor * mean(variance))
}

// scoreSigma returns the bound on log p of held rows.
func (n plainNetwork) scoreSigma(ctx context.Context, coders []*vae.Autoencoder, held []judged, sigma float64) ([]float64, error) {
	p := &networkProblem{chooser: &chooser{j: n.j, d: n.d, name: autoencoder{}.Name()}, network: n}
	var scores []float64
	for i, one := range held {
		m, err := n.assume(ctx, coders[i], one.train, []float64{sigma})
		if err != nil {
			return nil, err
		}
		logs, err := p.bound(ctx, m, one.held)
		if err != nil {
			return nil, err
		}
		scores = append(scores, logs...)
	}
	return scores, nil
}

// assume makes a density of an autoencoder, with little work.
func (n plainNetwork) assume(ctx context.Context, a *vae.Autoencoder, train *Part, sigmas []float64) (*vae.Model, error) {
	s := gmm.Settings{Components: n.j.codeComponents(train), Floor: n.j.Settings.Floor, Starts: 2, SplitMerge: -1, Tolerance: choiceTolerance, Weights: train.Weights}
	source := func() rand.Source { return density.NewSource(n.j.Settings.Seed, "comparison.ae choice codes") }
	m, _, err := densityOf(ctx, a, sigmas, train, s, source())
	if errors.Is(err, gmm.ErrTooFewRows) {
		s.Components = 1
		m, _, err = densityOf(ctx, a, sigmas, train, s, source())
	}
	return m, err
}
