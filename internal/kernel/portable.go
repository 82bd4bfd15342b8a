package kernel

// portableRow is rowOfTiles without assembly. The tile keeps its 4×2 sums in
// registers; more would not fit into the sixteen of amd64.
func (s *scratch[T]) portableRow(p *product[T], i, height, j0, j1, kc, k int, beta T, private bool) {
	s.a = grow(s.a, 4*k)
	packPortable(s.a, 4, !p.transA, kc, k, i, height, p.a, p.lda)
	var sum [8]T
	for j := j0; j < j1; j += 2 {
		var panel []T
		if private {
			panel = s.b[(j-j0)*k:][:2*k]
		} else {
			panel = p.panels[j*p.inner+2*kc:][:2*k]
		}
		portableTile(&sum, s.a, panel)
		for r := range height {
			row := p.c[(i+r)*p.ldc+j:][:min(2, j1-j)]
			for q := range row {
				v := T(p.alpha * sum[2*r+q])
				if beta != 0 {
					v += T(beta * row[q])
				}
				row[q] = v
			}
		}
	}
}

// portableTile sums the products of four packed rows and two packed columns.
func portableTile[T Float](sum *[8]T, a, b []T) {
	var s00, s01, s10, s11, s20, s21, s30, s31 T
	b = b[:len(a)/2]
	for len(a) >= 4 && len(b) >= 2 {
		b0, b1 := b[0], b[1]
		a0 := a[0]
		s00 += a0 * b0
		s01 += a0 * b1
		a1 := a[1]
		s10 += a1 * b0
		s11 += a1 * b1
		a2 := a[2]
		s20 += a2 * b0
		s21 += a2 * b1
		a3 := a[3]
		s30 += a3 * b0
		s31 += a3 * b1
		a, b = a[4:], b[2:]
	}
	*sum = [8]T{s00, s01, s10, s11, s20, s21, s30, s31}
}
