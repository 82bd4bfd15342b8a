package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyPanel writes the packing of a matrix whose rows lie along the panel:
//
//	dst[l·stride + j] ← src[l·ld + j],  l < k,
//
// for two vectors of j, the second one masked, or for one masked vector.
func (m *machine) copyPanel(width int) {
	m.begin(fmt.Sprintf("copyPanel%d_%d%s", 8*m.size(), width, m.set()),
		"func(dst, src *byte, stride, ld, k int, mask uintptr)",
		"copies k rows of a panel; stride and ld are in bytes.")
	dst, src := m.argument("dst"), m.argument("src")
	stride, ld, k := m.argument("stride"), m.argument("ld"), m.argument("k")
	m.loadMask(operand.NewParamAddr("mask", 40))
	loop := m.label("row")
	m.Label(loop)
	for j := range width {
		v := m.vector()
		at := j * m.vectorBytes()
		m.loadColumn(operand.Mem{Base: src, Disp: at}, v, j == width-1)
		m.store(v, operand.Mem{Base: dst, Disp: at})
	}
	m.ADDQ(ld, src)
	m.ADDQ(stride, dst)
	m.DECQ(k)
	m.JNZ(operand.LabelRef(loop))
	m.VZEROUPPER()
	m.RET()
}

// turnPanel writes the packing of a matrix whose rows lie across the panel:
//
//	dst[l·stride + j] ← src[rows[j] + l],  l < lanes·blocks, j < lanes,
//
// a square of lanes×lanes elements at a time, turned in registers. The rows
// are given one by one, so that at the edge of the matrix the last row can
// stand for those that are missing.
func (m *machine) turnPanel() {
	m.begin(fmt.Sprintf("turnPanel%d%s", 8*m.size(), m.set()),
		"func(dst, src *byte, stride int, rows *int, blocks int)",
		"transposes square blocks into a panel; stride and rows are in bytes.")
	dst, src := m.argument("dst"), m.argument("src")
	stride, offsets, blocks := m.argument("stride"), m.argument("rows"), m.argument("blocks")
	loop := m.label("block")
	m.Label(loop)
	rows := make([]reg.VecVirtual, m.lanes())
	for i := range rows {
		rows[i] = m.vector()
		offset := m.GP64()
		m.MOVQ(operand.Mem{Base: offsets, Disp: 8 * i}, offset)
		m.load(operand.Mem{Base: src, Index: offset, Scale: 1}, rows[i])
	}
	for _, v := range m.transpose(rows) {
		m.store(v, operand.Mem{Base: dst})
		m.ADDQ(stride, dst)
	}
	m.ADDQ(operand.Imm(uint64(m.vectorBytes())), src)
	m.DECQ(blocks)
	m.JNZ(operand.LabelRef(loop))
	m.VZEROUPPER()
	m.RET()
}

// transpose turns as many vectors as a vector has lanes. Interleaving within
// parts of 16 bytes leaves in each part a piece of one column, held by
// neighbouring rows; exchanging whole parts then puts the pieces together.
func (m *machine) transpose(rows []reg.VecVirtual) []reg.VecVirtual {
	columns := make([]reg.VecVirtual, len(rows))
	part := 16 / m.size() // rows that share a piece
	groups := make([][]reg.VecVirtual, len(rows)/part)
	for g := range groups {
		r := rows[g*part:]
		if m.double {
			low, high := m.interleave(r[0], r[1], true)
			groups[g] = []reg.VecVirtual{low, high}
			continue
		}
		low01, high01 := m.interleave(r[0], r[1], false)
		low23, high23 := m.interleave(r[2], r[3], false)
		c0, c1 := m.interleave(low01, low23, true)
		c2, c3 := m.interleave(high01, high23, true)
		groups[g] = []reg.VecVirtual{c0, c1, c2, c3}
	}
	for c := range part {
		if !m.wide {
			for q, selection := range []uint8{0x20, 0x31} {
				columns[q*part+c] = m.parts(groups[0][c], groups[1][c], selection)
			}
			continue
		}
		const even, odd = 0x88, 0xdd
		even01, odd01 := m.parts(groups[0][c], groups[1][c], even), m.parts(groups[0][c], groups[1][c], odd)
		even23, odd23 := m.parts(groups[2][c], groups[3][c], even), m.parts(groups[2][c], groups[3][c], odd)
		columns[c] = m.parts(even01, even23, even)
		columns[part+c] = m.parts(odd01, odd23, even)
		columns[2*part+c] = m.parts(even01, even23, odd)
		columns[3*part+c] = m.parts(odd01, odd23, odd)
	}
	return columns
}

// interleave mixes the lower and the upper halves of each 16 bytes of a and b,
// by elements of eight bytes or of four.
func (m *machine) interleave(a, b reg.VecVirtual, eight bool) (low, high reg.VecVirtual) {
	low, high = m.vector(), m.vector()
	if eight {
		m.VUNPCKLPD(b, a, low)
		m.VUNPCKHPD(b, a, high)
	} else {
		m.VUNPCKLPS(b, a, low)
		m.VUNPCKHPS(b, a, high)
	}
	return low, high
}

// parts selects pieces of 16 bytes of a and b.
func (m *machine) parts(a, b reg.VecVirtual, selection uint8) reg.VecVirtual {
	v := m.vector()
	if m.wide {
		m.VSHUFF32X4(operand.U8(selection), b, a, v)
	} else {
		m.VPERM2F128(operand.U8(selection), b, a, v)
	}
	return v
}
