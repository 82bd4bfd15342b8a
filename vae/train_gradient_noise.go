package vae

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

// GradientNoise is how much a gradient estimator varies from one draw of its
// noise to the next, at fixed weights and for a fixed minibatch.
type GradientNoise struct {
	// Objective and Samples (K, codes drawn for each row) are the estimator,
	// Draws the number of gradients it was measured by.
	Objective      Objective
	Samples, Draws int
	// Encoder and Decoder hold what was measured of the parameters of q(z|x)
	// and of p(x|z).
	Encoder, Decoder GradientMoments
}

// GradientMoments are the mean and the variance of each element of a gradient, of
// the mean objective in nats per row. The order of the elements is that of
// [Model.Tensors] up to a permutation.
type GradientMoments struct {
	Mean, Variance []float64
	draws          int
}

// MeanVariance returns the mean of the variances over the parameters.
func (g GradientMoments) MeanVariance() float64 {
	var total float64
	for _, v := range g.Variance {
		total += v / float64(len(g.Variance))
	}
	return total
}

// SNR returns the signal-to-noise ratio of the gradient as a whole,
//
//	‖E g‖ / √(E ‖g − E g‖²)
//
// the ratio that Rainforth et al. (2018, eq. 4) define for one parameter. The
// square of the measured mean is taken down by what its own noise adds to it;
// where less than nothing is left the ratio is 0. It is infinite for a gradient
// without any noise.
func (g GradientMoments) SNR() float64 {
	var signal, noise float64
	for i, v := range g.Variance {
		signal += g.Mean[i]*g.Mean[i] - v/float64(g.draws)
		noise += v
	}
	if noise == 0 {
		return math.Inf(1)
	}
	return math.Sqrt(max(signal, 0) / noise)
}

// GradientNoise measures the estimator that an objective uses with the given
// number of samples a row, at the weights of the model, on all rows of x (N×D)
// as one minibatch, from so many gradients with fresh noise each, drawn as in
// training: for ELBO in pairs of opposite sign. The prior is the one that was
// trained. An error is that of the data, of an objective that cannot
// be had with so few samples, or of ctx.
func (m *Model) GradientNoise(ctx context.Context, x *mat.Dense, o Objective, samples, draws int, src rand.Source) (*GradientNoise, error) {
	if err := checkSome(x, "measure gradients on"); err != nil {
		return nil, err
	}
	checkWidth(x, m.config.Dim)
	n, _ := x.Dims()
	if draws < 2 {
		return nil, fmt.Errorf("vae: the noise of a gradient from %d draws; want 2 or more", draws)
	}
	s, err := Settings{Latent: m.config.Latent, Batch: n, Samples: samples, Objective: o}.Resolve(n)
	if err != nil {
		return nil, err
	}
	if err := m.config.checkMemory(&s, freeMemory()); err != nil {
		return nil, err
	}
	if err := checkRows(&m.config, false, m.config.Fill != nil, x, nil); err != nil {
		return nil, err
	}
	noise := &GradientNoise{Objective: o, Samples: s.Samples, Draws: draws}
	switch f := m.engine.(type) {
	case *frozen[float32]:
		err = measureNoise(ctx, noise, f, s, x, src.Uint64())
	case *frozen[float64]:
		err = measureNoise(ctx, noise, f, s, x, src.Uint64())
	}
	return noise, err
}

func measureNoise[T kernel.Float](ctx context.Context, noise *GradientNoise, f *frozen[T], s Settings, x *mat.Dense, seed uint64) error {
	n, d := x.Dims()
	t := newTrainState(f.network, s, x, f.network.config.Floor, density.NewIdentity(d), density.NewIdentity(d), seed)
	defer t.close()
	copy(t.theta, f.theta)
	t.shuffle(0)
	places := [2][]int{t.places(f.network.encoder), t.places(f.network.decoder)}
	if t.gradLogvar != nil {
		for i := range f.network.logvar.Len {
			places[1] = append(places[1], f.network.logvar.From+i)
		}
	}
	to := [2]*GradientMoments{&noise.Encoder, &noise.Decoder}
	for side, g := range to {
		*g = GradientMoments{make([]float64, len(places[side])), make([]float64, len(places[side])), noise.Draws}
	}
	for b := range noise.Draws {
		if err := ended(ctx); err != nil {
			return fmt.Errorf("vae: measuring gradients: %w", err)
		}
		t.epochSeed = density.NewSource(seed, "vae gradient noise", uint64(b)).Uint64()
		t.bound(0, n)
		if where := t.notFinite(); where != "" {
			return fmt.Errorf("vae: measuring gradients: %s is not finite: %w", where, ErrDiverged)
		}
		for _, p := range t.pieces {
			t.gradPiece(p)
		}
		for side, g := range to {
			for i, place := range places[side] {
				// The trainer descends. Moments are centred (Welford 1962).
				v := -float64(t.grad[place])
				delta := v - g.Mean[i]
				g.Mean[i] += delta / float64(b+1)
				g.Variance[i] += delta * (v - g.Mean[i]) / float64(noise.Draws-1)
			}
		}
	}
	return nil
}

// places returns where the parameters of a network are.
func (t *trainState[T]) places(n *nn.MLP[T]) []int {
	var list []int
	for _, d := range n.Layers {
		for _, span := range d.Parameters() {
			for i := range span.Len {
				list = append(list, span.From+i)
			}
		}
	}
	return list
}
