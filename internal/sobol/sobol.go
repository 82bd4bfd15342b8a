// Package sobol makes the points of Sobol's sequence, randomised so that the error of a
// mean over them can be measured.
package sobol

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// MaxDim is the largest number of coordinates.
const MaxDim = 10

const bits = 32

// direction is a primitive polynomial over GF(2), its degree s = len(m) and its inner
// coefficients a, and the first numbers of its recurrence.
type direction struct {
	a uint32
	m []uint32
}

// directions are those of coordinates 2 to 10 in Joe & Kuo (2008), "Constructing Sobol
// sequences with better two-dimensional projections", table new-joe-kuo-6.21201. The
// first coordinate is van der Corput's sequence.
var directions = [MaxDim - 1]direction{
	{0, []uint32{1}},
	{1, []uint32{1, 3}},
	{1, []uint32{1, 3, 1}},
	{2, []uint32{1, 1, 1}},
	{1, []uint32{1, 1, 3, 3}},
	{4, []uint32{1, 3, 5, 13}},
	{2, []uint32{1, 1, 5, 5, 17}},
	{4, []uint32{1, 1, 5, 5, 5}},
	{7, []uint32{1, 1, 7, 11, 19}},
}

// matrix returns the generating matrix of coordinate j, from 0: its columns, the highest
// bit first.
func matrix(j int) [bits]uint32 {
	var v [bits]uint32
	if j == 0 {
		for k := range v {
			v[k] = 1 << (bits - 1 - k)
		}
		return v
	}
	d := directions[j-1]
	s := len(d.m)
	for k := range v {
		if k < s {
			v[k] = d.m[k] << (bits - 1 - k)
			continue
		}
		v[k] = v[k-s] ^ v[k-s]>>s
		for i := 1; i < s; i++ {
			if d.a>>(s-1-i)&1 == 1 {
				v[k] ^= v[k-i]
			}
		}
	}
	return v
}

// scrambled multiplies the columns of a matrix by a random lower triangular one with ones
// on its diagonal (Matoušek 1998): each point becomes uniform, and what makes the points
// even is kept.
func scrambled(v [bits]uint32, random *rand.Rand) [bits]uint32 {
	var rows [bits]uint32 // row r, as a mask on the bits of a column
	for r := range rows {
		diagonal := uint32(1) << (bits - 1 - r)
		above := ^uint32(0) << (bits - r) // bits higher than the diagonal; 0 for r = 0
		rows[r] = random.Uint32()&above | diagonal
	}
	var out [bits]uint32
	for k, column := range v {
		for r, mask := range rows {
			parity := column & mask
			parity ^= parity >> 16
			parity ^= parity >> 8
			parity ^= parity >> 4
			parity ^= parity >> 2
			parity ^= parity >> 1
			out[k] |= (parity & 1) << (bits - 1 - r)
		}
	}
	return out
}

// Points fills dst (N×D, D ≤ MaxDim) with the first N points of a sequence scrambled and
// shifted at random from src, each of them uniform in (0, 1)ᴰ. Means over them of smooth
// functions have an error that falls faster than 1/√N, nearly as 1/N, best where N is a
// power of 2; several sets with different sources measure it.
func Points(dst *mat.Dense, src rand.Source) {
	n, d := dst.Dims()
	if d > MaxDim {
		panic("sobol: too many dimensions")
	}
	random := rand.New(src)
	for j := range d {
		v := scrambled(matrix(j), random)
		shift := random.Uint32()
		var x uint32
		for i := range n {
			// In the order of Gray's code each point differs from the last by one column.
			dst.Set(i, j, (float64(x^shift)+0.5)/(1<<bits))
			k := 0
			for i>>k&1 == 1 {
				k++
			}
			x ^= v[k%bits]
		}
	}
}
