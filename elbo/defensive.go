package elbo

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Defensive returns the mixture of proposals
//
//	q(z|x) = Σᵢ αᵢ qᵢ(z|x)
//
// with the given positive weights, which are scaled to sum to 1. With the prior
// among its parts, at weight α, the importance weights are at most p(x|z)/α, so
// a proposal that is too narrow can no longer give weights without bound
// (Hesterberg 1995). The price is the share of draws that miss.
//
// One draw costs one draw from every part, and its density is that of the
// mixture, whichever part it came from.
func Defensive(weights []float64, parts ...density.Proposal) density.Proposal {
	if len(weights) != len(parts) || len(parts) == 0 {
		panic("elbo: proposals and weights differ in number")
	}
	var total float64
	for i, w := range weights {
		if !(w > 0) || math.IsInf(w, 0) {
			panic("elbo: weights of proposals must be positive")
		}
		if parts[i].LatentDim() != parts[0].LatentDim() {
			panic("elbo: proposals differ in dimension")
		}
		total += w
	}
	d := defensive{parts: parts, share: make([]float64, len(parts))}
	for i, w := range weights {
		d.share[i] = w / total
	}
	return d
}

type defensive struct {
	parts []density.Proposal
	share []float64
}

func (d defensive) LatentDim() int { return d.parts[0].LatentDim() }

// Rand draws from every part and keeps, for each row of z, the draw of one part
// chosen at random.
func (d defensive) Rand(z, x *mat.Dense, src rand.Source) {
	n, l := z.Dims()
	draws := make([]*mat.Dense, len(d.parts))
	for i, q := range d.parts {
		draws[i] = mat.NewDense(n, l, nil)
		q.Rand(draws[i], x, src)
	}
	random := rand.New(src)
	for i := range n {
		u, part := random.Float64(), 0
		for part < len(d.share)-1 && u >= d.share[part] {
			u -= d.share[part]
			part++
		}
		z.SetRow(i, draws[part].RawRowView(i))
	}
}

func (d defensive) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	terms := make([]float64, n*len(d.parts))
	for i, q := range d.parts {
		q.LogProb(terms[i*n:(i+1)*n], z, x)
	}
	row := make([]float64, len(d.parts))
	for k := range dst {
		for i, share := range d.share {
			row[i] = math.Log(share) + terms[i*n+k]
		}
		dst[k] = density.LogSumExp(row)
	}
	return dst
}
