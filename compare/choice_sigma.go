package compare

import (
	"context"
	"errors"
	"math"

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

// chooseSigma returns the standard deviation around the decoder of an autoencoder, 0 for
// binary data, and where it is from. The residuals of held rows are where it begins.
func (n plainNetwork) chooseSigma(ctx context.Context, a *vae.Autoencoder, held []judged) (sigma float64, source string, err error) {
	if a.Config().Likelihood != vae.Gaussian {
		return 0, "", nil
	}
	if v, ok := n.s.Sigma.Constant(); ok {
		return v, "as declared", nil
	}
	if len(held) == 0 {
		return max(a.ResidualSigma(n.d.Train.Model), n.leastSigma()), "its error on the training rows", nil
	}
	coders := make([]*vae.Autoencoder, len(held))
	var squares, rows float64
	for i, one := range held {
		if coders[i], _, err = one.t.(*vae.AutoencoderTrainer).Autoencoder(); err != nil {
			return 0, "", of("vae", err)
		}
		s := coders[i].ResidualSigma(one.held.Model)
		squares += s * s * float64(one.held.Rows())
		rows += float64(one.held.Rows())
	}
	residual := max(math.Sqrt(squares/rows), n.leastSigma())
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
		best, chosen := search.Choose(scores, order, nil)
		if chosen < 0 {
			break
		}
		sigma = residual * math.Pow(sigmaStep, float64(chosen))
		if gap, se := search.Difference(scores[best], logs, nil); gap > 4*se {
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
	_, variance := density.Moments(n.d.Train.Model)
	return math.Sqrt(floor * mean(variance))
}

// sigma returns the error on held rows, by which candidates are scored.
func (n plainNetwork) sigma(a *vae.Autoencoder, held *Part) float64 {
	if a.Config().Likelihood != vae.Gaussian {
		return 0
	}
	if v, ok := n.s.Sigma.Constant(); ok {
		return v
	}
	return max(a.ResidualSigma(held.Model), n.leastSigma())
}

// scoreSigma returns the bound on log p of held rows.
func (n plainNetwork) scoreSigma(ctx context.Context, coders []*vae.Autoencoder, held []judged, sigma float64) ([]float64, error) {
	p := &networkProblem{chooser: &chooser{j: n.j, d: n.d, name: autoencoder{}.Name()}, network: n}
	var scores []float64
	for i, one := range held {
		m, err := n.assume(ctx, coders[i], one.train, sigma)
		if err != nil {
			return nil, err
		}
		logs, err := p.bound(ctx, m, one.held.Head(mostHeld))
		if err != nil {
			return nil, err
		}
		scores = append(scores, logs...)
	}
	return scores, nil
}

// assume makes a density of an autoencoder, with little work.
func (n plainNetwork) assume(ctx context.Context, a *vae.Autoencoder, train *Part, sigma float64) (*vae.Model, error) {
	s := gmm.Settings{Components: n.j.codeComponents(train), Floor: n.j.Settings.Floor, Starts: 2, SplitMerge: -1, Tolerance: choiceTolerance}
	m, _, err := a.Density(ctx, train.Model, sigma, s, density.NewSource(n.j.Settings.Seed, "comparison.ae choice codes"))
	if err != nil && errors.Is(err, gmm.ErrTooFewRows) {
		s.Components = 1
		m, _, err = a.Density(ctx, train.Model, sigma, s, density.NewSource(n.j.Settings.Seed, "comparison.ae choice codes"))
	}
	return m, err
}
