package densitytest

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// FiniteMixture is p(x) = Σₖ πₖ pₖ(x) of any exact components; its code is the
// number of the component. Every expectation over codes is a sum: the first
// oracle.
type FiniteMixture struct {
	logWeights []float64
	parts      []density.Exact
}

// NewFiniteMixture returns the mixture with the given positive weights, which
// are scaled to sum to 1.
func NewFiniteMixture(weights []float64, parts ...density.Exact) *FiniteMixture {
	if len(weights) != len(parts) || len(parts) == 0 {
		panic("densitytest: weights and components differ in number")
	}
	var total float64
	for _, w := range weights {
		total += w
	}
	m := &FiniteMixture{parts: parts}
	for _, w := range weights {
		m.logWeights = append(m.logWeights, math.Log(w/total))
	}
	return m
}

// Dim returns D.
func (m *FiniteMixture) Dim() int { return m.parts[0].Dim() }

// LatentDim returns 1.
func (m *FiniteMixture) LatentDim() int { return 1 }

// States returns 0 … K−1 (K×1).
func (m *FiniteMixture) States() *mat.Dense {
	z := mat.NewDense(len(m.parts), 1, nil)
	for k := range m.parts {
		z.Set(k, 0, float64(k))
	}
	return z
}

// Rand implements density.Model.
func (m *FiniteMixture) Rand(dst *mat.Dense, src rand.Source) {
	checkWidth(dst, m.Dim())
	n, _ := dst.Dims()
	z := mat.NewDense(n, 1, nil)
	m.RandPrior(z, src)
	for i := range n {
		m.parts[int(z.At(i, 0))].Rand(density.Rows(dst, i, i+1), src)
	}
}

// RandPrior implements density.Latent.
func (m *FiniteMixture) RandPrior(z *mat.Dense, src rand.Source) {
	checkWidth(z, 1)
	random := rand.New(src)
	n, _ := z.Dims()
	for i := range n {
		z.Set(i, 0, float64(pick(m.logWeights, 0, random)))
	}
}

// pick draws an index with the probabilities exp(logs − total).
func pick(logs []float64, total float64, random *rand.Rand) int {
	u := random.Float64()
	for k, l := range logs[:len(logs)-1] {
		if u -= math.Exp(l - total); u < 0 {
			return k
		}
	}
	return len(logs) - 1
}

// LogPrior implements density.Latent.
func (m *FiniteMixture) LogPrior(dst []float64, z *mat.Dense) []float64 {
	checkWidth(z, 1)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		dst[i] = m.logWeights[int(z.At(i, 0))]
	}
	return dst
}

// LogLik implements density.Latent.
func (m *FiniteMixture) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	checkWidth(x, m.Dim())
	checkWidth(z, 1)
	s := density.Draws(x, z)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		m.parts[int(z.At(i, 0))].LogProb(dst[i:i+1], density.Rows(x, i/s, i/s+1))
	}
	return dst
}

// joint stores log p(x, z) for all codes in dst.
func (m *FiniteMixture) joint(dst []float64, x *mat.Dense) {
	for k, p := range m.parts {
		p.LogProb(dst[k:k+1], x)
		dst[k] += m.logWeights[k]
	}
}

// LogProb implements density.Exact.
func (m *FiniteMixture) LogProb(dst []float64, x *mat.Dense) []float64 {
	checkWidth(x, m.Dim())
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	joint := make([]float64, len(m.parts))
	for i := range dst {
		m.joint(joint, density.Rows(x, i, i+1))
		dst[i] = density.LogSumExp(joint)
	}
	return dst
}

// Posterior returns p(z|x).
func (m *FiniteMixture) Posterior() density.Proposal { return Softmax{Mixture: m, Power: 1} }

// Softmax is the proposal q(z|x) ∝ p(x, z)^Power over the components of a
// mixture: the posterior at 1, uniform at 0.
type Softmax struct {
	Mixture *FiniteMixture
	Power   float64
}

// LatentDim returns 1.
func (q Softmax) LatentDim() int { return 1 }

// Logs returns log q(z|x) of all codes for one row x (1×D).
func (q Softmax) Logs(x *mat.Dense) []float64 {
	logs := make([]float64, len(q.Mixture.parts))
	q.Mixture.joint(logs, x)
	for k := range logs {
		logs[k] *= q.Power
	}
	total := density.LogSumExp(logs)
	for k := range logs {
		logs[k] -= total
	}
	return logs
}

// Rand implements density.Proposal.
func (q Softmax) Rand(z, x *mat.Dense, src rand.Source) {
	checkWidth(z, 1)
	s := density.Draws(x, z)
	random := rand.New(src)
	n, _ := z.Dims()
	var logs []float64
	for i := range n {
		if i%s == 0 {
			logs = q.Logs(density.Rows(x, i/s, i/s+1))
		}
		z.Set(i, 0, float64(pick(logs, 0, random)))
	}
}

// LogProb implements density.Proposal.
func (q Softmax) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	checkWidth(z, 1)
	s := density.Draws(x, z)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	var logs []float64
	for i := range dst {
		if i%s == 0 {
			logs = q.Logs(density.Rows(x, i/s, i/s+1))
		}
		dst[i] = logs[int(z.At(i, 0))]
	}
	return dst
}
