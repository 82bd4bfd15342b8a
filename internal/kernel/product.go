package kernel

import (
	"runtime"
	"sync"
	"unsafe"
)

// product is one matrix product on its way: its operands, and how it is cut
// into tasks. The cut decides who computes an element, never how.
type product[T Float] struct {
	code              *code[T]
	rows, cols, inner int
	transA, transB    bool
	alpha, beta       T
	a, b, c           []T
	lda, ldb, ldc     int
	panels            []T  // all of B in panels, or nil
	upper             bool // B has zeros below its diagonal
	finish            finish[T]
	sums, offset      []T // the rows' sums of squares after subtraction of offset, instead of C

	packing            bool // the tasks pack panels, not multiply
	taskRows, taskCols int  // the rows and columns of a task
	packed             []T  // memory for panels
}

var (
	products32 = sync.Pool{New: func() any { return new(product[float32]) }}
	products64 = sync.Pool{New: func() any { return new(product[float64]) }}
)

func getProduct[T Float]() *product[T] {
	pool := &products64
	if isSingle[T]() {
		pool = &products32
	}
	p := pool.Get().(*product[T])
	p.code = current[T]()
	return p
}

// putProduct gives p back, without its operands, so that they can be freed.
func putProduct[T Float](p *product[T]) {
	*p = product[T]{packed: p.packed}
	if isSingle[T]() {
		products32.Put(p)
		return
	}
	products64.Put(p)
}

const (
	// serialWork is the number of multiplications of float32 below which
	// waking another goroutine costs more than it saves. Those of float64 take
	// twice the time.
	serialWork = 1_000_000

	// directRows is the number of rows of A below which B is read in place
	// rather than packed.
	directRows = 160
)

// run computes the product.
func (p *product[T]) run() {
	workers := 1
	if p.rows*p.cols*p.inner*int(unsafe.Sizeof(p.alpha))/4 >= serialWork {
		workers = runtime.GOMAXPROCS(0)
	}
	p.taskRows, p.taskCols = p.rows, p.cols
	if workers == 1 {
		p.task(0)
		return
	}
	c := p.code
	shared := p.panels != nil || p.direct()
	switch wide := p.cols / c.width(); {
	case p.panels == nil && wide >= 8*workers:
		p.taskCols = roundUp(ceilDiv(p.cols, 4*workers), c.width())
	case shared || p.rows >= 32*workers:
		pieces := workers
		if p.rows >= 16*workers*c.rows {
			pieces = 4 * workers
		}
		p.taskRows = ceilDiv(p.rows, pieces)
		if p.taskRows > 4*c.rows {
			p.taskRows = roundUp(p.taskRows, c.rows)
		}
		if !shared {
			p.packed = grow(p.packed, panelsLength(c, p.inner, p.cols))
			p.packing = true
			workersDo(p, ceilDiv(p.cols, c.width()), workers)
			p.packing = false
			p.panels = p.packed
		}
	default:
		p.taskCols = roundUp(ceilDiv(p.cols, workers), c.lanes)
	}
	workersDo(p, ceilDiv(p.rows, p.taskRows)*ceilDiv(p.cols, max(1, p.taskCols)), workers)
}

// direct tells whether B is read in place.
func (p *product[T]) direct() bool {
	return p.code.tiles != nil && !p.transB && p.rows < directRows
}

// task computes one task.
func (p *product[T]) task(i int) {
	s := getScratch[T]()
	if p.packing {
		c := p.code
		j, w := i*c.width(), c.width()
		s.packPanel(c, p.packed[j*p.inner:], p.transB, 0, p.inner, j, min(w, p.cols-j), p.b, p.ldb)
	} else {
		across := max(1, ceilDiv(p.cols, max(1, p.taskCols)))
		i0, j0 := i/across*p.taskRows, i%across*p.taskCols
		i1, j1 := min(i0+p.taskRows, p.rows), min(j0+p.taskCols, p.cols)
		if p.sums != nil {
			s.sumSquares(p, i0, i1)
		} else {
			s.multiply(p, i0, i1, j0, j1)
		}
	}
	putScratch(s)
}

// scratch is the memory of one task.
type scratch[T Float] struct {
	a, b []T
	c    []T // rows of a product that are not kept
	part product[T]
	sum  [32]T // of a portable tile
	tile tile
	row  [16]int
}

// The edges of tiles, as the generator counts them.
const (
	edgeFull   = iota // two whole vectors
	edgeSecond        // one, and part of another
	edgeFirst         // part of one
	edgeHalf   = 2    // to be added if the part fits into half a vector
)

// tile is the argument of the assembly; its layout is known there.
type tile struct {
	a           unsafe.Pointer
	step        int
	b           unsafe.Pointer
	next        int
	c           unsafe.Pointer
	row         int
	k           int
	mask        uintptr
	alpha, beta uint64 // the bits of a float32 or float64
}

var (
	scratch32 = sync.Pool{New: func() any { return new(scratch[float32]) }}
	scratch64 = sync.Pool{New: func() any { return new(scratch[float64]) }}
)

func getScratch[T Float]() *scratch[T] {
	if isSingle[T]() {
		return scratch32.Get().(*scratch[T])
	}
	return scratch64.Get().(*scratch[T])
}

