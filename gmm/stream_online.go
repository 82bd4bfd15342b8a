package gmm

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Online is EM over mini-batches (Cappé & Moulines 2009): the moments of each batch
// are mixed into those so far with a step γₜ, and the parameters follow. It serves
// streams that do not end, or data of which a pass is too dear. The result depends
// on the order of batches and comes near the maximum of the likelihood, not to it.
//
//	s ← (1−γₜ) s + γₜ ŝ(batch)        γₜ = (t+2)^(−0.6)
type Online struct {
	// Rate gives the step γ of batch t = 0, 1, …, between 0 and 1. Steps must
	// sum to infinity, and their squares must not.
	Rate func(t int) float64

	model      *Model
	covariance Covariance
	floor      float64
	batches    int
	moments    moments // of the mixture so far, for a total weight of 1
	keep       shapes  // covariances so far of the family, or nil
}

// NewOnline starts from the parameters of a mixture. Of s, Covariance and Floor are
// used; the floor is relative to the variances of the columns under start.
func NewOnline(start *Model, s Settings) (*Online, error) {
	if s.Weights != nil || s.Labels != nil || s.Missing || s.Prior != nil {
		return nil, density.SettingErrorf(ErrSettings, "gmm: mini-batches with {Weights}, {Labels}, {Missing} or {Prior}: {err}; fit rows in memory for those")
	}
	s.Components = start.k
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	_, cov := start.Moments()
	smallest := math.Inf(1)
	for j := range start.d {
		smallest = min(smallest, cov.At(j, j))
	}
	o := &Online{
		Rate:  func(t int) float64 { return math.Pow(float64(t)+2, -0.6) },
		model: start, covariance: s.Covariance, floor: s.least() * smallest,
		moments: moments{count: slices.Clone(start.weights), mean: slices.Clone(start.means), scatters: make([][]float64, start.k)},
	}
	// The start stands for what was seen before: a first batch of a few rows
	// must not replace it.
	for c, w := range start.weights {
		o.moments.scatters[c] = make([]float64, start.d*start.d)
		for i := range o.moments.scatters[c] {
			o.moments.scatters[c][i] = w * start.shapes.at(c, i/start.d, i%start.d)
		}
	}
	if start.Family().String() == s.Covariance.String() {
		o.keep = start.shapes
	}
	return o, nil
}

// Batches returns the number of updates so far.
func (o *Online) Batches() int { return o.batches }

// Model returns the mixture so far.
func (o *Online) Model() *Model { return o.model }

// Update takes in a batch of rows (N×D). An error leaves the mixture as it was.
func (o *Online) Update(x *mat.Dense) error {
	if err := density.CheckFinite(x); err != nil {
		return fmt.Errorf("gmm: %w", err)
	}
	k, d := o.model.k, o.model.d
	n := o.model.rows(x)
	batch := moments{
		n: n, k: k, d: d, total: float64(n), x: slices.Clone(mat.DenseCopyOf(x).RawMatrix().Data),
		resp:  o.model.Responsibilities(nil, x).RawMatrix().Data,
		count: make([]float64, k), mean: slices.Clone(o.model.means), ctx: context.Background(),
	}
	batch.collect()
	step := o.Rate(o.batches)
	if !(step >= 0 && step <= 1) {
		return fmt.Errorf("gmm: Online.Rate(%d) is %v: %w; want a step from 0 to 1", o.batches, step, ErrSettings)
	}
	next := moments{
		k: k, d: d, total: 1, count: make([]float64, k), mean: make([]float64, k*d),
		scatters: make([][]float64, k), ctx: context.Background(),
	}
	for c := range k {
		old := (1 - step) * o.moments.count[c]
		fresh := step * batch.count[c] / batch.total
		next.count[c] = old + fresh
		next.scatters[c] = make([]float64, d*d)
		mean := next.mean[c*d : (c+1)*d]
		copy(mean, batch.mean[c*d:(c+1)*d])
		if next.empty(c) {
			continue
		}
		if fresh > 0 {
			floats.AddScaled(next.scatters[c], step/batch.total, batch.scatter(c))
		}
		if old > 0 {
			// Chan, Golub & LeVeque 1983: moments of a union, about its mean.
			floats.AddScaled(next.scatters[c], 1-step, o.moments.scatters[c])
			apart := make([]float64, d)
			floats.SubTo(apart, batch.mean[c*d:(c+1)*d], o.moments.mean[c*d:(c+1)*d])
			floats.AddScaledTo(mean, o.moments.mean[c*d:(c+1)*d], fresh/(old+fresh), apart)
			for i, v := range apart {
				floats.AddScaled(next.scatters[c][i*d:(i+1)*d], old*fresh/(old+fresh)*v, apart)
			}
		}
	}
	s, err := o.covariance.maximize(&next, o.floor, o.keep)
	if err != nil {
		return err
	}
	logWeight := make([]float64, k)
	next.prior.weights(logWeight, next.count)
	weights := make([]float64, k)
	for c, l := range logWeight {
		weights[c] = math.Exp(l)
	}
	o.model = &Model{k: k, d: d, weights: weights, logWeight: logWeight, means: slices.Clone(next.mean), shapes: s}
	o.moments, o.keep = next, s
	o.batches++
	return nil
}
