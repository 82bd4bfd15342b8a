package vae

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Autoencoder is the plain autoencoder: the same two networks without noise
// and without a prior, trained to give x back. It is the limit of a
// variational autoencoder whose q(z|x) has no width and no price. It has no
// density, so it is compared by its reconstruction error alone. An Autoencoder
// is immutable and safe for concurrent use.
type Autoencoder struct{ *coder }

var _ density.Parametric = (*Autoencoder)(nil)

// FitAutoencoder trains an autoencoder on the rows of train (N×D) to the least
// squared error or, for Likelihood Bernoulli, the least cross-entropy. The
// rows of valid (M×D, or nil) decide when to stop and which weights to keep.
// Settings.Sigma, Floor and Samples are not used. Randomness, cancellation and
// errors are as in [Fit].
func FitAutoencoder(ctx context.Context, train, valid *mat.Dense, s Settings, src rand.Source) (*Autoencoder, *Report, error) {
	t, err := NewAutoencoderTrainer(train, valid, s, src)
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	if err := t.run(ctx); err != nil {
		return nil, t.training.history(), err
	}
	return t.Autoencoder()
}

// Encode stores the code of each row of x (N×D) in dst (N×L, or nil, and then
// allocated) and returns it.
func (a *Autoencoder) Encode(dst, x *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	if dst == nil {
		dst = mat.NewDense(n, a.config.Latent, nil)
	}
	a.codes(dst, x)
	return dst
}

// Decode stores the reconstruction from each row of z (N×L) in dst (N×D, or
// nil, and then allocated) and returns it: for binary data, probabilities.
func (a *Autoencoder) Decode(dst, z *mat.Dense) *mat.Dense {
	n, _ := z.Dims()
	if dst == nil {
		dst = mat.NewDense(n, a.config.Dim, nil)
	}
	a.decodeMean(dst, nil, z)
	return dst
}

// Reconstruct stores the reconstruction of each row of x (N×D) in dst (N×D, or
// nil, and then allocated) and returns it.
func (a *Autoencoder) Reconstruct(dst, x *mat.Dense) *mat.Dense {
	return a.Decode(dst, a.Encode(nil, x))
}

// ReconstructionError stores the squared error (1/D)·‖xᵢ − x̂ᵢ‖² of each row of
// x (N×D), in squared units of the data, in dst (length N, or nil) and returns
// it. It is over the values that are there, 0 where there is none, and a column of
// categories counts 1 where the level is another.
func (a *Autoencoder) ReconstructionError(dst []float64, x *mat.Dense) []float64 {
	return a.meanSquares(dst, x, a.Reconstruct(nil, x))
}

// ReconstructionError stores the squared error (1/D)·‖xᵢ − x̂ᵢ‖² of each row of
// x (N×D) against [Model.Reconstruct], in squared units of the data, in dst
// (length N, or nil) and returns it: the number that a plain autoencoder can
// be compared by.
func (m *Model) ReconstructionError(dst []float64, x *mat.Dense) []float64 {
	return m.meanSquares(dst, x, m.Reconstruct(nil, x))
}

func (c *coder) meanSquares(dst []float64, x, y *mat.Dense) []float64 {
	n, d := x.Dims()
	dst = density.Resize(dst, n)
	squares := make([]float64, d)
	for i := range dst {
		c.obs.distance(squares, x.RawRowView(i), y.RawRowView(i))
		sum, count := 0.0, 0
		for j, v := range x.RawRowView(i) {
			if v == v || c.in.fill == nil {
				sum += squares[j]
				count++
			}
		}
		dst[i] = sum / float64(max(count, 1))
	}
	return dst
}
