package gmm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// The mixture as a latent-variable model: the code z is one column that holds
// the index of a component, 0 … K−1.

// LatentDim returns 1.
func (m *Model) LatentDim() int { return 1 }

// States returns the K codes (K×1).
func (m *Model) States() *mat.Dense {
	z := mat.NewDense(m.k, 1, nil)
	for k := range m.k {
		z.Set(k, 0, float64(k))
	}
	return z
}

// RandPrior fills z (N×1) with components drawn by their weights.
func (m *Model) RandPrior(z *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range codes(z) {
		z.Set(i, 0, float64(m.draw(random)))
	}
}

// LogPrior stores ln πₖ for each code in z (N×1) in dst (length N, or nil) and
// returns it. A value that is no component has probability 0.
func (m *Model) LogPrior(dst []float64, z *mat.Dense) []float64 {
	dst = density.Resize(dst, codes(z))
	for i := range dst {
		dst[i] = math.Inf(-1)
		if k, ok := m.component(z, i); ok {
			dst[i] = m.logWeight[k]
		}
	}
	return dst
}

// LogLik stores log N(x; μₖ, Σₖ) for each code in z (N·S×1) in dst (length N·S,
// or nil) and returns it; row i·S+s of z belongs to row i of x (N×D). A value
// that is no component has probability 0.
func (m *Model) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	n := m.rows(x)
	codes(z)
	s := density.Draws(x, z)
	dst = density.Resize(dst, n*s)
	for i := range dst {
		dst[i] = math.Inf(-1)
		if k, ok := m.component(z, i); ok {
			m.shapes.logDensity(dst[i:i+1], k, m.mean(k), x.RawRowView(i/s))
		}
	}
	return dst
}

// codes returns the number of rows of z, which must have one column.
func codes(z *mat.Dense) int {
	n, l := z.Dims()
	if l != 1 {
		panic("gmm: a code has one column")
	}
	return n
}

// component returns the index that row i of z stands for.
func (m *Model) component(z *mat.Dense, i int) (int, bool) {
	v := z.At(i, 0)
	k := int(v)
	return k, float64(k) == v && k >= 0 && k < m.k
}

// Posterior returns p(z|x), the responsibilities, as a proposal.
func (m *Model) Posterior() density.Proposal { return posterior{m} }

type posterior struct{ m *Model }

func (p posterior) LatentDim() int { return 1 }

func (p posterior) Rand(z, x *mat.Dense, src rand.Source) {
	s := density.Draws(x, z)
	random := rand.New(src)
	r := p.m.Responsibilities(nil, x)
	for i := range codes(z) {
		z.Set(i, 0, float64(drawIndex(r.RawRowView(i/s), 1, random)))
	}
}

func (p posterior) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	s := density.Draws(x, z)
	dst = density.Resize(dst, codes(z))
	p.m.eachBlock(x, func(from int, x, joint []float64) {
		k := p.m.k
		p.m.decideRows(joint, x)
		logs := getBuffer(len(joint) / k)
		// In logarithms: a responsibility may be too small for its ratio
		// to be a number, while its logarithm is not.
		rows := getBuffer(len(joint))
		copy(*rows, joint)
		normalize(*logs, *rows, k)
		for i, l := range *logs {
			for q := (from + i) * s; q < (from+i+1)*s; q++ {
				dst[q] = math.Inf(-1)
				if c, ok := p.m.component(z, q); ok {
					dst[q] = joint[i*k+c] - l
				}
			}
		}
		putBuffer(rows)
		putBuffer(logs)
	})
	return dst
}

// KLPrior stores KL(p(z|xᵢ) ‖ p(z)) = Σₖ rᵢₖ ln(rᵢₖ/πₖ) for each row of x (N×D)
// in dst (length N, or nil) and returns it.
func (p posterior) KLPrior(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, p.m.rows(x))
	for i := range dst {
		dst[i] = 0
	}
	r := p.m.Responsibilities(nil, x)
	for i := range dst {
		for k, v := range r.RawRowView(i) {
			if v > 0 {
				dst[i] += v * (math.Log(v) - p.m.logWeight[k])
			}
		}
	}
	return dst
}
