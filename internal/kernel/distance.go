package kernel

import "unsafe"

const (
	// distanceRows is the number of rows that the assembly measures at once.
	distanceRows = 8
	// squaresVectors is the largest number of vectors across a strip of
	// columns.
	squaresVectors = 4
	// squaresRows is the number of rows that stay in the first-level cache
	// while one centre after the other is taken from them.
	squaresRows = 32
)

// Centres is a set of K points in D dimensions, each with a scale for every
// column, laid out for measuring many rows against all of them. The zero value
// is ready for Pack. It may be used by several goroutines at once, as long as
// none of them packs.
type Centres[T Float] struct {
	k, d   int
	panels []T // for each vector of centres and each column: points, then scales
}

// Pack lays out points and scales (both k×d, row-major), reusing p's memory.
// Scales may be nil for 1.
func (p *Centres[T]) Pack(k, d int, points, scales []T) {
	if k < 0 || d < 0 {
		panic(badShape)
	}
	if len(points) != k*d || scales != nil && len(scales) != k*d {
		panic(badLength)
	}
	lanes := current[T]().lanes
	p.k, p.d = k, d
	p.panels = grow(p.panels, roundUp(k, lanes)*2*d)
	for first := 0; first < k; first += lanes {
		panel := p.panels[first*2*d:]
		for c := range min(lanes, k-first) {
			from := (first + c) * d
			for j, v := range points[from : from+d] {
				panel[j*2*lanes+c] = v
			}
			if scales == nil {
				for j := range d {
					panel[(2*j+1)*lanes+c] = 1
				}
				continue
			}
			for j, v := range scales[from : from+d] {
				panel[(2*j+1)*lanes+c] = v
			}
		}
	}
}

// Distances computes the squared distances
//
//	dst[i·K + c] ← Σⱼ ((x[i][j] − point[c][j])·scale[c][j])²
//
// of the rows of X (m×D) to all centres; dst is m×K. The difference is taken
// first, so that no digits are lost where a row and a point are large and
// close together. The cost is 3mKD operations. It runs on the caller's
// goroutine alone.
func (p *Centres[T]) Distances(dst []T, m int, x []T, ldx int) {
	if m < 0 {
		panic(badShape)
	}
	checkMatrix(m, p.d, len(x), ldx, badLdA, shortA)
	if len(dst) != m*p.k {
		panic(badLength)
	}
	if p.d == 0 {
		clear(dst)
		return
	}
	c := current[T]()
	if c.distances[0] == nil {
		p.portable(dst, m, x, ldx)
		return
	}
	size := int(unsafe.Sizeof(x[0]))
	for i := 0; i < m; {
		rows, f := distanceRows, c.distances[1]
		if m-i < rows {
			rows, f = 1, c.distances[0]
		}
		for first := 0; first < p.k; first += c.lanes {
			f((*byte)(unsafe.Pointer(&dst[i*p.k+first])), (*byte)(unsafe.Pointer(&x[i*ldx])), (*byte)(unsafe.Pointer(&p.panels[first*2*p.d])),
				p.k*size, ldx*size, p.d, c.mask(min(c.lanes, p.k-first)))
		}
		i += rows
	}
}

func (p *Centres[T]) portable(dst []T, m int, x []T, ldx int) {
	lanes := current[T]().lanes
	for i := range m {
		row := x[i*ldx:][:p.d]
		for c := range p.k {
			panel := p.panels[c/lanes*lanes*2*p.d+c%lanes:]
			var sum T
			for j, v := range row {
				e := (v - panel[2*j*lanes]) * panel[(2*j+1)*lanes]
				sum += e * e
			}
			dst[i*p.k+c] = sum
		}
	}
}

// WeightedSquares adds to the sums of squares of each column about each of k
// centres those of m rows, weighted:
//
//	sums[c][j] ← sums[c][j] + Σᵢ weights[i][c]·(x[i][j] − centres[c][j])²
//
// sums and centres are k×d, X is m×d and weights is m×k. The terms are added in
// the order of the rows. The cost is 4mkd operations. It runs on the caller's
// goroutine alone.
func WeightedSquares[T Float](sums []T, k, d int, centres []T, m int, x []T, ldx int, weights []T, ldw int) {
	if m < 0 || k < 0 || d < 0 {
		panic(badShape)
	}
	checkMatrix(m, d, len(x), ldx, badLdA, shortA)
	checkMatrix(m, k, len(weights), ldw, badLdB, shortB)
	if len(sums) != k*d || len(centres) != k*d {
		panic(badLength)
	}
	if m == 0 || k == 0 || d == 0 {
		return
	}
	c := current[T]()
	for i := 0; i < m; i += squaresRows {
		rows := min(squaresRows, m-i)
		for q := range k {
			if c.squares[0] == nil {
				portableSquares(sums[q*d:(q+1)*d], centres[q*d:(q+1)*d], rows, x[i*ldx:], ldx, weights[i*ldw+q:], ldw)
				continue
			}
			size := int(unsafe.Sizeof(x[0]))
			for j := 0; j < d; j += squaresVectors * c.lanes {
				vectors := min(squaresVectors, ceilDiv(d-j, c.lanes))
				at := q*d + j
				c.squares[vectors-1]((*byte)(unsafe.Pointer(&sums[at])), (*byte)(unsafe.Pointer(&x[i*ldx+j])),
					(*byte)(unsafe.Pointer(&centres[at])), (*byte)(unsafe.Pointer(&weights[i*ldw+q])),
					ldx*size, ldw*size, rows, c.mask(min(c.lanes, d-j-(vectors-1)*c.lanes)))
			}
		}
	}
}

func portableSquares[T Float](sums, centre []T, rows int, x []T, ldx int, weights []T, ldw int) {
	for i := range rows {
		w := weights[i*ldw]
		if w == 0 {
			continue
		}
		for j, v := range x[i*ldx:][:len(sums)] {
			e := v - centre[j]
			sums[j] += w * (e * e)
		}
	}
}

// Centre computes dst[j] ← scale·(x[j] − centre[j]). dst may be x.
func Centre[T Float](dst, x, centre []T, scale T) {
	if len(dst) != len(x) || len(centre) != len(x) {
		panic(badLength)
	}
	current[T]().centre(unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(centre), scale, len(x))
}
