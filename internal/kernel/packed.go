package kernel

// Packed is a matrix op(B), k×n, laid out for reuse over many products. The
// zero value is ready for Pack. A Packed may be used by several goroutines at
// once, as long as none of them packs.
type Packed[T Float] struct {
	k, n   int
	upper  bool // nothing but zeros below the diagonal
	panels []T
}

// Pack lays out op(B), k×n (B itself is n×k if trans), reusing p's memory.
func (p *Packed[T]) Pack(trans bool, k, n int, b []T, ldb int) {
	if k < 0 || n < 0 {
		panic(badShape)
	}
	rows, cols := k, n
	if trans {
		rows, cols = n, k
	}
	checkMatrix(rows, cols, len(b), ldb, badLdB, shortB)
	c := current[T]()
	p.k, p.n, p.upper = k, n, false
	p.panels = grow(p.panels, panelsLength(c, k, n))
	if k == 0 {
		return
	}
	scratch := getScratch[T]()
	for j := 0; j < n; j += c.width() {
		scratch.packPanel(c, p.panels[j*k:], trans, 0, k, j, min(c.width(), n-j), b, ldb)
	}
	putScratch(scratch)
}

// PackUpper is Pack of a matrix op(B), n×n, that is upper triangular: it holds
// zeros below the diagonal. Products with it take up to half the time.
func (p *Packed[T]) PackUpper(trans bool, n int, b []T, ldb int) {
	p.Pack(trans, n, n, b, ldb)
	p.upper = true
}

// Dims returns the shape k×n of the packed matrix.
func (p *Packed[T]) Dims() (k, n int) { return p.k, p.n }

// Mul computes C ← α·A·B + β·C, where A is m×k and C is m×n.
func (p *Packed[T]) Mul(m int, alpha T, a []T, lda int, beta T, c []T, ldc int) {
	p.check(m, a, lda)
	checkMatrix(m, p.n, len(c), ldc, badLdC, shortC)
	if m == 0 || p.n == 0 {
		return
	}
	if p.k == 0 || alpha == 0 {
		scaleRows(m, p.n, beta, c, ldc)
		return
	}
	q := p.product(m, a, lda)
	q.alpha, q.beta, q.c, q.ldc = alpha, beta, c, ldc
	q.run()
	putProduct(q)
}

// Affine computes dst ← act(X·B + bias), where X is m×k, dst is m×n and bias
// has length n, or is nil for none.
func (p *Packed[T]) Affine(act Activation, m int, x []T, ldx int, bias []T, dst []T, ldd int) {
	if act < 0 || act >= activations {
		panic(badActivation)
	}
	if bias != nil && len(bias) != p.n {
		panic(badLength)
	}
	p.check(m, x, ldx)
	checkMatrix(m, p.n, len(dst), ldd, badLdC, shortC)
	if m == 0 || p.n == 0 {
		return
	}
	q := p.product(m, x, ldx)
	q.alpha, q.c, q.ldc = 1, dst, ldd
	q.finish = finish[T]{activation: act, bias: bias}
	if p.k > 0 {
		q.run()
	} else {
		scaleRows(m, p.n, 0, dst, ldd)
		q.finish.rows(q, 0, m, 0, p.n)
	}
	putProduct(q)
}

// product starts the description of a product with the packed matrix.
func (p *Packed[T]) product(m int, a []T, lda int) *product[T] {
	q := getProduct[T]()
	q.rows, q.cols, q.inner = m, p.n, p.k
	q.a, q.lda, q.panels, q.upper = a, lda, p.panels, p.upper
	return q
}

// SumSquares computes dst[i] ← ‖xᵢ·B − offset‖², the squared length of each
// row of X·B − offset, where X is m×k and offset has length n, or is nil for
// none. With B = L⁻ᵀ and offset = L⁻¹μ this is the squared Mahalanobis
// distance of xᵢ to μ under the covariance LLᵀ.
func (p *Packed[T]) SumSquares(dst []T, m int, x []T, ldx int, offset []T) {
	p.check(m, x, ldx)
	if len(dst) != m || offset != nil && len(offset) != p.n {
		panic(badLength)
	}
	if m == 0 {
		return
	}
	q := p.product(m, x, ldx)
	q.alpha, q.sums, q.offset = 1, dst, offset
	q.run()
	putProduct(q)
}

func (p *Packed[T]) check(m int, a []T, lda int) {
	if m < 0 {
		panic(badShape)
	}
	checkMatrix(m, p.k, len(a), lda, badLdA, shortA)
}
