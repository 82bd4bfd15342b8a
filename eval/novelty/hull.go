package novelty

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/internal/spread"
)

// Hull returns, for each row of x (N×D), its distance from the convex hull of its k
// nearest rows of base: 0 if it is a mixture of them with weights that sum to 1.
// The same for held-out rows says what distance a new row has.
func Hull(ctx context.Context, x, base *mat.Dense, k int) ([]float64, error) {
	if m, _ := base.Dims(); k < 1 || k > m {
		return nil, fmt.Errorf("novelty: the hull of %d of %d rows: %w", k, m, ErrRows)
	}
	near, err := nearest(ctx, x, base, k, false)
	if err != nil {
		return nil, fmt.Errorf("novelty: %w", err)
	}
	n, d := x.Dims()
	out := make([]float64, n)
	err = spread.Each(ctx, n, nil, func() func(i int) error {
		points := mat.NewDense(k, d, nil)
		return func(i int) error {
			row := x.RawRowView(i)
			for j, b := range near[i] {
				to := points.RawRowView(j)
				for c, v := range base.RawRowView(b.row) {
					to[c] = v - row[c]
				}
			}
			out[i] = math.Sqrt(smallest(points))
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("novelty: %w", err)
	}
	return out, nil
}

// smallest returns the squared length of the shortest vector in the convex hull of the
// rows of p, by the method of Wolfe (1976). It keeps a corral of points whose affine
// hull has its shortest vector inside. Points that make the vector shorter enter,
// points whose weight would fall below 0 leave.
func smallest(p *mat.Dense) float64 {
	k, _ := p.Dims()
	gram := mat.NewSymDense(k, nil)
	gram.SymOuterK(1, p)
	scale := 0.0
	first := 0
	for i := range k {
		scale = max(scale, gram.At(i, i))
		if gram.At(i, i) < gram.At(first, first) {
			first = i
		}
	}
	if scale == 0 {
		return 0
	}
	tolerance := 1e-12 * scale
	corral, weights := []int{first}, []float64{1}
	length := gram.At(first, first)
	for range 50 * k {
		// The point that lies farthest against the present vector.
		enter, least := -1, length-tolerance
		for i := range k {
			var dot float64
			for j, c := range corral {
				dot += weights[j] * gram.At(i, c)
			}
			if dot < least {
				enter, least = i, dot
			}
		}
		if enter < 0 || holds(corral, enter) {
			break
		}
		corral, weights = append(corral, enter), append(weights, 0)
		for {
			target, ok := affine(gram, corral)
			if !ok { // the points do not lie in general position
				return length
			}
			step := 1.0
			for j, v := range target {
				if v < 1e-14 {
					step = min(step, weights[j]/max(weights[j]-v, 1e-300))
				}
			}
			keptPoints, keptWeights := corral[:0:0], weights[:0:0]
			for j, v := range target {
				if w := weights[j] + step*(v-weights[j]); w > 1e-14 {
					keptPoints, keptWeights = append(keptPoints, corral[j]), append(keptWeights, w)
				}
			}
			inside := len(keptPoints) == len(corral)
			corral, weights = keptPoints, keptWeights
			if inside || len(corral) == 1 {
				break
			}
		}
		if now := quadratic(gram, corral, weights); now < length {
			length = now
		} else {
			break
		}
	}
	return max(length, 0)
}

func holds(corral []int, i int) bool {
	for _, c := range corral {
		if c == i {
			return true
		}
	}
	return false
}

func quadratic(gram *mat.SymDense, corral []int, weights []float64) float64 {
	var sum float64
	for i, a := range corral {
		for j, b := range corral {
			sum += weights[i] * weights[j] * gram.At(a, b)
		}
	}
	return sum
}

// affine returns the weights, of sum 1 but of any sign, of the shortest vector in
// the affine hull of the corral.
func affine(gram *mat.SymDense, corral []int) ([]float64, bool) {
	n := len(corral)
	// (G + 11ᵀ·s) w ∝ 1 has the same solution and is positive definite for
	// affinely independent points.
	shift := 0.0
	for _, c := range corral {
		shift = max(shift, gram.At(c, c))
	}
	g := mat.NewSymDense(n, nil)
	for i, a := range corral {
		for j := range i + 1 {
			g.SetSym(i, j, gram.At(a, corral[j])+shift)
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(g) || chol.Cond() > 1e12 {
		return nil, false
	}
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	w := mat.NewVecDense(n, nil)
	if err := chol.SolveVecTo(w, mat.NewVecDense(n, ones)); err != nil {
		return nil, false
	}
	total := mat.Sum(w)
	out := make([]float64, n)
	for i := range out {
		out[i] = w.AtVec(i) / total
	}
	return out, true
}
