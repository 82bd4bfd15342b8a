package kde

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/spread"
)

// Model is a kernel density: a density.Exact, and as a mixture with a component for each
// kernel a density.ExactPosterior and a density.Finite.
type Model struct {
	n, d   int
	shape  Shape
	points []float64 // N×D, the centres of the kernels
	counts []float64 // N, how often each of them counts
	total  float64   // Σ counts
	lower  []float64 // H = LLᵀ; D×D and lower triangular, or only its diagonal (D)
	field  field     // of ln counts
	upto   []float64 // N, running sums of counts
}

// New returns the kernel density with the given centres (N×D), how often each of them
// counts (length N, positive; nil: once), and the factor L of the kernels' covariance
// H = LLᵀ: a lower triangular D×D matrix, row-major, or for [Diagonal] the D numbers of
// its diagonal. All are copied. What is none is an error that wraps [ErrParameters].
func New(shape Shape, points *mat.Dense, counts, lower []float64) (*Model, error) {
	n, d := points.Dims()
	m := &Model{n: n, d: d, shape: shape, counts: slices.Clone(counts), lower: slices.Clone(lower)}
	m.points = mat.DenseCopyOf(points).RawMatrix().Data
	if shape != Diagonal && shape != Full {
		return nil, fmt.Errorf("kde: %v: %w; want Diagonal or Full", shape, ErrParameters)
	}
	if shape == Diagonal && len(lower) != d || shape == Full && len(lower) != d*d {
		panic("kde: the factor is not of the kernels' shape")
	}
	if counts == nil {
		m.counts = make([]float64, n)
		for i := range m.counts {
			m.counts[i] = 1
		}
	}
	if len(m.counts) != n {
		panic("kde: points and counts differ in length")
	}
	if err := density.CheckFinite(points); err != nil {
		return nil, fmt.Errorf("kde: %w: %w", ErrParameters, err)
	}
	for i, c := range m.counts {
		if !(c > 0) || math.IsInf(c, 0) {
			return nil, fmt.Errorf("kde: kernel %d counts %v times: %w; want a positive number", i+1, c, ErrParameters)
		}
		m.total += c
		m.upto = append(m.upto, m.total)
	}
	if math.IsInf(m.total, 0) {
		return nil, fmt.Errorf("kde: the counts sum to infinity: %w", ErrParameters)
	}
	for j := range d {
		if v := m.deviation(j); !(v > 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("kde: the factor of column %d is %v: %w; want a positive number", j+1, v, ErrParameters)
		}
	}
	for _, v := range m.lower {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("kde: the factor holds %v: %w", v, ErrParameters)
		}
	}
	if shape == Full {
		for i := range d {
			clear(m.lower[i*d+i+1 : (i+1)*d])
		}
	}
	m.field.set(m.shape, m.points, m.counts, m.lower)
	for _, v := range m.field.white {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("kde: the factor is too small for the points: %w; the distances overflow", ErrParameters)
		}
	}
	m.field.white = nil // laid out for distances by now
	return m, nil
}

// deviation returns element j of the diagonal of L.
func (m *Model) deviation(j int) float64 {
	if m.shape == Full {
		return m.lower[j*(m.d+1)]
	}
	return m.lower[j]
}

// Dim returns D.
func (m *Model) Dim() int { return m.d }

// Kernels returns their number N.
func (m *Model) Kernels() int { return m.n }

// Shape returns that of the kernels' covariance.
func (m *Model) Shape() Shape { return m.shape }

// Points returns the centres of the kernels (N×D).
func (m *Model) Points() *mat.Dense { return mat.NewDense(m.n, m.d, slices.Clone(m.points)) }

// Weights returns the share that each kernel has of the density (length N).
func (m *Model) Weights() []float64 {
	w := make([]float64, m.n)
	for k, c := range m.counts {
		w[k] = c / m.total
	}
	return w
}

// Covariance returns H (D×D), the same for all kernels.
func (m *Model) Covariance() *mat.SymDense {
	h := mat.NewSymDense(m.d, nil)
	for i := range m.d {
		if m.shape == Diagonal {
			h.SetSym(i, i, m.lower[i]*m.lower[i])
			continue
		}
		for j := range i + 1 {
			var sum float64
			for k := range j + 1 {
				sum += m.lower[i*m.d+k] * m.lower[j*m.d+k]
			}
			h.SetSym(i, j, sum)
		}
	}
	return h
}

