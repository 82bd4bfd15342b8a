package density

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// ErrNotPositiveDefinite reports a covariance that no normal distribution with
// a density has.
var ErrNotPositiveDefinite = errors.New("covariance is not positive definite")

var log2Pi = math.Log(2 * math.Pi)

// Normal is the normal distribution of R^D
//
//	log p(x) = −½ (D ln 2π + ln |Σ| + (x − μ)ᵀ Σ⁻¹ (x − μ))
//
// with any covariance. See [DiagonalNormal] for independent columns.
type Normal struct {
	mean []float64
	// lower is L of Σ = LLᵀ, row by row: row i has i+1 elements.
	lower    [][]float64
	constant float64 // −½ (D ln 2π + ln |Σ|)
}

// NewNormal returns the normal distribution with a mean of length D ≥ 1 and a
// D×D covariance, both copied. A covariance without a Cholesky factorisation is
// an error that wraps [ErrNotPositiveDefinite].
func NewNormal(mean []float64, covariance mat.Symmetric) (*Normal, error) {
	d := covariance.SymmetricDim()
	if len(mean) != d {
		panic("density: mean and covariance differ in dimension")
	}
	var chol mat.Cholesky
	if !chol.Factorize(covariance) {
		return nil, fmt.Errorf("density: a %d×%d covariance: %w; raise its diagonal", d, d, ErrNotPositiveDefinite)
	}
	var l mat.TriDense
	chol.LTo(&l)
	n := &Normal{mean: append([]float64{}, mean...), lower: make([][]float64, d)}
	n.constant = -0.5 * float64(d) * log2Pi
	for i := range d {
		n.lower[i] = make([]float64, i+1)
		for j := range n.lower[i] {
			n.lower[i][j] = l.At(i, j)
		}
		n.constant -= math.Log(n.lower[i][i])
	}
	if math.IsNaN(n.constant) || math.IsInf(n.constant, 0) {
		return nil, fmt.Errorf("density: a %d×%d covariance: %w; its determinant is out of range", d, d, ErrNotPositiveDefinite)
	}
	return n, nil
}

// Dim returns D.
func (n *Normal) Dim() int { return len(n.mean) }

// NumParameters returns D + D(D+1)/2.
func (n *Normal) NumParameters() int {
	d := len(n.mean)
	return d + d*(d+1)/2
}

