package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in the Go type tile.
const (
	tileA    = 8 * iota // first element of the rows of A
	tileStep            // bytes between rows of A, or between columns if A is transposed
	tileB               // first element of the rows of B
	tileNext            // bytes between rows of B
	tileC               // first element of C
	tileRow             // bytes between rows of C
	tileK               // number of products
	tileMask            // lanes of the last vector: bits, or a pointer to words
	tileAlpha
	tileBeta
)

// edge says which part of a tile's width is written.
type edge int

const (
	full       edge = iota // two whole vectors
	second                 // one whole vector and the masked part of another
	first                  // the masked part of one vector
	secondHalf             // like second and first, but the part fits into half
	firstHalf              // a vector, which some processors add up in half the time
	edges      = iota
)

func (e edge) halved() bool { return e >= secondHalf }

// vectors is the number of vectors across the tile.
func (e edge) vectors() int {
	if e == first || e == firstHalf {
		return 1
	}
	return 2
}

// tileName is the name of the Go function that tile writes.
func (m *machine) tileName(rows int, e edge, transposed bool) string {
	form := "N"
	if transposed {
		form = "T"
	}
	return fmt.Sprintf("tile%d%s%d%s%s", 8*m.size(), form, rows, [edges]string{"Full", "Second", "First", "SecondHalf", "FirstHalf"}[e], m.set())
}

// tile writes the product of `rows` rows of A with a panel of B one or two
// vectors wide:
//
//	C ← α·A·B + β·C
//
// All sums stay in registers, each one taking its products in the order of k,
// with one rounding a product. Neither the number of rows nor the mask changes
// a sum.
func (m *machine) tile(rows int, e edge, transposed bool) {
	m.begin(m.tileName(rows, e, transposed), "func(t *byte)", "multiplies rows of A with a panel of B.")
	t := operand.Mem{Base: m.argument("t")}
	width := e.vectors()
	if e != full {
		m.loadMask(t.Offset(tileMask))
	}
	a, b, k := m.GP64(), m.GP64(), m.GP64()
	step, next := m.GP64(), m.GP64()
	m.MOVQ(t.Offset(tileA), a)
	m.MOVQ(t.Offset(tileStep), step)
	m.MOVQ(t.Offset(tileB), b)
	m.MOVQ(t.Offset(tileNext), next)
	m.MOVQ(t.Offset(tileK), k)

	sums := make([]reg.VecVirtual, rows*width)
	for i := range sums {
		sums[i] = m.vector()
		m.zero(sums[i])
	}
	element := m.rowAddresses(a, step, rows, transposed)
	panel := make([]reg.VecVirtual, width)
	for j := range panel {
		panel[j] = m.vector()
	}
	factor := m.vector()
	// column is the part of a register that is in use in column j.
	column := func(v reg.VecVirtual, j int) operand.Op {
		if e.halved() && j == width-1 {
			return v.AsY()
		}
		return v
	}

	loop := m.label("product")
	m.Label(loop)
	for j := range width {
		m.loadColumn(operand.Mem{Base: b, Disp: j * m.vectorBytes()}, column(panel[j], j), e != full && j == width-1)
	}
	for i := range rows {
		m.broadcast(element(i), factor)
		for j := range width {
			m.accumulate(column(factor, j), column(panel[j], j), column(sums[i*width+j], j))
		}
	}
	if transposed {
		m.ADDQ(step, a)
	} else {
		m.ADDQ(operand.U8(m.size()), a)
	}
	m.ADDQ(next, b)
	m.DECQ(k)
	m.JNZ(operand.LabelRef(loop))

	m.finishTile(t, sums, rows, width, e, column)
}

// rowAddresses returns the address of each row's element of the current column
// of A. Rows that are step apart are reached from one moving pointer, with odd
// multiples of the step as index and a scale of 1, 2, 4 or 8.
func (m *machine) rowAddresses(a, step reg.Register, rows int, transposed bool) func(i int) operand.Mem {
	if transposed {
		return func(i int) operand.Mem { return operand.Mem{Base: a, Disp: i * m.size()} }
	}
	odd := map[int]reg.Register{1: step}
	for i := 3; i < rows; i += 2 {
		odd[i] = m.GP64()
		m.LEAQ(operand.Mem{Base: odd[i-2], Index: step, Scale: 2}, odd[i])
	}
	return func(i int) operand.Mem {
		if i == 0 {
			return operand.Mem{Base: a}
		}
		scale := i & -i
		return operand.Mem{Base: a, Index: odd[i/scale], Scale: uint8(scale)}
	}
}

func (m *machine) loadColumn(src operand.Mem, dst operand.Op, masked bool) {
	if masked {
		m.loadMasked(src, dst)
		return
	}
	m.load(src, dst)
}

// finishTile scales the sums and writes them to C, which is read only if β is
// not zero.
func (m *machine) finishTile(t operand.Mem, sums []reg.VecVirtual, rows, width int, e edge, column func(reg.VecVirtual, int) operand.Op) {
	scale, old := m.vector(), m.vector()
	m.broadcast(t.Offset(tileAlpha), scale)
	for _, s := range sums {
		m.multiply(scale, s, s)
	}
	c, row, beta := m.GP64(), m.GP64(), m.GP64()
	m.MOVQ(t.Offset(tileC), c)
	m.MOVQ(t.Offset(tileRow), row)
	overwrite := m.label("overwrite")
	if m.double {
		m.MOVQ(t.Offset(tileBeta), beta)
		m.SHLQ(operand.U8(1), beta)
	} else {
		m.MOVL(t.Offset(tileBeta), beta.As32())
		m.SHLL(operand.U8(1), beta.As32())
	}
	m.JZ(operand.LabelRef(overwrite))
	m.broadcast(t.Offset(tileBeta), scale)
	write := func(update bool) {
		for i := range rows {
			for j := range width {
				place := operand.Mem{Base: c, Disp: j * m.vectorBytes()}
				masked := e != full && j == width-1
				sum := column(sums[i*width+j], j)
				if update {
					m.loadColumn(place, column(old, j), masked)
					m.accumulate(column(old, j), column(scale, j), sum)
				}
				if masked {
					m.storeMasked(sum, place)
				} else {
					m.store(sum, place)
				}
			}
			if i < rows-1 {
				m.ADDQ(row, c)
			}
		}
		m.VZEROUPPER()
		m.RET()
	}
	write(true)
	m.Label(overwrite)
	write(false)
}