func putScratch[T Float](s *scratch[T]) {
	s.tile = tile{}
	if isSingle[T]() {
		scratch32.Put(s)
		return
	}
	scratch64.Put(s)
}

// columnBlock is the number of columns whose panels stay in the second-level
// cache while the rows of A pass by.
const columnBlock = 256

// multiply computes the rows i0 ≤ i < i1 and columns j0 ≤ j < j1 of p. The
// inner dimension is cut into equal blocks, as many as its length asks for,
// and the sums of the blocks are added to C in order.
func (s *scratch[T]) multiply(p *product[T], i0, i1, j0, j1 int) {
	c := p.code
	depth := blockDepth(c, p.inner)
	width := c.width()
	for jc := j0; jc < j1; jc += columnBlock {
		je := min(jc+columnBlock, j1)
		for kc := 0; kc < p.inner; kc += depth {
			k := min(depth, p.inner-kc)
			private := p.panels == nil && !p.direct()
			if private {
				s.b = grow(s.b, panelsLength(c, depth, columnBlock))
				for j := jc; j < je; j += width {
					s.packPanel(c, s.b[(j-jc)*k:], p.transB, kc, k, j, min(width, je-j), p.b, p.ldb)
				}
			}
			beta := T(1)
			if kc == 0 {
				beta = p.beta
			}
			tiles := ceilDiv(i1-i0, c.rows)
			for t, i := 0, i0; t < tiles; t++ {
				height := (i1 - i + tiles - t - 1) / (tiles - t)
				s.rowOfTiles(p, i, height, jc, je, kc, k, beta, private)
				if kc+k == p.inner {
					p.finish.rows(p, i, i+height, jc, je)
				}
				i += height
			}
		}
	}
}

// blockDepth is the inner length of the blocks that k is cut into.
func blockDepth[T Float](c *code[T], k int) int {
	return ceilDiv(k, ceilDiv(k, c.depth))
}

// rowOfTiles computes the tiles of `height` rows from row i on between columns
// j0 and j1, for k products from kc on.
func (s *scratch[T]) rowOfTiles(p *product[T], i, height, j0, j1, kc, k int, beta T, private bool) {
	c := p.code
	if c.tiles == nil {
		s.portableRow(p, i, height, j0, j1, kc, k, beta, private)
		return
	}
	size := int(unsafe.Sizeof(beta))
	width := c.width()
	t := &s.tile
	*(*T)(unsafe.Pointer(&t.alpha)) = p.alpha
	*(*T)(unsafe.Pointer(&t.beta)) = beta
	t.k = k
	t.row = p.ldc * size
	form := 0
	if p.transA {
		form = 1
		t.a = unsafe.Pointer(&p.a[kc*p.lda+i])
		t.step = p.lda * size
	} else {
		t.a = unsafe.Pointer(&p.a[i*p.lda+kc])
		t.step = p.lda * size
	}
	if j1-j0 > 3*width {
		s.gatherRows(p, i, height, kc, k)
	}
	for j := j0; j < j1; j += width {
		if p.upper {
			if t.k = min(k, j+width-kc); t.k <= 0 {
				continue
			}
		}
		switch {
		case p.panels != nil:
			t.b = unsafe.Pointer(&p.panels[j*p.inner+kc*width])
			t.next = width * size
		case private:
			t.b = unsafe.Pointer(&s.b[(j-j0)*k])
			t.next = width * size
		default:
			t.b = unsafe.Pointer(&p.b[kc*p.ldb+j])
			t.next = p.ldb * size
		}
		t.c = unsafe.Pointer(&p.c[i*p.ldc+j])
		last := min(width, j1-j) - c.lanes
		e := edgeFull
		switch {
		case last == c.lanes:
		case last > 0:
			e = edgeSecond
		default:
			e = edgeFirst
			last += c.lanes
		}
		if last <= c.lanes/2 {
			e += edgeHalf
		}
		t.mask = c.mask(last)
		c.tiles[form][e][height-1]((*byte)(unsafe.Pointer(t)))
	}
}

// gatherRows copies the tile's part of A together where A's own layout would
// not stay in the first-level cache.
func (s *scratch[T]) gatherRows(p *product[T], i, height, kc, k int) {
	c, t := p.code, &s.tile
	size := int(unsafe.Sizeof(p.alpha))
	if p.transA {
		vectors := ceilDiv(height, c.lanes)
		s.a = grow(s.a, k*height+c.width())
		t.step = height * size
		c.copy[vectors-1]((*byte)(unsafe.Pointer(&s.a[0])), (*byte)(t.a), t.step, p.lda*size, k, c.mask(height-(vectors-1)*c.lanes))
		t.a = unsafe.Pointer(&s.a[0])
		return
	}
	if p.lda*size%1024 != 0 {
		return
	}
	step := k + 16
	s.a = grow(s.a, height*step)
	for r := range height {
		copy(s.a[r*step:], p.a[(i+r)*p.lda+kc:][:k])
	}
	t.a, t.step = unsafe.Pointer(&s.a[0]), step*size
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, b int) int { return ceilDiv(a, b) * b }

// grow returns a slice of length n, reusing s when it is long enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
