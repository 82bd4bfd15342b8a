package elbo

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Adapter is a Proposal that can be fitted to one row before it is drawn from.
// [EachRow] does so, with a random stream of its own for the row: given the
// adapted proposal the draws are independent, and estimates from them are as
// unbiased as from any fixed proposal.
type Adapter interface {
	density.Proposal
	// Adapt returns the proposal for the row x (1×D) and what finding it took.
	Adapt(x *mat.Dense, src rand.Source) Adaptation
}

// Adaptation is a proposal that was fitted to one row.
type Adaptation struct {
	Proposal density.Proposal
	// Spent is the number of evaluations of p(x|z) that finding it took.
	Spent int
	// Rung says how it was found.
	Rung Rung
	// KHat is the Pareto k̂ of the draws that it was judged by, which no estimate
	// uses; NaN or +Inf where there were none.
	KHat float64
	// Back says why a higher rung was given up, or not tried; empty where none
	// was needed.
	Back string

	// frame and variance are where a ladder may go on.
	frame    *frame
	variance []float64
}

// Adaptive returns the proposal that suits the size of the code, fitted to the
// posterior of each row.
//
// Up to 6 dimensions it is found by tempered population Monte Carlo (Cappé et al.
// 2004; Koblents & Míguez 2015): from a population drawn from q and the prior, each
// round resamples centres by the importance weights, raised to a power below 1
// as long as few draws would carry them all, and draws the next population from
// Student-t kernels around the centres. The result is the mixture
//
//	80 % kernels,  10 % q,  10 % prior
//
// which follows a posterior that is curved or has several modes, as those of a
// VAE with a 2-D code do, where the encoder's one normal cannot; and its weights
// are bounded by 10·p(x|z).
//
// Kernels need many draws in many dimensions: beyond 6 it is [NewLadder], for a model
// that is a density.Curved. For any other the mixture is 90 % q and 10 % prior, and
// there is no search.
func Adaptive(m density.Latent, q density.Proposal) density.Proposal {
	prior := density.PriorProposal(m)
	if m.LatentDim() <= maxKernelDim {
		return &adaptive{Proposal: Defensive([]float64{0.5, 0.5}, q, prior), m: m, q: q, prior: prior}
	}
	if curved, ok := m.(density.Curved); ok {
		return NewLadder(curved, q, LadderSettings{})
	}
	return Defensive([]float64{0.9, 0.1}, q, prior)
}

const (
	maxKernelDim = 6
	population   = 256 // draws of a round
	centres      = 64  // kernels of the mixture
	maxRounds    = 10
	// effective is the effective sample size below which weights are
	// tempered.
	effective = 40
)

type adaptive struct {
	density.Proposal // the first population
	m                density.Latent
	q, prior         density.Proposal
}

func (a *adaptive) Adapt(x *mat.Dense, src rand.Source) Adaptation {
	if empty(x) {
		return unknown(a.prior)
	}
	random := rand.New(src)
	l := a.m.LatentDim()
	z := mat.NewDense(population, l, nil)
	logs, tempered := make([]float64, population), make([]float64, population)
	q := a.Proposal
	for round := 1; ; round++ {
		q.Rand(z, x, src)
		a.logWeights(logs, z, x, q)
		power := temper(tempered, logs)
		k := newKernels(z, tempered, random)
		if k == nil { // no draw has any density: nothing to learn from
			return Adaptation{Proposal: a.Proposal, Spent: round * population, KHat: math.NaN(), Back: "no draw of the search has any density"}
		}
		q = Defensive([]float64{0.8, 0.1, 0.1}, k, a.q, a.prior)
		if power == 1 && round > 1 || round == maxRounds {
			return Adaptation{Proposal: q, Spent: round * population, Rung: Kernels, KHat: math.NaN()}
		}
	}
}

// empty says whether the row x (1×D) has no value: all are missing, NaN.
func empty(x *mat.Dense) bool {
	return !slices.ContainsFunc(x.RawRowView(0), func(v float64) bool { return !math.IsNaN(v) })
}

// unknown is the adaptation to a row without any value, whose posterior is the prior.
func unknown(prior density.Proposal) Adaptation {
	return Adaptation{Proposal: prior, Rung: Posterior, KHat: math.NaN()}
}

func (a *adaptive) logWeights(dst []float64, z, x *mat.Dense, q density.Proposal) {
	a.m.LogLik(dst, x, z)
	prior, proposal := a.m.LogPrior(nil, z), q.LogProb(nil, z, x)
	for i := range dst {
		if dst[i] += prior[i] - proposal[i]; math.IsNaN(dst[i]) {
			dst[i] = math.Inf(-1) // the draws that count will report it
		}
	}
}

