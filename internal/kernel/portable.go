package kernel

import "unsafe"

// The portable setting computes with Go alone, save for the inner loop of
// products on amd64.

// portableRows is the height of a portable tile.
const portableRows = 4

// portableSetting returns the setting with tiles of 2·lanes columns.
func portableSetting(lanes32, lanes64 int, sums32 func(sum, a, b *float32, k int), sums64 func(sum, a, b *float64, k int)) setting {
	return setting{
		name: "portable", supported: true,
		single: &code[float32]{rows: portableRows, lanes: lanes32, depth: 512, sums: sums32, functions: portableFunctions[float32]()},
		double: &code[float64]{rows: portableRows, lanes: lanes64, depth: 256, sums: sums64, functions: portableFunctions[float64]()},
	}
}

// portableRow is rowOfTiles without tiles in assembly.
func (s *scratch[T]) portableRow(p *product[T], i, height, j0, j1, kc, k int, beta T, private bool) {
	width := p.code.width()
	s.a = grow(s.a, portableRows*k)
	packPortable(s.a, portableRows, !p.transA, kc, k, i, height, p.a, p.lda)
	for j := j0; j < j1; j += width {
		var panel []T
		if private {
			panel = s.b[(j-j0)*k:]
		} else {
			panel = p.panels[j*p.inner+width*kc:]
		}
		p.code.sums(&s.sum[0], &s.a[0], &panel[0], k)
		for r := range height {
			row := p.c[(i+r)*p.ldc+j:][:min(width, j1-j)]
			sum := s.sum[r*width:][:len(row)]
			if beta == 0 {
				for q, v := range sum {
					row[q] = T(p.alpha * v)
				}
				continue
			}
			for q, v := range sum {
				row[q] = T(p.alpha*v) + T(beta*row[q])
			}
		}
	}
}

// sums sums the products of four packed rows and four packed columns. Sixteen
// sums are too many for the registers of amd64, which has its own; arm64 has
// twice as many.
func sums[T Float](sum, a, b *T, k int) {
	var (
		s00, s01, s02, s03 T
		s10, s11, s12, s13 T
		s20, s21, s22, s23 T
		s30, s31, s32, s33 T
	)
	left, right := unsafe.Slice(a, 4*k), unsafe.Slice(b, 4*k)
	for l := 0; l+4 <= len(left) && l+4 <= len(right); l += 4 {
		x, y := left[l:l+4], right[l:l+4]
		b0, b1, b2, b3 := y[0], y[1], y[2], y[3]
		a0 := x[0]
		s00 += a0 * b0
		s01 += a0 * b1
		s02 += a0 * b2
		s03 += a0 * b3
		a1 := x[1]
		s10 += a1 * b0
		s11 += a1 * b1
		s12 += a1 * b2
		s13 += a1 * b3
		a2 := x[2]
		s20 += a2 * b0
		s21 += a2 * b1
		s22 += a2 * b2
		s23 += a2 * b3
		a3 := x[3]
		s30 += a3 * b0
		s31 += a3 * b1
		s32 += a3 * b2
		s33 += a3 * b3
	}
	*(*[16]T)(unsafe.Pointer(sum)) = [16]T{
		s00, s01, s02, s03,
		s10, s11, s12, s13,
		s20, s21, s22, s23,
		s30, s31, s32, s33,
	}
}
