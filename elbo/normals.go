package elbo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Normals is a proposal with a normal distribution of its own for each of some
// rows of data,
//
//	q(z|xᵢ) = N(mᵢ, LᵢLᵢᵀ)
//
// which it knows by their values. Asked about any other row it panics.
type Normals struct {
	l     int
	index map[string]int
	mean  [][]float64 // L
	lower [][]float64 // L(L+1)/2: the rows of Lᵢ one after the other
}

var _ density.ProposalGradient = (*Normals)(nil)

func newNormals(x *mat.Dense, l int) *Normals {
	n, _ := x.Dims()
	q := &Normals{l: l, index: make(map[string]int, n), mean: make([][]float64, n), lower: make([][]float64, n)}
	for i := range n {
		if k := key(x.RawRowView(i)); !contains(q.index, k) {
			q.index[k] = i
		}
	}
	return q
}

func contains(m map[string]int, k string) bool {
	_, ok := m[k]
	return ok
}

// key is the bits of a row.
func key(row []float64) string {
	b := make([]byte, 8*len(row))
	for j, v := range row {
		binary.LittleEndian.PutUint64(b[8*j:], math.Float64bits(v))
	}
	return string(b)
}

// LatentDim returns L.
func (q *Normals) LatentDim() int { return q.l }

// Moments returns mean and covariance for the row x.
func (q *Normals) Moments(x []float64) (mean []float64, covariance *mat.SymDense) {
	i := q.find(x)
	covariance = mat.NewSymDense(q.l, nil)
	for a := range q.l {
		for b := range a + 1 {
			var sum float64
			for k := range b + 1 {
				sum += q.lower[i][a*(a+1)/2+k] * q.lower[i][b*(b+1)/2+k]
			}
			covariance.SetSym(a, b, sum)
		}
	}
	return append([]float64{}, q.mean[i]...), covariance
}

func (q *Normals) find(x []float64) int {
	i, ok := q.index[key(x)]
	if !ok {
		panic("elbo: a row that this proposal was not made for")
	}
	return i
}

// each calls f for each row of z with the distribution it belongs to.
func (q *Normals) each(z, x *mat.Dense, f func(k int, row, mean, lower []float64)) {
	s := density.Draws(x, z)
	n, l := z.Dims()
	if l != q.l {
		panic("elbo: dimension mismatch")
	}
	var i int
	for k := range n {
		if k%s == 0 {
			i = q.find(x.RawRowView(k / s))
		}
		f(k, z.RawRowView(k), q.mean[i], q.lower[i])
	}
}

// Rand implements density.Proposal.
func (q *Normals) Rand(z, x *mat.Dense, src rand.Source) {
	random := rand.New(src)
	noise := make([]float64, q.l)
	q.each(z, x, func(_ int, row, mean, lower []float64) {
		for j := range noise {
			noise[j] = random.NormFloat64()
		}
		place(row, mean, lower, noise)
	})
}

// place stores m + Le in z.
func place(z, mean, lower, noise []float64) {
	for a := range z {
		z[a] = mean[a]
		for b, v := range lower[a*(a+1)/2 : a*(a+1)/2+a+1] {
			z[a] += v * noise[b]
		}
	}
}

// LogProb implements density.Proposal.
func (q *Normals) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	white := make([]float64, q.l)
	q.each(z, x, func(k int, row, mean, lower []float64) {
		dst[k] = whiten(white, row, mean, lower)
	})
	return dst
}

// whiten stores L⁻¹(z − m) in white and returns the log-density at z.
func whiten(white, z, mean, lower []float64) float64 {
	log := -0.5 * float64(len(z)) * math.Log(2*math.Pi)
	for a := range z {
		line := lower[a*(a+1)/2 : a*(a+1)/2+a+1]
		v := z[a] - mean[a]
		for b, w := range white[:a] {
			v -= line[b] * w
		}
		white[a] = v / line[a]
		log -= 0.5*white[a]*white[a] + math.Log(line[a])
	}
	return log
}

// LogProbGrad implements density.ProposalGradient.
func (q *Normals) LogProbGrad(dst []float64, grad, z, x *mat.Dense) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	q.each(z, x, func(k int, row, mean, lower []float64) {
		g := grad.RawRowView(k)
		dst[k] = whiten(g, row, mean, lower)
		backsolve(g, lower)
		for j := range g {
			g[j] = -g[j]
		}
	})
	return dst
}

// backsolve replaces v by L⁻ᵀv.
func backsolve(v, lower []float64) {
	for a := len(v) - 1; a >= 0; a-- {
		line := lower[a*(a+1)/2 : a*(a+1)/2+a+1]
		v[a] /= line[a]
		for b, l := range line[:a] {
			v[b] -= l * v[a]
		}
	}
}
