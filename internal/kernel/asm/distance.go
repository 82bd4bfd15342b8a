package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// distanceRows is the number of rows that distances handles at once.
const distanceRows = 8

// squaresVectors is the largest number of vectors of a strip of squares.
const squaresVectors = 4

// distances writes the sums of squared differences of some rows x to as many
// centres as a vector has lanes:
//
//	dst[i·ldd + c] ← Σⱼ ((x[i·ldx + j] − panel[j][0][c])·panel[j][1][c])²
//
// Each sum takes its terms in the order of j, whatever the number of rows.
func (m *machine) distances(rows int) {
	m.begin(fmt.Sprintf("distances%d_%d%s", 8*m.size(), rows, m.set()),
		"func(dst, x, panel *byte, ldd, ldx, d int, mask uintptr)",
		"sums the squares of scaled differences; ldd and ldx are in bytes.")
	dst, x, panel := m.argument("dst"), m.argument("x"), m.argument("panel")
	ldd, ldx, d := m.argument("ldd"), m.argument("ldx"), m.argument("d")
	m.loadMask(operand.NewParamAddr("mask", 48))
	sums := make([]vec, rows)
	for i := range sums {
		sums[i] = m.vector()
		m.zero(sums[i])
	}
	element := m.rowAddresses(x, ldx, rows, false)
	centre, scale, factor := m.vector(), m.vector(), m.vector()
	// The rows that follow are fetched meanwhile, a line for each column: as
	// many as distanceRows rows of float64 have. Fetching past the end is
	// harmless.
	ahead := m.GP64()
	if rows > 1 {
		m.LEAQ(operand.Mem{Base: x, Index: ldx, Scale: distanceRows}, ahead)
	}
	loop := m.label("column")
	m.Label(loop)
	if rows > 1 {
		m.PREFETCHT0(operand.Mem{Base: ahead})
		m.ADDQ(operand.Imm(64), ahead)
	}
	m.load(operand.Mem{Base: panel}, centre)
	m.load(operand.Mem{Base: panel, Disp: m.vectorBytes()}, scale)
	for i, sum := range sums {
		m.broadcast(element(i), factor)
		e := m.mul(m.sub(factor, centre), scale)
		m.addProduct(sum, e, e)
	}
	m.ADDQ(operand.U8(m.size()), x)
	m.ADDQ(operand.Imm(uint64(2*m.vectorBytes())), panel)
	m.DECQ(d)
	m.JNZ(operand.LabelRef(loop))
	for i, sum := range sums {
		m.storeMasked(sum, operand.Mem{Base: dst})
		if i < rows-1 {
			m.ADDQ(ldd, dst)
		}
	}
	m.VZEROUPPER()
	m.RET()
}

// squares writes the weighted sums of squares of the columns of some rows about
// a centre, for a strip of columns as wide as the given number of vectors, the
// last one masked:
//
//	sums[j] ← sums[j] + Σᵢ weight[i·ldw]·(x[i·ldx + j] − centre[j])²
func (m *machine) squares(vectors int) {
	m.begin(fmt.Sprintf("squares%d_%d%s", 8*m.size(), vectors, m.set()),
		"func(sums, x, centre, weight *byte, ldx, ldw, rows int, mask uintptr)",
		"sums weighted squares about a centre; ldx and ldw are in bytes.")
	to, x, centre, weight := m.argument("sums"), m.argument("x"), m.argument("centre"), m.argument("weight")
	ldx, ldw, rows := m.argument("ldx"), m.argument("ldw"), m.argument("rows")
	m.loadMask(operand.NewParamAddr("mask", 56))
	strip := func(base reg.Register, read bool) []vec {
		v := make([]vec, vectors)
		for j := range v {
			v[j] = m.vector()
			if read {
				m.loadColumn(operand.Mem{Base: base, Disp: j * m.vectorBytes()}, v[j], j == vectors-1)
			}
		}
		return v
	}
	sums, centres, values := strip(to, true), strip(centre, true), strip(nil, false)
	factor := m.vector()
	loop := m.label("row")
	m.Label(loop)
	m.broadcast(operand.Mem{Base: weight}, factor)
	for j, v := range values {
		m.loadColumn(operand.Mem{Base: x, Disp: j * m.vectorBytes()}, v, j == vectors-1)
		e := m.sub(v, centres[j])
		m.addProduct(sums[j], e, m.mul(e, factor))
	}
	m.ADDQ(ldx, x)
	m.ADDQ(ldw, weight)
	m.DECQ(rows)
	m.JNZ(operand.LabelRef(loop))
	for j, v := range sums {
		place := operand.Mem{Base: to, Disp: j * m.vectorBytes()}
		if j == vectors-1 {
			m.storeMasked(v, place)
		} else {
			m.store(v, place)
		}
	}
	m.VZEROUPPER()
	m.RET()
}
