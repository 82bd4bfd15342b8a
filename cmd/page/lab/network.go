package lab

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/vae"
)

// Training of the network: few units and all rows in a step, so that a step is an epoch.
const (
	hidden    = 24
	rate      = 0.01
	draws     = 4
	mostSteps = 1 << 20
)

// tiny is the weight of the divergence from the prior where it is taken out: the
// trainer takes 0 for 1.
const tiny = 1e-9

func (l *Lab) startNetwork() error {
	s := vae.Settings{
		Latent: l.settings.Latent, Hidden: []int{hidden}, Batch: l.x.RawMatrix().Rows, Epochs: mostSteps,
		Rate: rate, Samples: draws, Schedule: vae.Constant, Precision: vae.Float64, Floor: 1e-4, Sigma: vae.Shared,
	}
	if l.settings.Sigma != "" {
		if err := s.Sigma.UnmarshalText([]byte(l.settings.Sigma)); err != nil {
			return err
		}
	}
	if l.settings.NoPenalty {
		s.Beta = tiny
	}
	var err error
	if l.trainer, err = vae.NewTrainer(l.x, nil, s, density.NewSource(l.settings.Seed, "page.vae")); err != nil {
		return err
	}
	l.grid = newCodeGrid(l.settings.Latent)
	return l.refresh()
}

// refresh takes the model as training has it now.
func (l *Lab) refresh() error {
	m, _, err := l.trainer.Model()
	if err == nil {
		l.network = m
	}
	return err
}

// Half says which half of the network a step moves.
type Half string

// The halves of the network, and both.
const (
	Encoder Half = "encoder"
	Decoder Half = "decoder"
	Both    Half = "both"
)

// Train makes steps of the optimiser on a half of the network.
func (l *Lab) Train(half Half, steps int) error {
	switch half {
	case Encoder, Decoder, Both:
	default:
		return fmt.Errorf("%q is no half of the network; want %s, %s or %s", half, Encoder, Decoder, Both)
	}
	l.trainer.Hold(half == Decoder, half == Encoder)
	for range steps {
		if _, err := l.trainer.Epoch(context.Background()); err != nil {
			return err
		}
	}
	return l.refresh()
}

// Network returns the numbers of the network as it is. log p(x) is the integral over a
// grid of codes, the ELBO the closed divergence from the prior and Gauss–Hermite
// quadrature of log p(x|z), and the divergence from the posterior a sum over a grid
// around each q(z|x).
func (l *Lab) Network() Numbers {
	n, _ := l.x.Dims()
	jacobian := l.transform.LogJacobian()
	logp, worst := l.grid.logProb(l.network, l.x)
	kl := l.network.Encoder().KLPrior(nil, l.x)
	out := Numbers{LogProb: mean(logp) + jacobian, Rate: mean(kl), Error: worst}
	mu, logvar := l.network.Encoder().Moments(l.x)
	fine, coarse := trapezoid(l.settings.Latent), hermite(l.settings.Latent)
	out.ELBO = -out.Rate + jacobian
	for i := range n {
		lik, _, _ := around(l.network, l.x.RawRowView(i), mu.RawRowView(i), logvar.RawRowView(i), coarse)
		for s, w := range coarse.weights {
			out.ELBO += w * lik[s] / float64(n)
		}
		lik, logq, prior := around(l.network, l.x.RawRowView(i), mu.RawRowView(i), logvar.RawRowView(i), fine)
		for s, w := range fine.weights {
			out.KL += w * (logq[s] - lik[s] - prior[s] + logp[i]) / float64(n)
		}
	}
	return out
}

// around returns log p(x|z), log q(z|x) and log p(z) at the nodes of a rule, placed by
// the moments of q.
func around(m *vae.Model, x, mu, logvar []float64, r rule) (lik, logq, prior []float64) {
	s, d := len(r.weights), len(mu)
	z, xs := mat.NewDense(s, d, nil), mat.NewDense(s, len(x), nil)
	logq = make([]float64, s)
	for k := range s {
		xs.SetRow(k, x)
		for j := range d {
			t := r.nodes[k*d+j]
			z.Set(k, j, mu[j]+t*math.Exp(logvar[j]/2))
			logq[k] += -0.5*(math.Log(2*math.Pi)+t*t) - logvar[j]/2
		}
	}
	return m.LogLik(nil, xs, z), logq, m.LogPrior(nil, z)
}
