package kernel

// finish is what a product does with its rows as soon as they are complete and
// still in the cache.
type finish[T Float] struct {
	activation Activation
	bias       []T
}

// rows finishes columns j0 to j1 of rows i0 to i1.
func (f *finish[T]) rows(p *product[T], i0, i1, j0, j1 int) {
	if f.bias == nil && f.activation == Identity {
		return
	}
	for i := i0; i < i1; i++ {
		row := p.c[i*p.ldc+j0 : i*p.ldc+j1]
		if f.bias != nil {
			p.code.axpy(&f.bias[j0], &row[0], 1, len(row))
		}
		if f.activation != Identity {
			p.code.activation[f.activation](&row[0], &row[0], len(row))
		}
	}
}

// sumSquares computes the sums of squares for rows i0 to i1 of p, a few rows
// at a time, without keeping the rows.
func (s *scratch[T]) sumSquares(p *product[T], i0, i1 int) {
	c := p.code
	height := 2 * c.rows
	s.c = grow(s.c, max(1, height*p.cols))
	part := &s.part
	*part = *p
	part.c, part.ldc = s.c, p.cols
	for i := i0; i < i1; i += height {
		part.rows = min(height, i1-i)
		if p.inner > 0 && p.cols > 0 {
			part.a = p.a[i*p.lda:]
			s.multiply(part, 0, part.rows, 0, p.cols)
		} else {
			clear(s.c)
		}
		for r := range part.rows {
			p.sums[i+r] = 0
			if p.cols == 0 {
				continue
			}
			row := &s.c[r*p.cols]
			if p.offset != nil {
				c.axpy(&p.offset[0], row, -1, p.cols)
			}
			p.sums[i+r] = c.sumSquares(row, p.cols)
		}
	}
	*part = product[T]{}
}
