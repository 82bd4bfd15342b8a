package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// What vectors and symmetric matrices are asked for throughout.

// mostDense is the number of columns up to which directions of a covariance are found
// from its D×D matrix, and beyond by products with it.
const mostDense = 128

func sum(x []float64) float64 {
	var total float64
	for _, v := range x {
		total += v
	}
	return total
}

func fill(x []float64, v float64) {
	for i := range x {
		x[i] = v
	}
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func squaredDistance(a, b []float64) float64 {
	var sum float64
	for j, v := range a {
		e := v - b[j]
		sum += e * e
	}
	return sum
}

// eigen returns ascending eigenvalues and eigenvectors of each matrix.
func eigen(w []*mat.SymDense) ([][]float64, []*mat.Dense, error) {
	values, vectors := make([][]float64, len(w)), make([]*mat.Dense, len(w))
	for k := range w {
		var e mat.EigenSym
		if !e.Factorize(w[k], true) {
			return nil, nil, ErrCollapsed
		}
		values[k], vectors[k] = e.Values(nil), new(mat.Dense)
		e.VectorsTo(vectors[k])
		for i, v := range values[k] {
			values[k][i] = max(v, 0) // a scatter has no negative eigenvalues
		}
	}
	return values, vectors, nil
}

// compose stores Σⱼ vⱼ dⱼdⱼᵀ for the columns dⱼ of axes in dst.
func compose(dst *mat.SymDense, axes *mat.Dense, v []float64) {
	d := len(v)
	for i := range d {
		for j := range i + 1 {
			var sum float64
			for q, x := range v {
				sum += x * axes.At(i, q) * axes.At(j, q)
			}
			dst.SetSym(i, j, sum)
		}
	}
}

// powerIterations is the number of products that dominant makes.
const powerIterations = 100

// dominant returns an eigenvector of the largest eigenvalue of a d×d matrix, which is
// given by its product with a vector, and about that eigenvalue, from below.
func dominant(d int, times func(v []float64) []float64) ([]float64, float64) {
	v := make([]float64, d)
	for j := range v {
		// No symmetry of the data has such a vector at a right angle to all it has.
		v[j] = 1 + math.Sin(float64(j+1)*float64(j+1))/2
	}
	var size float64
	for range powerIterations {
		floats.Scale(1/floats.Norm(v, 2), v)
		v = times(v)
		if size = floats.Norm(v, 2); !(size > 0) || math.IsInf(size, 0) {
			return make([]float64, d), 0
		}
	}
	floats.Scale(1/size, v)
	return v, size
}
