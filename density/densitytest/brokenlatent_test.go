package densitytest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// other is a Latent with parts replaced.
type other struct {
	density.Latent
	lik   func(dst []float64, x, z *mat.Dense) []float64
	prior func(dst []float64, z *mat.Dense) []float64
	draw  func(dst *mat.Dense, src rand.Source)
}

func (o other) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	if o.lik != nil {
		return o.lik(dst, x, z)
	}
	return o.Latent.LogLik(dst, x, z)
}

func (o other) LogPrior(dst []float64, z *mat.Dense) []float64 {
	if o.prior != nil {
		return o.prior(dst, z)
	}
	return o.Latent.LogPrior(dst, z)
}

func (o other) Rand(dst *mat.Dense, src rand.Source) {
	if o.draw != nil {
		o.draw(dst, src)
		return
	}
	o.Latent.Rand(dst, src)
}

func add(dst []float64, c float64) []float64 {
	for i := range dst {
		dst[i] += c
	}
	return dst
}

// transposed pairs code k with row k mod N instead of row k/S.
func transposed(m density.Latent) func(dst []float64, x, z *mat.Dense) []float64 {
	return func(dst []float64, x, z *mat.Dense) []float64 {
		n, d := x.Dims()
		codes, _ := z.Dims()
		if codes%n != 0 {
			panic("no multiple")
		}
		y := mat.NewDense(codes, d, nil)
		for k := range codes {
			y.SetRow(k, x.RawRowView(k%n))
		}
		return m.LogLik(dst, y, z)
	}
}

func TestLatentCatches(t *testing.T) {
	plane := NewCurve(2, 1, 0.1, density.NewSource(3, "w"))
	space := NewCurve(4, 2, 0.5, density.NewSource(4, "w"))
	noisy := NewCurve(2, 1, 2, density.NewSource(3, "w"))
	for name, c := range map[string]struct {
		m    density.Latent
		want string
	}{
		"prior":            {other{Latent: plane, prior: func(dst []float64, z *mat.Dense) []float64 { return add(plane.LogPrior(dst, z), 0.01) }}, "p(z) integrates to"},
		"likelihood":       {other{Latent: plane, lik: func(dst []float64, x, z *mat.Dense) []float64 { return add(plane.LogLik(dst, x, z), 0.01) }}, "p(x|z) integrates to"},
		"likelihood space": {other{Latent: space, lik: func(dst []float64, x, z *mat.Dense) []float64 { return add(space.LogLik(dst, x, z), 0.7) }}, "disagree"},
		"no noise": {other{Latent: noisy, draw: func(dst *mat.Dense, src rand.Source) {
			quiet := *noisy
			quiet.variance = 1e-9
			quiet.Rand(dst, src)
		}}, "disagree"},
		"pairing": {other{Latent: plane, lik: transposed(plane)}, "rows i·S to i·S+S−1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			Latent(r, c.m, Config{})
			require.Contains(t, strings.Join(r.messages, "\n"), c.want)
		})
	}
}

// wrongPosterior is a mixture that takes another q for its posterior.
type wrongPosterior struct {
	*FiniteMixture
	q density.Proposal
}

func (w wrongPosterior) Posterior() density.Proposal { return w.q }

// wrongEvidence is a mixture that forgets its weights.
type wrongEvidence struct{ *FiniteMixture }

func (w wrongEvidence) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = w.FiniteMixture.LogProb(dst, x)
	return add(dst, 1e-6)
}

func TestLatentCatchesWrongOracles(t *testing.T) {
	m := mixture(t)
	r := &recorder{TB: t}
	Latent(r, wrongPosterior{m, Softmax{m, 0.9}}, Config{})
	require.Contains(t, strings.Join(r.messages, "\n"), "log p(x|z) + log p(z) − log p(z|x)")
	r = &recorder{TB: t}
	Latent(r, wrongEvidence{m}, Config{})
	require.Contains(t, strings.Join(r.messages, "\n"), "summed over its codes")
}

// wrongProposal is a proposal with parts replaced.
type wrongProposal struct {
	density.PriorDivergence
	draw func(z, x *mat.Dense, src rand.Source)
	log  func(dst []float64, z, x *mat.Dense) []float64
	kl   float64
}

func (w wrongProposal) Rand(z, x *mat.Dense, src rand.Source) {
	if w.draw != nil {
		w.draw(z, x, src)
		return
	}
	w.PriorDivergence.Rand(z, x, src)
}

func (w wrongProposal) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	if w.log != nil {
		return w.log(dst, z, x)
	}
	return w.PriorDivergence.LogProb(dst, z, x)
}

func (w wrongProposal) KLPrior(dst []float64, x *mat.Dense) []float64 {
	dst = w.PriorDivergence.KLPrior(dst, x)
	for i := range dst {
		dst[i] *= 1 + w.kl
	}
	return dst
}

func TestProposalCatches(t *testing.T) {
	m := RandomLinear(4, 1, 0.3, density.NewSource(1, "w"))
	x := mat.NewDense(3, 4, nil)
	m.Rand(x, density.NewSource(1, "x"))
	q := m.Posterior().(density.PriorDivergence)
	for name, c := range map[string]struct {
		q    density.Proposal
		want string
	}{
		"constant": {wrongProposal{PriorDivergence: q, log: func(dst []float64, z, x *mat.Dense) []float64 { return add(q.LogProb(dst, z, x), 0.01) }}, "q(z|x) for row 1 integrates to"},
		"pairing of draws": {wrongProposal{PriorDivergence: q, draw: func(z, x *mat.Dense, src rand.Source) {
			n, _ := x.Dims()
			rows, l := z.Dims()
			checkWidth(z, m.LatentDim())
			y := mat.NewDense(rows, l, nil)
			q.Rand(y, x, src)
			for k := range rows {
				z.SetRow(k%n*(rows/n)+k/n, y.RawRowView(k))
			}
		}}, "belong to row i"},
		"pairing of densities": {wrongProposal{PriorDivergence: q, log: func(dst []float64, z, x *mat.Dense) []float64 {
			n, _ := x.Dims()
			back := mat.DenseCopyOf(x)
			for i := range n {
				back.SetRow(n-1-i, x.RawRowView(i))
			}
			return q.LogProb(dst, z, back)
		}}, "rows i·S to i·S+S−1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			Proposal(r, c.q, x, Config{})
			require.Contains(t, strings.Join(r.messages, "\n"), c.want)
		})
	}
	r := &recorder{TB: t}
	Divergence(r, m, wrongProposal{PriorDivergence: q, kl: 1}, x, Config{}) // twice the KL, as in the article's formula
	require.Contains(t, strings.Join(r.messages, "\n"), "KL(q ‖ p) of row 1")
}
