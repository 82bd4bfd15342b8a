package kernel

// finish is what a product does with its rows as soon as they are complete and
// still in the cache.
type finish[T Float] struct {
	activation Activation
	bias       []T
	sums       []T // the rows' sums of squares, after subtraction of bias
	wholeRows  bool
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
