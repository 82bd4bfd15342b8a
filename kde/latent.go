package kde

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// The kernel density as a latent-variable model: the code z is one column that holds
// the index of a kernel, 0 … N−1.

// LatentDim returns 1.
func (m *Model) LatentDim() int { return 1 }

// States returns the N codes (N×1).
func (m *Model) States() *mat.Dense {
	z := mat.NewDense(m.n, 1, nil)
	for k := range m.n {
		z.Set(k, 0, float64(k))
	}
	return z
}

// RandPrior fills z (N×1) with kernels drawn by how often they count.
func (m *Model) RandPrior(z *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range codes(z) {
		z.Set(i, 0, float64(m.drawKernel(random)))
	}
}

// RandGiven fills dst (N×D) with one independent draw from the kernel of each row of z
// (N×1), which must hold indices of kernels.
func (m *Model) RandGiven(dst, z *mat.Dense, src rand.Source) {
	random := rand.New(src)
	if codes(z) != m.rows(dst) {
		panic("kde: codes and rows differ in number")
	}
	for i := range codes(z) {
		k, ok := m.kernel(z, i)
		if !ok {
			panic("kde: a code is not the index of a kernel")
		}
		m.displace(dst.RawRowView(i), k, random)
	}
}

// LogPrior stores the logarithm of the share of the kernel for each code in z (N×1) in
// dst (length N, or nil) and returns it. A value that is no kernel has probability 0.
func (m *Model) LogPrior(dst []float64, z *mat.Dense) []float64 {
	dst = density.Resize(dst, codes(z))
	for i := range dst {
		dst[i] = math.Inf(-1)
		if k, ok := m.kernel(z, i); ok {
			dst[i] = m.field.logCounts[k] - math.Log(m.total)
		}
	}
	return dst
}

// LogLik stores log N(x; xₖ, H) for each code in z (N·S×1) in dst (length N·S, or nil)
// and returns it; row i·S+s of z belongs to row i of x (N×D). A value that is no kernel
// has probability 0.
func (m *Model) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	m.rows(x)
	s := density.Draws(x, z)
	dst = density.Resize(dst, codes(z))
	e := make([]float64, m.d)
	for i := range dst {
		dst[i] = math.Inf(-1)
		if k, ok := m.kernel(z, i); ok {
			dst[i] = m.logKernel(k, x.RawRowView(i/s), e)
		}
	}
	return dst
}

// logKernel returns log N(x; xₖ, H), by forward substitution into e.
func (m *Model) logKernel(k int, x, e []float64) float64 {
	var square float64
	for j, v := range x {
		v -= m.points[k*m.d+j]
		if m.shape == Full {
			for i, w := range e[:j] {
				v -= m.lower[j*m.d+i] * w
			}
		}
		e[j] = v / m.deviation(j)
		square += e[j] * e[j]
	}
	return m.field.constant - 0.5*square
}

// codes returns the number of rows of z, which must have one column.
func codes(z *mat.Dense) int {
	n, l := z.Dims()
	if l != 1 {
		panic("kde: a code has one column")
	}
	return n
}

// kernel returns the index that row i of z stands for.
func (m *Model) kernel(z *mat.Dense, i int) (int, bool) {
	v := z.At(i, 0)
	if !(v >= 0 && v < float64(m.n)) {
		return 0, false
	}
	k := int(v)
	return k, float64(k) == v
}

// Posterior returns p(z|x), which kernel a row may come from, as a proposal.
func (m *Model) Posterior() density.Proposal { return posterior{m} }

type posterior struct{ m *Model }

func (p posterior) LatentDim() int { return 1 }

func (p posterior) Rand(z, x *mat.Dense, src rand.Source) {
	p.m.rows(x)
	s := density.Draws(x, z)
	random := rand.New(src)
	u := make([]float64, codes(z))
	for i := range u { // in the order of the codes, whatever that of the work
		u[i] = random.Float64()
	}
	p.m.eachBlock(x, func(from int, logits []float64) {
		p.respond(logits)
		n := p.m.n
		for i := range len(logits) / n {
			row := logits[i*n : (i+1)*n]
			kernel.Exp(row, row)
			for q := (from + i) * s; q < (from+i+1)*s; q++ {
				z.Set(q, 0, float64(pick(row, u[q])))
			}
		}
	})
}

// pick returns the index at which the running sum of probabilities exceeds u.
func pick(probabilities []float64, u float64) int {
	last := 0
	for k, p := range probabilities {
		if !(p > 0) {
			continue
		}
		last = k
		if u -= p; u < 0 {
			break
		}
	}
	return last
}

// respond turns logits (rows×N) into ln p(z=k|x).
func (p posterior) respond(logits []float64) {
	n := p.m.n
	log := make([]float64, 1)
	for from := 0; from < len(logits); from += n {
		row := logits[from : from+n]
		kernel.LogSumExpRows(log, 1, n, row, n)
		for k := range row {
			row[k] -= log[0]
		}
	}
}

func (p posterior) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	p.m.rows(x)
	s := density.Draws(x, z)
	dst = density.Resize(dst, codes(z))
	p.m.eachBlock(x, func(from int, logits []float64) {
		p.respond(logits)
		n := p.m.n
		for i := range len(logits) / n {
			for q := (from + i) * s; q < (from+i+1)*s; q++ {
				dst[q] = math.Inf(-1)
				if k, ok := p.m.kernel(z, q); ok {
					dst[q] = logits[i*n+k]
				}
			}
		}
	})
	return dst
}

// KLPrior stores KL(p(z|xᵢ) ‖ p(z)) for each row of x (N×D) in dst (length N, or nil)
// and returns it.
func (p posterior) KLPrior(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, p.m.rows(x))
	norm := math.Log(p.m.total)
	p.m.eachBlock(x, func(from int, logits []float64) {
		p.respond(logits)
		n := p.m.n
		for i := range len(logits) / n {
			var sum float64
			for k, l := range logits[i*n : (i+1)*n] {
				if r := math.Exp(l); r > 0 {
					sum += r * (l - p.m.field.logCounts[k] + norm)
				}
			}
			dst[from+i] = sum
		}
	})
	return dst
}
