package density

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Bernoulli is the distribution of {0,1}^D with independent columns
//
//	log p(x) = Σⱼ xⱼ ln pⱼ + (1 − xⱼ) ln (1 − pⱼ)
//
// against counting measure. A row that is not binary has probability 0: the
// cross-entropy of grey values is not the logarithm of a density.
type Bernoulli struct {
	p               []float64
	logOne, logZero []float64
}

// NewBernoulli returns the distribution with the probabilities p of a 1 (length
// D ≥ 1, copied). A value outside [0, 1] is an error that names the column,
// from 1, and wraps [ErrSupport].
func NewBernoulli(p []float64) (*Bernoulli, error) {
	if len(p) == 0 {
		panic("density: no probabilities")
	}
	b := &Bernoulli{p: append([]float64{}, p...), logOne: make([]float64, len(p)), logZero: make([]float64, len(p))}
	for j, v := range p {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("density: column %d has probability %v: %w; want a value in [0, 1]", j+1, v, ErrSupport)
		}
		b.logOne[j], b.logZero[j] = math.Log(v), math.Log1p(-v)
	}
	return b, nil
}

// Dim returns D.
func (b *Bernoulli) Dim() int { return len(b.p) }

// NumParameters returns D.
func (b *Bernoulli) NumParameters() int { return len(b.p) }

// Rand fills dst (N×D) with one independent draw a row.
func (b *Bernoulli) Rand(dst *mat.Dense, src rand.Source) {
	rows := checkWidth(dst, len(b.p))
	random := rand.New(src)
	for i := range rows {
		row := dst.RawRowView(i)
		for j, p := range b.p {
			row[j] = 0
			if random.Float64() < p {
				row[j] = 1
			}
		}
	}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or
// nil) and returns it; −Inf for what cannot occur.
func (b *Bernoulli) LogProb(dst []float64, x *mat.Dense) []float64 {
	rows := checkWidth(x, len(b.p))
	dst = Resize(dst, rows)
	for i := range dst {
		var sum float64
		for j, v := range x.RawRowView(i) {
			switch v {
			case 1:
				sum += b.logOne[j]
			case 0:
				sum += b.logZero[j]
			default:
				sum = math.Inf(-1)
			}
		}
		dst[i] = sum
	}
	return dst
}
