package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Model is a mixture of K Gaussians in D dimensions. It is immutable and safe
// for concurrent use.
type Model struct {
	k, d      int
	weights   []float64
	logWeight []float64
	means     []float64 // K×D
	shapes    shapes
}

var (
	_ density.ExactPosterior = (*Model)(nil)
	_ density.Finite         = (*Model)(nil)
	_ density.Parametric     = (*Model)(nil)
	_ density.Measured       = (*Model)(nil)
)

// New returns the mixture with the given weights (length K, nonnegative,
// summing to 1 within 1e-6; they are scaled to do so), means (K×D) and
// covariances (K of D×D). It copies them. An error wraps ErrParameters, or
// ErrCollapsed for a covariance that is not positive definite.
func New(weights []float64, means *mat.Dense, covariances []mat.Symmetric) (*Model, error) {
	k, d := means.Dims()
	if len(weights) != k || len(covariances) != k {
		panic("gmm: weights, means and covariances differ in number")
	}
	s := &fullShapes{d: d, of: Full, components: make([]fullShape, k)}
	for i, c := range covariances {
		if c.SymmetricDim() != d {
			panic("gmm: means and covariances differ in dimension")
		}
		sigma := make([]float64, d*d)
		for a := range d {
			for b := range d {
				if sigma[a*d+b] = c.At(a, b); math.IsNaN(sigma[a*d+b]) || math.IsInf(sigma[a*d+b], 0) {
					return nil, fmt.Errorf("gmm: covariance of component %d in row %d and column %d is %v: %w; want a finite number", i+1, a+1, b+1, sigma[a*d+b], ErrParameters)
				}
			}
		}
		var err error
		if s.components[i], err = newFullShape(d, sigma, 0); err != nil {
			return nil, fmt.Errorf("gmm: covariance %d: %w", i+1, err)
		}
	}
	return newModel(weights, means, s)
}

// NewDiagonal returns the mixture with the given weights (length K), means and
// variances (both K×D). It copies them. An error wraps ErrParameters.
func NewDiagonal(weights []float64, means, variances *mat.Dense) (*Model, error) {
	k, d := means.Dims()
	if vk, vd := variances.Dims(); len(weights) != k || vk != k || vd != d {
		panic("gmm: weights, means and variances differ in shape")
	}
	flat := make([]float64, 0, k*d)
	for i := range k {
		for j, v := range variances.RawRowView(i) {
			if !(v > 0) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("gmm: variance of component %d in column %d is %v: %w; want a positive number", i+1, j+1, v, ErrParameters)
			}
			flat = append(flat, v)
		}
	}
	return newModel(weights, means, newDiagonalShapes(Diagonal, k, d, flat))
}

// newModel checks weights and means and takes over the shapes.
func newModel(weights []float64, means *mat.Dense, s shapes) (*Model, error) {
	k, d := means.Dims()
	m := &Model{k: k, d: d, weights: slices.Clone(weights), logWeight: make([]float64, k), means: make([]float64, 0, k*d), shapes: s}
	var sum float64
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("gmm: weight %d is %v: %w; want nonnegative numbers that sum to 1", i+1, w, ErrParameters)
		}
		sum += w
	}
	if math.Abs(sum-1) > 1e-6 {
		return nil, fmt.Errorf("gmm: the weights sum to %v: %w; want 1", sum, ErrParameters)
	}
	for i := range m.weights {
		// A sum that is off by rounding alone is left, so that a model read
		// from a file is the one that was written, to the last bit.
		if math.Abs(sum-1) > 1e-12 {
			m.weights[i] /= sum
		}
		m.logWeight[i] = math.Log(m.weights[i])
	}
	for i := range k {
		for j, v := range means.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("gmm: mean of component %d in column %d is %v: %w", i+1, j+1, v, ErrParameters)
			}
			m.means = append(m.means, v)
		}
	}
	return m, nil
}

// Model returns the mixture with the current parameters, in the units of the
// data; nil before the first step, when there are none.
func (e *EM) Model() *Model {
	if e.shapes == nil || len(e.path.Values) == 0 {
		return nil
	}
	t := e.scaled.transform
	shapes, err := e.shapes.rescaled(t.Scale)
	if err != nil {
		panic(err) // bounds on the columns' variances see to it
	}
	means := t.Invert(nil, mat.NewDense(e.k, e.d, slices.Clone(e.moments.mean)))
	m := &Model{
		k: e.k, d: e.d, weights: make([]float64, e.k), logWeight: slices.Clone(e.logWeight),
		means: means.RawMatrix().Data, shapes: shapes,
	}
	for k, l := range m.logWeight {
		m.weights[k] = math.Exp(l)
		m.logWeight[k] = math.Log(m.weights[k]) // as for a model read from a file
	}
	return m
}

// order sorts the components by decreasing weight.
func (e *EM) order() {
	order := make([]int, e.k)
	for k := range order {
		order[k] = k
	}
	count := e.moments.count
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case count[a] > count[b]:
			return -1
		case count[a] < count[b]:
			return 1
		}
		return slices.Compare(e.moments.mean[a*e.d:(a+1)*e.d], e.moments.mean[b*e.d:(b+1)*e.d])
	})
	counts, means, logs := slices.Clone(count), slices.Clone(e.moments.mean), slices.Clone(e.logWeight)
	for to, from := range order {
		e.moments.count[to], e.logWeight[to] = counts[from], logs[from]
		copy(e.moments.mean[to*e.d:(to+1)*e.d], means[from*e.d:(from+1)*e.d])
	}
	e.shapes = e.shapes.reordered(order)
	e.moments.ahead = nil
	for i := 0; i < len(e.moments.resp); i += e.k {
		row := e.moments.resp[i : i+e.k]
		old := slices.Clone(row)
		for to, from := range order {
			row[to] = old[from]
		}
	}
}