// Bandwidths returns the standard deviation of a kernel in each column, in the units of
// the data.
func (m *Model) Bandwidths() []float64 {
	h := m.Covariance()
	b := make([]float64, m.d)
	for j := range b {
		b[j] = math.Sqrt(h.At(j, j))
	}
	return b
}

// Measures returns the ones a density of continuous columns may have.
func (m *Model) Measures() []density.Measure {
	return []density.Measure{density.Continuous, density.Dequantized}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or nil) and
// returns it. On the rows that are the kernels it is too high: each sits on a kernel of
// its own; [Model.LeaveOneOut] is what is honest there. The cost is O(D) for each row and
// kernel, and O(D²) more for each row where H is full.
func (m *Model) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, m.rows(x))
	norm := math.Log(m.total)
	m.eachBlock(x, func(from int, logits []float64) {
		kernel.LogSumExpRows(dst[from:from+len(logits)/m.n], len(logits)/m.n, m.n, logits, m.n)
	})
	for i := range dst {
		dst[i] += m.field.constant - norm
		if math.IsNaN(dst[i]) && !slices.ContainsFunc(x.RawRowView(i), math.IsNaN) {
			dst[i] = math.Inf(-1) // so far out that distances overflow
		}
	}
	return dst
}

// LeaveOneOut stores log p₋ₖ(xₖ) in nats for the row xₖ of each kernel in dst (length
// N, or nil) and returns it: the density without one count of the kernel on that row. A
// kernel that counts less than once is left out whole; −Inf if nothing remains. The cost is that of
// [Model.LogProb] for N rows.
func (m *Model) LeaveOneOut(dst []float64) []float64 {
	dst = density.Resize(dst, m.n)
	m.eachBlock(mat.NewDense(m.n, m.d, m.points), func(from int, logits []float64) {
		rows := len(logits) / m.n
		for i := range rows {
			logits[i*m.n+from+i] = math.Log(max(m.counts[from+i]-1, 0))
		}
		kernel.LogSumExpRows(dst[from:from+rows], rows, m.n, logits, m.n)
	})
	for k := range dst {
		if rest := m.total - min(m.counts[k], 1); rest > 0 {
			dst[k] += m.field.constant - math.Log(rest)
		}
	}
	return dst
}

// work is the scratch of a goroutine.
type work struct{ logits, white []float64 }

// maxBlock bounds the distances that are held at once.
const maxBlock = 1 << 18

// blockRows is the number of rows that are held against all n kernels at once.
func blockRows(n int) int { return min(64, max(8, maxBlock/n)) }

// eachBlock calls f, on all cores, for each block of rows of x with ln countₖ + ln of
// the unnormalised kernel k at each row (rows×N), which f may overwrite.
func (m *Model) eachBlock(x *mat.Dense, f func(from int, logits []float64)) {
	n, _ := x.Dims()
	size := blockRows(m.n)
	raw := x.RawMatrix()
	// A context that does not end, and units that do not fail.
	_ = spread.Each(context.Background(), (n+size-1)/size, nil, func() func(b int) error {
		w := &work{logits: make([]float64, min(size, n)*m.n), white: make([]float64, min(size, n)*m.d)}
		return func(b int) error {
			from, to := b*size, min((b+1)*size, n)
			logits := w.logits[:(to-from)*m.n]
			m.field.logits(logits, to-from, raw.Data[from*raw.Stride:], raw.Stride, w.white)
			f(from, logits)
			return nil
		}
	})
}

// rows returns the number of rows of x, which must have D columns.
func (m *Model) rows(x *mat.Dense) int {
	n, d := x.Dims()
	if d != m.d {
		panic("kde: dimension mismatch")
	}
	return n
}

// Rand fills dst (N×D) with one independent draw a row: a kernel, and a point of it.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range m.rows(dst) {
		m.displace(dst.RawRowView(i), m.drawKernel(random), random)
	}
}

func (m *Model) drawKernel(random *rand.Rand) int {
	u := random.Float64() * m.total
	return min(sort.Search(m.n, func(k int) bool { return m.upto[k] > u }), m.n-1)
}

// displace stores a draw from kernel k in dst.
func (m *Model) displace(dst []float64, k int, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.NormFloat64()
	}
	for j := m.d - 1; j >= 0; j-- {
		v := dst[j] * m.deviation(j)
		if m.shape == Full {
			for i, e := range dst[:j] {
				v += m.lower[j*m.d+i] * e
			}
		}
		dst[j] = m.points[k*m.d+j] + v
	}
}
