package nn

import (
	"math"

	"likely/internal/kernel"
)

// normFloor is added to the variance of a row before it is divided by, so that a
// row of equal values is 0 and not undefined.
const normFloor = 1e-5

// normalize takes the affine parts of m rows in normal (m×len(gain)) to
//
//	n = (a − mean a) / √(var a + 1e-5)        over the units of a row
//
// in place, the factors 1/√… to inverse (m), and γ ⊙ n + β to pre, which may be
// normal if n is not wanted: layer normalisation (Ba, Kiros & Hinton 2016, eq. 4).
func normalize[T kernel.Float](m int, gain, shift, normal, inverse, pre []T) {
	width := len(gain)
	for i := range m {
		row, to := normal[i*width:(i+1)*width], pre[i*width:(i+1)*width]
		var sum, squares float64
		for _, v := range row {
			sum += float64(v)
		}
		mean := T(sum / float64(width))
		for j, v := range row {
			e := v - mean
			row[j] = e
			squares += float64(e) * float64(e)
		}
		f := T(1 / math.Sqrt(squares/float64(width)+normFloor))
		if inverse != nil {
			inverse[i] = f
		}
		shift := shift[:len(row)]
		to = to[:len(row)]
		for j, g := range gain[:len(row)] {
			n := row[j] * f
			row[j] = n
			to[j] = g*n + shift[j]
		}
	}
}

// normalizeGrad takes r.grad = ∂loss/∂pre of m rows to the gradient at the affine
// part, and leaves what γ and β need: with g = ∂loss/∂n = γ ⊙ ∂loss/∂pre,
//
//	∂loss/∂a = (g − mean g − n ⊙ mean(g ⊙ n)) / √(var a + 1e-5)
func normalizeGrad[T kernel.Float](m int, gain []T, r record[T]) {
	width := len(gain)
	for i := range m {
		grad, normal := r.grad[i*width:(i+1)*width], r.normal[i*width:(i+1)*width]
		toShift, toGain := r.shift[i*width:(i+1)*width], r.gain[i*width:(i+1)*width]
		var sum, product float64
		for j, v := range grad {
			toShift[j], toGain[j] = v, v*normal[j]
			g := v * gain[j]
			grad[j] = g
			sum += float64(g)
			product += float64(g) * float64(normal[j])
		}
		mean, slope, f := T(sum/float64(width)), T(product/float64(width)), r.inverse[i]
		for j, g := range grad {
			grad[j] = f * (g - mean - normal[j]*slope)
		}
	}
}
