package vae

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
	"likely/internal/sobol"
)

// MixtureOf is the objective of a continuous mixture at s codes (Correia et al. 2023),
//
//	log (1/S) Σ p(x|z_s)
//
// for the decoder: the codes are points of a randomised Sobol sequence, drawn afresh in
// each step and shared by the rows of a minibatch; see [Model.SobolCodes]. The encoder,
// which it does not need, learns by the ELBO beside it, so that what follows has a q(z|x).
// A step costs Batch·S evaluations of p(x|z), and S passes through the decoder. The code
// has 10 dimensions at most, and the prior is the standard normal.
func MixtureOf(s int) Objective { return Objective(-s) }

const (
	mixturePrefix = "mixture:"
	// mostCodes is the largest number of codes of a step.
	mostCodes = 1 << 20
	// leastShare is the share of a code in the mixture of a row below which its gradient
	// is left out.
	leastShare = 1e-12
)

// codes returns S of MixtureOf, 0 for other objectives.
func (o Objective) codes() int { return max(-int(o), 0) }

// closed says whether the divergence from a standard normal prior is in closed form.
func (o Objective) closed() bool { return o == ELBO || o.codes() > 0 }

// parseMixture reads mixture:S; ok is false for any other text.
func parseMixture(text string) (o Objective, ok bool, err error) {
	number, ok := strings.CutPrefix(text, mixturePrefix)
	if !ok {
		return 0, false, nil
	}
	s, err := strconv.Atoi(number)
	if err != nil || s < 2 || s > mostCodes {
		return 0, true, fmt.Errorf("vae: objective %q; want mixture:S with S from 2 to %d, best a power of 2", text, mostCodes)
	}
	return MixtureOf(s), true, nil
}

// checkMixture reports what does not go with the objective mixture:S.
func (s *Settings) checkMixture() error {
	n := s.Objective.codes()
	if n == 0 {
		return nil
	}
	switch {
	case n < 2 || n > mostCodes:
		return wrong("{Objective=%v}: {err}; want 2 to %d codes", s.Objective, mostCodes)
	case s.Latent > sobol.MaxDim:
		return wrong("{Latent} is %d with {Objective=%v}: {err}; evenly spread codes have %d dimensions or fewer", s.Latent, s.Objective, sobol.MaxDim)
	case s.Prior != StandardNormal:
		return wrong("{Prior=%v} with {Objective=%v}: {err}; its codes come from the prior normal", s.Prior, s.Objective)
	case s.Sigma == Optimal && s.Likelihood.Scaled():
		return wrong("{Sigma=optimal} with {Objective=%v}: {err}; use shared, which is learned", s.Objective)
	case s.Beta != defaultBeta || s.Warmup > 0:
		return wrong("{Beta} is %v and {Warmup} %d with {Objective=%v}: {err}; it has no divergence to weigh", s.Beta, s.Warmup, s.Objective)
	}
	return nil
}

// mixtureWork is what the objective mixture:S needs beside the bound.
type mixtureWork[T kernel.Float] struct {
	points     *mat.Dense  // S×L, in (0, 1)
	tape       *nn.Tape[T] // S codes through the decoder
	shares     []float64   // Batch×S: log p(x|z), then the share of a code in its row
	gradLogvar []T         // S×width, of a learned vector of log-variances
	grads      [][]T       // of one output of the decoder, for each part
	pcg        *rand.PCG
	forward    func(part int)
	weigh      func(part int)
	backward   func(part int)
}

// startMixture prepares the objective mixture:S, if it is the one.
func (t *trainState[T]) startMixture() {
	s := t.settings.Objective.codes()
	if s == 0 {
		return
	}
	t.mixture = &mixtureWork[T]{
		points: mat.NewDense(s, t.net.config.Latent, nil), tape: t.net.decoder.NewTape(s, true),
		shares: make([]float64, t.settings.Batch*s), pcg: rand.NewPCG(0, 0),
		forward: t.forwardCodes, weigh: t.weighCodes, backward: t.backwardCodes,
	}
	for range t.parts {
		t.mixture.grads = append(t.mixture.grads, make([]T, t.net.decoder.Out()))
	}
	if t.gradLogvar != nil {
		t.mixture.gradLogvar = make([]T, s*t.net.logvar.Len)
	}
}

// mixtureBound replaces the value of each row by that of the mixture, and leaves the
// gradient of minus its mean on the tape of the codes. Rows must have been loaded.
func (t *trainState[T]) mixtureBound() {
	m := t.mixture
	// The rows' streams have numbers far below this one.
	m.pcg.Seed(t.epochSeed, scramble(^uint64(t.first)))
	sobol.Points(m.points, m.pcg)
	s, l := m.points.Dims()
	for k := range s {
		z := m.tape.Input[k*l : (k+1)*l]
		for j, u := range m.points.RawRowView(k) {
			z[j] = T(distuv.UnitNormal.Quantile(u))
		}
	}
	t.workers.Run(t.parts, m.forward)
	t.workers.Run(t.parts, m.weigh)
	t.workers.Run(t.parts, m.backward)
}

// codesOf returns the codes of one part.
func (t *trainState[T]) codesOf(part int) (from, to int) {
	s, _ := t.mixture.points.Dims()
	return part * s / t.parts, (part + 1) * s / t.parts
}

func (t *trainState[T]) forwardCodes(part int) {
	if from, to := t.codesOf(part); from < to {
		t.net.decoder.Forward(t.theta, t.mixture.tape, from, to)
	}
}

// weighCodes computes the value of some rows, and the share of each code in it.
func (t *trainState[T]) weighCodes(part int) {
	m, w, outputs := t.mixture, &t.scratch[part], t.net.decoder.Out()
	s, _ := m.points.Dims()
	for i := part * t.size / t.parts; i < (part+1)*t.size/t.parts; i++ {
		logs := m.shares[i*s : (i+1)*s]
		for k := range logs {
			logs[k] = t.observed(i, m.tape.Output()[k*outputs:(k+1)*outputs], m.grads[part], w)
		}
		total := density.LogSumExp(logs)
		t.value[i] = total - math.Log(float64(s))
		for k, v := range logs {
			logs[k] = math.Exp(v - total)
		}
	}
}

// backwardCodes takes the gradient of minus the mean value back from some codes.
func (t *trainState[T]) backwardCodes(part int) {
	m, w, outputs, width := t.mixture, &t.scratch[part], t.net.decoder.Out(), t.net.logvar.Len
	s, _ := m.points.Dims()
	from, to := t.codesOf(part)
	if from == to {
		return
	}
	one := m.grads[part]
	for k := from; k < to; k++ {
		out, sum := m.tape.Output()[k*outputs:(k+1)*outputs], m.tape.OutputGrad()[k*outputs:(k+1)*outputs]
		clear(sum)
		var scale []T
		if m.gradLogvar != nil {
			scale = m.gradLogvar[k*width : (k+1)*width]
			clear(scale)
		}
		for i := range t.size {
			share := m.shares[i*s+k]
			if share < leastShare {
				continue
			}
			t.observed(i, out, one, w)
			weight := T(-share * t.weightOf(i) / float64(t.size))
			for j, g := range one {
				sum[j] += weight * g
			}
			if scale == nil {
				continue
			}
			for j, g := range w.ds {
				scale[j%width] += weight * g
			}
		}
	}
	t.net.decoder.Backward(t.theta, m.tape, from, to)
}
