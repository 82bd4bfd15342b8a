package lab

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/vae"
)

// Bounds on what a page is asked to do.
const (
	// MostRows is the number of points that a browser keeps pace with.
	MostRows  = 2000
	leastRows = 3
	// MostComponents is the number of components of the mixture.
	MostComponents = 12
)

// ErrData reports points that no model can be fitted to.
var ErrData = errors.New("these points cannot be used")

// Lab holds the data and both models. Points and densities are those of the page; the
// models see the points scaled to mean 0 and variance 1 in each column, as those of
// package compare do.
type Lab struct {
	settings  Settings
	points    *mat.Dense // N×2, as they came
	x         *mat.Dense // as the models see them
	transform density.Transform

	mixture *gmm.Model
	resp    *mat.Dense // N×K: q(z|x) of the mixture

	trainer *vae.Trainer
	network *vae.Model
	grid    *codeGrid
}

// Settings says what to fit.
type Settings struct {
	// Components is that of the mixture; 0: 4.
	Components int `json:"components"`
	// Latent is the number of dimensions of the code, 1 or 2; 0: 2.
	Latent int `json:"latent"`
	// Sigma is network, shared, or fixed:V for a constant; "": shared.
	Sigma string `json:"sigma"`
	// NoPenalty takes the divergence from the prior out of training.
	NoPenalty bool   `json:"no_penalty"`
	Seed      uint64 `json:"seed"`
}

// New prepares both models for points (N×2). An error wraps [ErrData] or tells which
// setting is wrong.
func New(points *mat.Dense, s Settings) (*Lab, error) {
	n, d := points.Dims()
	switch {
	case d != 2:
		return nil, fmt.Errorf("%d columns: %w; want two", d, ErrData)
	case n < leastRows:
		return nil, fmt.Errorf("%d points: %w; give at least %d", n, ErrData, leastRows)
	case n > MostRows:
		return nil, fmt.Errorf("%d points: %w in a browser; give at most %d, or run the command", n, ErrData, MostRows)
	}
	if err := density.CheckFinite(points); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	if s.Components == 0 {
		s.Components = 4
	}
	if s.Latent == 0 {
		s.Latent = 2
	}
	if s.Components < 1 || s.Components > MostComponents || s.Latent < 1 || s.Latent > 2 {
		return nil, fmt.Errorf("%d components and a code of %d dimensions: want 1 to %d, and 1 or 2", s.Components, s.Latent, MostComponents)
	}
	l := &Lab{settings: s, points: points}
	var err error
	if l.transform, err = density.NewStandardizing(points); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	l.x = l.transform.Apply(nil, points)
	if err := l.startMixture(); err != nil {
		return nil, err
	}
	return l, l.startNetwork()
}

// Close ends what the training of the network runs on.
func (l *Lab) Close() { l.trainer.Close() }

// Numbers are the means over the points of log p(x), the ELBO and their distance, the
// divergence of q(z|x) from the posterior, in nats of the points' own units. Each is
// computed in its own way: the third is not the difference of the first two.
type Numbers struct {
	LogProb float64 `json:"log_prob"`
	ELBO    float64 `json:"elbo"`
	KL      float64 `json:"kl"`
	// Rate is KL(q(z|x)‖p(z)), and Error what quadrature may be wrong by.
	Rate  float64 `json:"rate"`
	Error float64 `json:"error"`
}

// mean of values.
func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// divergence is Σ q (log q − log p), in which q = 0 counts nothing.
func divergence(q, logp []float64) float64 {
	var sum float64
	for k, v := range q {
		if v > 0 {
			sum += v * (math.Log(v) - logp[k])
		}
	}
	return sum
}