// Measures returns continuous and dequantised: a mixture of normals is a density.
func (m *Model) Measures() []density.Measure {
	return []density.Measure{density.Continuous, density.Dequantized}
}

// Dim returns D.
func (m *Model) Dim() int { return m.d }

// Components returns K.
func (m *Model) Components() int { return m.k }

// Family returns the family of the covariances.
func (m *Model) Family() Covariance { return m.shapes.family() }

// Weights returns a copy of the weights πₖ (length K).
func (m *Model) Weights() []float64 { return slices.Clone(m.weights) }

// Means returns a copy of the means, one a row (K×D).
func (m *Model) Means() *mat.Dense { return mat.NewDense(m.k, m.d, slices.Clone(m.means)) }

func (m *Model) mean(k int) []float64 { return m.means[k*m.d : (k+1)*m.d] }

// Covariance returns a copy of Σₖ (D×D).
func (m *Model) Covariance(k int) *mat.SymDense {
	c := mat.NewSymDense(m.d, nil)
	for i := range m.d {
		for j := range i + 1 {
			c.SetSym(i, j, m.shapes.at(k, i, j))
		}
	}
	return c
}

// NumParameters returns the number of free parameters: K−1 weights, K·D means
// and those of the covariances.
func (m *Model) NumParameters() int {
	return m.k - 1 + m.k*m.d + m.shapes.family().NumParameters(m.k, m.d)
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or
// nil) and returns it. It is exact. The cost is O(N·K·D²) for full covariances
// and O(N·K·D) for diagonal ones.
func (m *Model) LogProb(dst []float64, x *mat.Dense) []float64 {
	n := m.rows(x)
	dst = density.Resize(dst, n)
	m.eachBlock(x, func(from int, _, joint []float64) {
		normalize(dst[from:from+len(joint)/m.k], joint, m.k)
	})
	return dst
}

// Responsibilities stores p(z=k|xᵢ) for each row of x (N×D) in dst (N×K, or
// nil, and then allocated) and returns it. A row so far out that its density is 0
// under every component belongs to the nearest.
func (m *Model) Responsibilities(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.k, nil)
	}
	if dn, dk := dst.Dims(); dn != n || dk != m.k {
		panic("gmm: dst is not N×K")
	}
	m.eachBlock(x, func(from int, rows, joint []float64) {
		m.decideRows(joint, rows)
		logs := getBuffer(len(joint) / m.k)
		normalize(*logs, joint, m.k)
		putBuffer(logs)
		for i := range len(joint) / m.k {
			copy(dst.RawRowView(from+i), joint[i*m.k:(i+1)*m.k])
		}
	})
	return dst
}

// Assign stores the most responsible component of each row of x (N×D) in dst
// (length N, or nil, and then allocated) and returns it; of equals the first.
func (m *Model) Assign(dst []int, x *mat.Dense) []int {
	n := m.rows(x)
	if dst == nil {
		dst = make([]int, n)
	}
	if len(dst) != n {
		panic("gmm: length of dst does not match the number of rows")
	}
	m.eachBlock(x, func(from int, rows, joint []float64) {
		m.decideRows(joint, rows)
		for i := range len(joint) / m.k {
			dst[from+i] = floats.MaxIdx(joint[i*m.k : (i+1)*m.k])
		}
	})
	return dst
}

// eachBlock calls f with each block of rows, one after the other, and their log joint
// densities ln πₖ + log N(xᵢ; μₖ, Σₖ) (rows×K), which f may overwrite.
func (m *Model) eachBlock(x *mat.Dense, f func(from int, rows, joint []float64)) {
	n, _ := x.Dims()
	size := max(1, min(blockRows, maxJoint/m.k))
	forEach((n+size-1)/size, func(b int) {
		from, to := b*size, min((b+1)*size, n)
		rows := getBuffer((to - from) * m.d)
		joint := getBuffer((to - from) * m.k)
		for i := from; i < to; i++ {
			copy((*rows)[(i-from)*m.d:], x.RawRowView(i))
		}
		logJoint(*joint, m.logWeight, m.means, m.shapes, *rows)
		noNaN(*joint, m.k, *rows)
		f(from, *rows, *joint)
		putBuffer(rows)
		putBuffer(joint)
	})
}

// maxJoint bounds the log joint densities that a core holds at once, for
// mixtures of very many components.
const maxJoint = 1 << 18

func (m *Model) rows(x *mat.Dense) int {
	n, d := x.Dims()
	if d != m.d {
		panic("gmm: data and model differ in width")
	}
	return n
}

// Rand fills dst (N×D) with independent draws.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	n := m.rows(dst)
	random := rand.New(src)
	for i := range n {
		m.displace(dst.RawRowView(i), m.draw(random), random)
	}
}

// draw returns a component with the probability of its weight.
func (m *Model) draw(random *rand.Rand) int { return drawIndex(m.weights, 1, random) }

// displace stores a draw from component k in dst.
func (m *Model) displace(dst []float64, k int, random *rand.Rand) {
	m.shapes.displace(dst, k, random)
	for j, v := range m.mean(k) {
		dst[j] += v
	}
}

// drawIndex returns i with probability p[i]/total, where total is the sum of p.
// Rounding can leave the sum short of the draw; the last index with a positive
// probability stands then.
func drawIndex(p []float64, total float64, random *rand.Rand) int {
	u := random.Float64() * total
	last := 0
	for i, v := range p {
		if v > 0 {
			if last = i; u < v {
				return i
			}
			u -= v
		}
	}
	return last
}
