package query

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/vae"
)

type source = rand.Source

// latent answers for a variational autoencoder, by draws of its code.
type latent struct {
	*vae.Model
	Settings
}

// filled is an encoder that was trained on whole rows: it sees a missing value as fill.
// That makes it a worse proposal, and changes no answer.
type filled struct {
	*vae.Encoder
	fill float64
}

func (f filled) whole(x *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(x)
	out.Apply(func(_, _ int, v float64) float64 {
		if math.IsNaN(v) {
			return f.fill
		}
		return v
	}, out)
	return out
}

func (f filled) Rand(z, x *mat.Dense, src rand.Source) { f.Encoder.Rand(z, f.whole(x), src) }

func (f filled) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	return f.Encoder.LogProb(dst, z, f.whole(x))
}

// proposal returns what codes are drawn from.
func (l latent) proposal() density.Proposal {
	var q density.Proposal = l.Encoder()
	if l.Config().Fill == nil {
		var middle float64 // of standardised columns
		if l.Config().Likelihood == vae.Bernoulli {
			middle = 0.5
		}
		q = filled{l.Encoder(), middle}
	}
	return elbo.Adaptive(l.Model, q)
}

// posterior are draws of the code of a row with their normalised weights.
type posterior struct {
	codes   *mat.Dense // S×L
	weights []float64
}

// posteriors calls f with the code of each row of x. Calls are concurrent, and f may not
// keep what it is given.
func (l latent) posteriors(ctx context.Context, x *mat.Dense, f func(row int, p posterior)) error {
	s := elbo.Settings{Samples: l.Draws, Seed: l.Seed, KeepCodes: true, Progress: l.Progress}
	return elbo.EachRow(ctx, l.Model, l.proposal(), x, "query.codes", s, func(row int, w *elbo.Weights) {
		weights := w.Log(nil)
		total := density.LogSumExp(weights)
		for k, v := range weights {
			weights[k] = math.Exp(v - total)
		}
		f(row, posterior{w.Codes, weights})
	})
}

// given returns the distribution of column j for each row of x.
func (l latent) given(ctx context.Context, x *mat.Dense, j int) ([]Column, error) {
	known := mat.DenseCopyOf(x)
	n, _ := known.Dims()
	for i := range n {
		known.Set(i, j, math.NaN())
	}
	out := make([]Column, n)
	err := l.posteriors(ctx, known, func(i int, p posterior) {
		out[i] = l.column(p, j, uint64(i))
	})
	return out, err
}

// likelihood returns that of a column, and its number of levels.
func (l latent) likelihood(j int) (vae.Likelihood, int) {
	c := l.Config()
	if c.Columns != nil {
		return c.Columns[j].Likelihood, c.Columns[j].Levels
	}
	return c.Likelihood, c.Levels
}

// column returns the distribution of a column at the codes of a row.
func (l latent) column(p posterior, j int, row uint64) Column {
	s, _ := p.codes.Dims()
	out := Column{weights: p.weights, parts: make([]part, s), sampled: true}
	form, levels := l.likelihood(j)
	mean := mat.NewDense(s, l.Dim(), nil)
	switch form {
	case vae.Gaussian:
		logvar := mat.NewDense(s, l.Dim(), nil)
		l.Decode(mean, logvar, p.codes)
		for k := range out.parts {
			out.parts[k] = normal{mean.At(k, j), math.Exp(logvar.At(k, j) / 2)}
		}
		return out
	case vae.Bernoulli, vae.Categorical:
		out.discrete = true
		if form == vae.Bernoulli {
			levels = 2
		}
		tables := mat.NewDense(s, levels, nil)
		for v := range levels {
			for k, logs := range l.columnLogs(p.codes, j, float64(v)) {
				tables.Set(k, v, math.Exp(logs))
			}
		}
		for k := range out.parts {
			out.parts[k] = table(tables.RawRowView(k))
		}
		return out
	}
	for _, m := range form.Measures() {
		out.discrete = out.discrete || m == density.Discrete
	}
	l.Decode(mean, nil, p.codes)
	draws := mat.NewDense(s, l.Dim(), nil)
	l.RandGiven(draws, p.codes, density.NewSource(l.Seed, "query.values", row))
	codes := mat.DenseCopyOf(p.codes)
	known := make(map[float64][]float64)
	for k := range out.parts {
		out.parts[k] = drawn{mean.At(k, j), draws.At(k, j), func(v float64) float64 {
			if known[v] == nil {
				known[v] = l.columnLogs(codes, j, v)
			}
			return known[v][k]
		}}
	}
	return out
}

// columnLogs returns log p(x_j = v | z) for each code (length S).
func (l latent) columnLogs(codes *mat.Dense, j int, v float64) []float64 {
	x := mat.NewDense(1, l.Dim(), nil)
	for k := range x.RawRowView(0) {
		x.Set(0, k, math.NaN())
	}
	x.Set(0, j, v)
	return l.LogLik(nil, x, codes)
}

// complete stores the rows of x with what is not known filled in: by its expectation, or
// where seed is not nil by a draw of the code and of the values at it.
func (l latent) complete(ctx context.Context, x *mat.Dense, seed *uint64) (*mat.Dense, error) {
	out := mat.DenseCopyOf(x)
	err := l.posteriors(ctx, x, func(i int, p posterior) {
		s, width := p.codes.Dims()
		values := make([]float64, l.Dim())
		if seed == nil {
			all := mat.NewDense(s, l.Dim(), nil)
			l.Decode(all, nil, p.codes)
			for k, w := range p.weights {
				floats.AddScaled(values, w, all.RawRowView(k))
			}
			for j := range values {
				if form, levels := l.likelihood(j); form == vae.Categorical {
					c := l.column(p, j, uint64(i))
					c.scale = 1
					values[j] = c.mode(levels)
				}
			}
		} else {
			random := rand.New(density.NewSource(*seed, "query.draw", uint64(i)))
			u, at := random.Float64(), 0
			for ; at < s-1 && u >= p.weights[at]; at++ {
				u -= p.weights[at]
			}
			one := mat.NewDense(1, l.Dim(), values)
			l.RandGiven(one, mat.NewDense(1, width, mat.Row(nil, at, p.codes)), density.NewSource(*seed, "query.values", uint64(i)))
		}
		for j, v := range out.RawRowView(i) {
			if math.IsNaN(v) {
				out.Set(i, j, values[j])
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("the codes of the rows: %w", err)
	}
	return out, nil
}
