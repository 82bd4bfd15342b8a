package dataset

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// classes is a mixture of products of coins, the latent class model
//
//	p(x) = Σₖ wₖ Πⱼ pₖⱼ^xⱼ (1−pₖⱼ)^(1−xⱼ)        x in {0,1}ᴰ
type classes struct {
	weights []float64   // of K classes, sum 1
	ones    [][]float64 // K×D probabilities of a 1
}

// Dim returns D.
func (c *classes) Dim() int { return len(c.ones[0]) }

// Rand fills dst (N×D) with independent draws.
func (c *classes) Rand(dst *mat.Dense, src rand.Source) { c.draw(dst, nil, src) }

// draw is Rand that also keeps the class of each row, unless labels is nil.
func (c *classes) draw(dst *mat.Dense, labels []int, src rand.Source) {
	n, d := dst.Dims()
	if d != c.Dim() {
		panic("dataset: dimension mismatch")
	}
	for i := range n {
		u, k := uniform(src), 0
		for k+1 < len(c.weights) && u >= c.weights[k] {
			u -= c.weights[k]
			k++
		}
		row := dst.RawRowView(i)
		for j, p := range c.ones[k] {
			row[j] = 0
			if uniform(src) < p {
				row[j] = 1
			}
		}
		if labels != nil {
			labels[i] = k
		}
	}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N,
// or nil) and returns it; −Inf where a value is neither 0 nor 1.
func (c *classes) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, d := x.Dims()
	if d != c.Dim() {
		panic("dataset: dimension mismatch")
	}
	dst = density.Resize(dst, n)
	terms := make([]float64, len(c.weights))
	for i := range dst {
		for k, w := range c.weights {
			terms[k] = math.Log(w)
			for j, v := range x.RawRowView(i) {
				switch v {
				case 1:
					terms[k] += math.Log(c.ones[k][j])
				case 0:
					terms[k] += math.Log1p(-c.ones[k][j])
				default:
					terms[k] = math.Inf(-1)
				}
			}
		}
		dst[i] = density.LogSumExp(terms)
	}
	return dst
}

// answersRows is the number of rows of the data set answers.
const answersRows = 1000

// answersTruth is the density that the data set answers was drawn from: people
// of three kinds answer twelve questions with yes or no. The first kind says yes
// to most of the first four, the second to most of the next four, the third
// to half of all.
func answersTruth() *classes {
	return &classes{
		weights: []float64{0.5, 0.3, 0.2},
		ones: [][]float64{
			{0.9, 0.85, 0.8, 0.75, 0.2, 0.15, 0.1, 0.25, 0.5, 0.4, 0.3, 0.6},
			{0.15, 0.1, 0.2, 0.25, 0.9, 0.8, 0.85, 0.7, 0.3, 0.6, 0.5, 0.4},
			{0.5, 0.4, 0.6, 0.5, 0.5, 0.6, 0.4, 0.5, 0.95, 0.9, 0.05, 0.1},
		},
	}
}

func dressAnswers(d *Dataset) {
	d.LabelNames = []string{"first", "second", "third"}
	d.Truth = answersTruth()
}
