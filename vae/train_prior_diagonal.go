package vae

import "likely/internal/kernel"

// diagonalPrior evaluates the components of a learned prior whose covariances are
// diagonal for many draws at once, by matrix products: K components of L dimensions
// cost O(K·L) for a draw either way, but a product is ten times faster than as many
// divisions. With c = weight·r, summed over draws,
//
//	∂/∂z       = Σₖ rₖ (mₖ − z)/σₖ²  = (r·M) − z ⊙ (r·P)     P = 1/σ², M = m/σ²
//	∂/∂mₖ      = (Σ c z − mₖ Σ c)/σₖ²
//	∂/∂ln σₖ²  = ½ (Σ c (z−mₖ)²/σₖ² − Σ c)
type diagonalPrior[T kernel.Float] struct {
	mean, inverse, precision, weighted []T // K×L: m, 1/σ, 1/σ², m/σ²
	offset                             []T // K: ln π − ½ (L ln 2π + Σ ln σ²)
	total                              []T // draws: log p(z)
	products                           []T // draws×L
	count                              []T // K: Σ c
	first, second                      []T // K×L: Σ c z, Σ c (z−m)²
}

func newDiagonalPrior[T kernel.Float](k, l, draws int) *diagonalPrior[T] {
	matrix := func(rows int) []T { return make([]T, rows*l) }
	return &diagonalPrior[T]{
		mean: matrix(k), inverse: matrix(k), precision: matrix(k), weighted: matrix(k),
		offset: make([]T, k), total: make([]T, draws), products: matrix(draws),
		count: make([]T, k), first: matrix(k), second: matrix(k),
	}
}

// prepare takes component k from h = (mean, log-variance) and sd.
func (d *diagonalPrior[T]) prepare(k int, h, sd []T, logWeight float64) {
	l := len(sd)
	offset := logWeight - 0.5*float64(l)*log2Pi
	for j, v := range sd {
		i := k*l + j
		inverse := 1 / v
		d.mean[i], d.inverse[i], d.precision[i], d.weighted[i] = h[j], inverse, inverse*inverse, h[j]*(inverse*inverse)
		offset -= 0.5 * float64(h[l+j])
	}
	d.offset[k] = T(offset)
}

// evaluate computes log p(z), the responsibilities and the slopes of the draws
// [from, to), on one goroutine.
func (d *diagonalPrior[T]) evaluate(p *learnedPrior[T], from, to int, codes []T, part int) {
	k := p.components
	l, rows := len(d.mean)/k, to-from
	z, shares := codes[from*l:to*l], p.shares[from*k:to*k]
	c := &p.scratch[part].centres
	c.Pack(k, l, d.mean, d.inverse)
	c.Distances(shares, rows, z, l)
	for r := range rows {
		for q, offset := range d.offset {
			shares[r*k+q] = offset - 0.5*shares[r*k+q]
		}
	}
	total := d.total[from:to]
	kernel.LogSumExpRows(total, rows, k, shares, k)
	for r, v := range total {
		p.value[from+r] = float64(v)
		row := shares[r*k : (r+1)*k]
		for q := range row {
			row[q] -= v
		}
	}
	kernel.Exp(shares, shares)
	slopes, products := p.slopes[from*l:to*l], d.products[from*l:to*l]
	kernel.Gemm(false, false, rows, l, k, 1, shares, k, d.weighted, l, 0, slopes, l)
	kernel.Gemm(false, false, rows, l, k, 1, shares, k, d.precision, l, 0, products, l)
	for i, v := range products {
		slopes[i] -= z[i] * v
	}
}

// backward stores the gradients by h of the components [from, to) and by their logits,
// from the shares, which are c by now. size is Σ weight over the draws.
func (d *diagonalPrior[T]) backward(p *learnedPrior[T], from, to, draws int, codes []T, size float64) {
	k := p.components
	l, n := len(d.mean)/k, to-from
	count, first, second := d.count[from:to], d.first[from*l:to*l], d.second[from*l:to*l]
	shares := p.shares[:draws*k]
	kernel.ColumnSums(count, draws, n, shares[from:], k)
	kernel.Gemm(true, false, n, l, draws, 1, shares[from:], k, codes[:draws*l], l, 0, first, l)
	clear(second)
	kernel.WeightedSquares(second, n, l, d.mean[from*l:to*l], draws, codes[:draws*l], l, shares[from:], k)
	for q, sum := range count {
		dh := p.row(p.dh, from+q)
		for j := range l {
			i := (from+q)*l + j
			dh[j] = d.precision[i] * (first[q*l+j] - d.mean[i]*sum)
			dh[l+j] = 0.5 * (d.precision[i]*second[q*l+j] - sum)
		}
		if p.logits != nil {
			p.logits[from+q] = T(float64(sum) - p.weights[from+q]*size)
		}
	}
}

// weighDraws multiplies the responsibilities of a draw by the weight of its log p(z)
// in minus the mean objective.
func (p *learnedPrior[T]) weighDraws(r int, weight float64) {
	w := T(weight)
	row := p.shares[r*p.components : (r+1)*p.components]
	for q := range row {
		row[q] *= w
	}
}