// temper stores the weights w^β, scaled to sum to 1, for the largest β ≤ 1 at
// which their effective sample size is sufficient, and returns β.
func temper(dst, logs []float64) float64 {
	spread := func(power float64) float64 {
		for i, v := range logs {
			dst[i] = power * v
		}
		total := density.LogSumExp(dst)
		var squares float64
		for i, v := range dst {
			dst[i] = math.Exp(v - total)
			squares += dst[i] * dst[i]
		}
		return 1 / squares
	}
	if spread(1) >= effective {
		return 1
	}
	low, high := 0.0, 1.0
	for range 30 {
		if middle := (low + high) / 2; spread(middle) >= effective {
			low = middle
		} else {
			high = middle
		}
	}
	spread(low)
	return low
}

// kernels is a mixture of multivariate t densities of one scale matrix and equal
// weight. Their tails are polynomial, heavier than those of any posterior under
// a normal prior, and cheap: with degrees of freedom ν such that (ν+L)/2 is
// whole, a density is a quotient and a few products.
type kernels struct {
	centres  *mat.Dense // K×L
	chol     mat.Cholesky
	lower    mat.TriDense
	freedom  float64 // ν
	power    int     // (ν+L)/2
	constant float64 // logarithm of the normaliser over K
}

// newKernels places kernels on draws z (N×L) resampled by their weights, with the
// weighted covariance of all as scale, shrunk by Silverman's factor for the
// number of draws that count. It returns nil if that covariance is singular.
func newKernels(z *mat.Dense, weights []float64, random *rand.Rand) *kernels {
	n, l := z.Dims()
	mean := make([]float64, l)
	var squares float64
	for i := range n {
		if math.IsNaN(weights[i]) {
			return nil
		}
		squares += weights[i] * weights[i]
		for j, v := range z.RawRowView(i) {
			mean[j] += weights[i] * v
		}
	}
	cov := mat.NewSymDense(l, nil)
	for i := range n {
		row := z.RawRowView(i)
		for a := range l {
			for b := range a + 1 {
				cov.SetSym(a, b, cov.At(a, b)+weights[i]*(row[a]-mean[a])*(row[b]-mean[b]))
			}
		}
	}
	bandwidth := math.Pow(4*squares/float64(l+2), 2/float64(l+4))
	cov.ScaleSym(min(bandwidth, 1), cov)
	k := &kernels{centres: mat.NewDense(centres, l, nil), freedom: float64(4 + l%2), power: (4 + l%2 + l) / 2}
	if !k.chol.Factorize(cov) {
		return nil
	}
	k.chol.LTo(&k.lower)
	above, _ := math.Lgamma(float64(k.power))
	below, _ := math.Lgamma(k.freedom / 2)
	k.constant = above - below - 0.5*(float64(l)*math.Log(k.freedom*math.Pi)+k.chol.LogDet()) - math.Log(centres)
	// Systematic resampling: one uniform number places all centres.
	u, sum, i := random.Float64(), 0.0, 0
	for c := range centres {
		target := (float64(c) + u) / centres
		for sum+weights[i] < target && i < n-1 {
			sum += weights[i]
			i++
		}
		k.centres.SetRow(c, z.RawRowView(i))
	}
	return k
}

func (k *kernels) LatentDim() int {
	_, l := k.centres.Dims()
	return l
}

func (k *kernels) Rand(z, _ *mat.Dense, src rand.Source) {
	random := rand.New(src)
	n, l := z.Dims()
	noise := make([]float64, l)
	for i := range n {
		row := z.RawRowView(i)
		copy(row, k.centres.RawRowView(random.IntN(centres)))
		// e·√(ν/χ²) with a χ² variable of ν degrees of freedom.
		var chi float64
		for range int(k.freedom) {
			e := random.NormFloat64()
			chi += e * e
		}
		for j := range noise {
			noise[j] = random.NormFloat64() * math.Sqrt(k.freedom/chi)
		}
		for a := range l {
			for b := range a + 1 {
				row[a] += k.lower.At(a, b) * noise[b]
			}
		}
	}
}

func (k *kernels) LogProb(dst []float64, z, _ *mat.Dense) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	white, whiteCentres := k.whitened(z), k.whitened(k.centres)
	for i := range n {
		row := white.RawRowView(i)
		var sum float64
		for c := range centres {
			var square float64
			for j, v := range whiteCentres.RawRowView(c) {
				square += (row[j] - v) * (row[j] - v)
			}
			base := 1 / (1 + square/k.freedom)
			term := base
			for range k.power - 1 {
				term *= base
			}
			sum += term
		}
		dst[i] = k.constant + math.Log(sum)
	}
	return dst
}

// whitened returns L⁻¹z for each row of z, by forward substitution.
func (k *kernels) whitened(z *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(z)
	n, l := out.Dims()
	for i := range n {
		row := out.RawRowView(i)
		for a := range l {
			for b := range a {
				row[a] -= k.lower.At(a, b) * row[b]
			}
			row[a] /= k.lower.At(a, a)
		}
	}
	return out
}
