package lcm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// The mixture as a latent-variable model: the code z is one column that holds
// the index of a class, 0 … K−1.

// LatentDim returns 1.
func (m *Model) LatentDim() int { return 1 }

// States returns the K codes (K×1).
func (m *Model) States() *mat.Dense {
	z := mat.NewDense(m.p.k, 1, nil)
	for k := range m.p.k {
		z.Set(k, 0, float64(k))
	}
	return z
}

// RandPrior fills z (N×1) with classes drawn by their weights.
func (m *Model) RandPrior(z *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range codes(z) {
		z.Set(i, 0, float64(m.draw(random)))
	}
}

// LogPrior stores ln πₖ for each code in z (N×1) in dst (length N, or nil) and
// returns it. A value that is no class has probability 0.
func (m *Model) LogPrior(dst []float64, z *mat.Dense) []float64 {
	dst = density.Resize(dst, codes(z))
	for i := range dst {
		dst[i] = math.Inf(-1)
		if c, ok := m.class(z, i); ok {
			dst[i] = m.p.logWeight[c]
		}
	}
	return dst
}

// LogLik stores log p(x|z) for each code in z (N·S×1) in dst (length N·S,
// or nil) and returns it; row i·S+s of z belongs to row i of x (N×D, NaN for missing
// values, of which there is no log p but NaN). A value
// that is no class has probability 0. The cost is O(D) a code.
func (m *Model) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	n := m.rows(x)
	codes(z)
	s := density.Draws(x, z)
	dst = density.Resize(dst, n*s)
	for i := range dst {
		dst[i] = math.Inf(-1)
		if c, ok := m.class(z, i); ok {
			dst[i] = 0
			for j, v := range x.RawRowView(i / s) {
				if math.IsNaN(v) {
					dst[i] = v
					break
				}
				dst[i] += m.logColumn(c, j, v)
			}
		}
	}
	return dst
}

// RandGiven fills dst (N×D) with one independent draw from the class of each row of z
// (N×1), which must be one.
func (m *Model) RandGiven(dst, z *mat.Dense, src rand.Source) {
	if m.rows(dst) != codes(z) {
		panic("lcm: rows and codes differ in number")
	}
	random := rand.New(src)
	for i := range codes(z) {
		c, ok := m.class(z, i)
		if !ok {
			panic("lcm: a code is no class")
		}
		m.drawRow(dst.RawRowView(i), c, random, src)
	}
}

// codes returns the number of rows of z, which must have one column.
func codes(z *mat.Dense) int {
	n, l := z.Dims()
	if l != 1 {
		panic("lcm: a code has one column")
	}
	return n
}

// class returns the index that row i of z stands for.
func (m *Model) class(z *mat.Dense, i int) (int, bool) {
	v := z.At(i, 0)
	c := int(v)
	return c, float64(c) == v && c >= 0 && c < m.p.k
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
	p.m.rows(x)
	s := density.Draws(x, z)
	dst = density.Resize(dst, codes(z))
	k := p.m.p.k
	p.m.eachBlock(x, func(from int, joint []float64) {
		p.m.decide(x, from, joint)
		for i := range len(joint) / k {
			// In logarithms: a responsibility may be too small for its ratio
			// to be a number, while its logarithm is not.
			total := density.LogSumExp(row(joint, i, k))
			for q := (from + i) * s; q < (from+i+1)*s; q++ {
				dst[q] = math.Inf(-1)
				if c, ok := p.m.class(z, q); ok {
					dst[q] = joint[i*k+c] - total
				}
			}
		}
	})
	return dst
}

// KLPrior stores KL(p(z|xᵢ) ‖ p(z)) = Σₖ rᵢₖ ln(rᵢₖ/πₖ) for each row of x (N×D)
// in dst (length N, or nil) and returns it.
func (p posterior) KLPrior(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, p.m.rows(x))
	r := p.m.Responsibilities(nil, x)
	for i := range dst {
		dst[i] = 0
		for c, v := range r.RawRowView(i) {
			if v > 0 {
				dst[i] += v * (math.Log(v) - p.m.p.logWeight[c])
			}
		}
	}
	return dst
}
