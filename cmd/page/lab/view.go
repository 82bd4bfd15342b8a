package lab

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/gmm"
)

// Frame is the part of the plane that is shown.
type Frame struct {
	From  [2]float64 `json:"from"`
	To    [2]float64 `json:"to"`
	Nodes int        `json:"nodes"`
}

// sketched is the number of codes that stand for the prior in a picture.
const sketched = 1024

// Mixture of the network: the codes of a picture, or s of them.
func (l *Lab) sketch(s int) (*gmm.Model, error) {
	if s == 0 {
		s = sketched
	}
	return l.network.MixtureSobol(s, density.NewSource(l.settings.Seed, "page.sketch"))
}

// Fields returns log p at the nodes of a frame under both models, the rows of the
// picture from the top, in nats of the points' units. s > 0 replaces the network by the
// mixture of s of its Gaussians.
func (l *Lab) Fields(f Frame, s int) (mixture, network []float32, err error) {
	if f.Nodes < 2 || f.Nodes > 200 || !(f.From[0] < f.To[0]) || !(f.From[1] < f.To[1]) || s < 0 || s > 1<<14 {
		return nil, nil, fmt.Errorf("a frame of %d nodes from %v to %v with %d codes cannot be drawn", f.Nodes, f.From, f.To, s)
	}
	x := mat.NewDense(f.Nodes*f.Nodes, 2, nil)
	step := func(k, j int) float64 { return f.From[k] + (f.To[k]-f.From[k])*float64(j)/float64(f.Nodes-1) }
	for i := range f.Nodes {
		for j := range f.Nodes {
			x.SetRow(i*f.Nodes+j, []float64{step(0, j), step(1, f.Nodes-1-i)})
		}
	}
	l.transform.Apply(x, x)
	made, err := l.sketch(s)
	if err != nil {
		return nil, nil, err
	}
	jacobian := l.transform.LogJacobian()
	single := func(values []float64) []float32 {
		out := make([]float32, len(values))
		for i, v := range values {
			out[i] = float32(math.Max(v+jacobian, -1e30))
		}
		return out
	}
	return single(l.mixture.LogProb(nil, x)), single(made.LogProb(nil, x)), nil
}

// Codes returns the means and the standard deviations of q(z|x) of every point, flat.
func (l *Lab) Codes() (mean, sd []float64) {
	mu, logvar := l.network.Encoder().Moments(l.x)
	for _, v := range logvar.RawMatrix().Data {
		sd = append(sd, math.Exp(v/2))
	}
	return mu.RawMatrix().Data, sd
}

// Decode returns the mean and the standard deviations of p(x|z), in the points' units.
func (l *Lab) Decode(z []float64) (mean, sd [2]float64, err error) {
	if len(z) != l.settings.Latent {
		return mean, sd, fmt.Errorf("a code of %d numbers: want %d", len(z), l.settings.Latent)
	}
	mu, logvar := mat.NewDense(1, 2, nil), mat.NewDense(1, 2, nil)
	l.network.Decode(mu, logvar, mat.NewDense(1, len(z), z))
	x := l.transform.Invert(nil, mu)
	for j := range 2 {
		mean[j], sd[j] = x.At(0, j), l.transform.Scale[j]*math.Exp(logvar.At(0, j)/2)
	}
	return mean, sd, nil
}

// Rung is one estimate of log p of a point.
type Rung struct {
	Name string  `json:"name"`
	Nats float64 `json:"nats"`
}

// Ladder returns what is said of log p of one point by the ELBO, by the K-sample bound
// for each of ks, and by the integral over the code.
func (l *Lab) Ladder(row int, ks []int) ([]Rung, error) {
	n, _ := l.x.Dims()
	if row < 0 || row >= n {
		return nil, fmt.Errorf("point %d of %d: there is none", row+1, n)
	}
	x := density.Rows(l.x, row, row+1)
	jacobian := l.transform.LogJacobian()
	ctx := context.Background()
	bound, err := elbo.ELBO(ctx, l.network, l.network.Encoder(), x, elbo.Settings{Samples: 2000, Seed: l.settings.Seed})
	if err != nil {
		return nil, err
	}
	rungs := []Rung{{"ELBO", bound.Estimate().Value + jacobian}}
	for _, k := range ks {
		many, err := elbo.MultiSample(ctx, l.network, l.network.Encoder(), x, []int{k}, elbo.Settings{Samples: max(2000/k, 8) * k, Seed: l.settings.Seed})
		if err != nil {
			return nil, err
		}
		rungs = append(rungs, Rung{fmt.Sprintf("IWAE, K = %d", k), many[0].Estimate().Value + jacobian})
	}
	logp, _ := l.grid.logProb(l.network, x)
	return append(rungs, Rung{"log p", logp[0] + jacobian}), nil
}