// Rand fills dst (N×D) with one independent draw μ + Le a row, e ~ N(0, I).
func (n *Normal) Rand(dst *mat.Dense, src rand.Source) {
	rows := checkWidth(dst, len(n.mean))
	random := rand.New(src)
	for i := range rows {
		row := dst.RawRowView(i)
		for j := range row {
			row[j] = random.NormFloat64()
		}
		// From the last element backwards, each needs only those before it.
		for j := len(row) - 1; j >= 0; j-- {
			var sum float64
			for k, l := range n.lower[j] {
				sum += l * row[k]
			}
			row[j] = n.mean[j] + sum
		}
	}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or
// nil) and returns it, at a cost of O(D²) a row.
func (n *Normal) LogProb(dst []float64, x *mat.Dense) []float64 {
	rows := checkWidth(x, len(n.mean))
	dst = Resize(dst, rows)
	white := make([]float64, len(n.mean))
	for i := range dst {
		dst[i] = n.constant - 0.5*n.square(white, x.RawRowView(i))
	}
	return dst
}

// square returns |L⁻¹(x − μ)|², by forward substitution into white.
func (n *Normal) square(white, x []float64) float64 {
	var square float64
	for i, l := range n.lower {
		v := x[i] - n.mean[i]
		for j, w := range white[:i] {
			v -= l[j] * w
		}
		white[i] = v / l[i]
		square += white[i] * white[i]
	}
	return square
}

// LogProbGrad stores log p(xᵢ) in dst as LogProb does, and its gradient
// −Σ⁻¹(xᵢ − μ) in row i of grad (N×D).
func (n *Normal) LogProbGrad(dst []float64, grad, x *mat.Dense) []float64 {
	rows := checkWidth(x, len(n.mean))
	checkShape(grad, x)
	dst = Resize(dst, rows)
	for i := range dst {
		g := grad.RawRowView(i)
		dst[i] = n.constant - 0.5*n.square(g, x.RawRowView(i))
		// g = −L⁻ᵀ L⁻¹(x − μ), by back substitution in place.
		for j := len(g) - 1; j >= 0; j-- {
			g[j] /= n.lower[j][j]
			for k, l := range n.lower[j][:j] {
				g[k] -= l * g[j]
			}
			g[j] = -g[j]
		}
	}
	return dst
}

// DiagonalNormal is the normal distribution of R^D with independent columns
//
//	log p(x) = −½ Σⱼ (ln 2π + ln vⱼ + (xⱼ − μⱼ)²/vⱼ)
type DiagonalNormal struct {
	mean, deviation, precision []float64
	constant                   float64 // −½ Σ (ln 2π + ln v)
}

// StandardNormal returns N(0, I) in D ≥ 1 dimensions.
func StandardNormal(d int) *DiagonalNormal {
	ones := make([]float64, d)
	for j := range ones {
		ones[j] = 1
	}
	n, _ := NewDiagonalNormal(make([]float64, d), ones) // ones are positive
	return n
}

// NewDiagonalNormal returns the normal distribution with the given means and
// variances (not standard deviations), both of length D ≥ 1 and copied. A
// variance that is not positive and finite is an error that names the column,
// from 1, and wraps [ErrNotPositiveDefinite].
func NewDiagonalNormal(mean, variance []float64) (*DiagonalNormal, error) {
	if len(mean) != len(variance) || len(mean) == 0 {
		panic("density: means and variances differ in length or are empty")
	}
	n := &DiagonalNormal{
		mean:      append([]float64{}, mean...),
		deviation: make([]float64, len(mean)),
		precision: make([]float64, len(mean)),
	}
	for j, v := range variance {
		if !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("density: column %d has variance %v: %w; want a positive, finite one", j+1, v, ErrNotPositiveDefinite)
		}
		n.deviation[j], n.precision[j] = math.Sqrt(v), 1/v
		n.constant -= 0.5 * (log2Pi + math.Log(v))
	}
	return n, nil
}

// Dim returns D.
func (n *DiagonalNormal) Dim() int { return len(n.mean) }

// NumParameters returns 2D.
func (n *DiagonalNormal) NumParameters() int { return 2 * len(n.mean) }

// Rand fills dst (N×D) with one independent draw a row.
func (n *DiagonalNormal) Rand(dst *mat.Dense, src rand.Source) {
	rows := checkWidth(dst, len(n.mean))
	random := rand.New(src)
	for i := range rows {
		row := dst.RawRowView(i)
		for j := range row {
			row[j] = n.mean[j] + n.deviation[j]*random.NormFloat64()
		}
	}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or
// nil) and returns it.
func (n *DiagonalNormal) LogProb(dst []float64, x *mat.Dense) []float64 {
	rows := checkWidth(x, len(n.mean))
	dst = Resize(dst, rows)
	for i := range dst {
		var square float64
		for j, v := range x.RawRowView(i) {
			v -= n.mean[j]
			square += v * v * n.precision[j]
		}
		dst[i] = n.constant - 0.5*square
	}
	return dst
}

// LogProbGrad stores log p(xᵢ) in dst as LogProb does, and its gradient
// −(xᵢ − μ)/v in row i of grad (N×D).
func (n *DiagonalNormal) LogProbGrad(dst []float64, grad, x *mat.Dense) []float64 {
	dst = n.LogProb(dst, x)
	checkShape(grad, x)
	for i := range dst {
		g := grad.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			g[j] = (n.mean[j] - v) * n.precision[j]
		}
	}
	return dst
}
