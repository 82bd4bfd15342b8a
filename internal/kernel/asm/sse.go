package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sums writes the tile of the portable setting for amd64, whose every
// processor has SSE2. It sums the products of four packed rows of A with two
// vectors of packed columns of B, rounding each product and each sum, as the
// portable Go code does:
//
//	sum[i·2·lanes + j] ← Σₗ a[4l + i]·b[l·2·lanes + j]
func (m *machine) sums() {
	m.Function(fmt.Sprintf("sums%dSSE2", 8*m.size()))
	m.Attributes(attr.NOSPLIT)
	m.SignatureExpr(fmt.Sprintf("func(sum, a, b *%s, k int)", m.element()))
	m.Pragma("noescape")
	m.Doc("multiplies four packed rows with two vectors of packed columns.")
	m.labels = 0
	sum, a, b, k := m.argument("sum"), m.argument("a"), m.argument("b"), m.argument("k")
	const rows, vector = 4, 16
	sums := make([]reg.VecVirtual, 2*rows)
	for i := range sums {
		sums[i] = m.XMM()
		m.XORPS(sums[i], sums[i])
	}
	column := []reg.VecVirtual{m.XMM(), m.XMM()}
	factor, product := m.XMM(), m.XMM()
	loop := m.label("product")
	m.Label(loop)
	for j, v := range column {
		m.MOVUPS(operand.Mem{Base: b, Disp: j * vector}, v)
	}
	for i := range rows {
		element := operand.Mem{Base: a, Disp: i * m.size()}
		if m.double {
			m.MOVSD(element, factor)
			m.UNPCKLPD(factor, factor)
		} else {
			m.MOVSS(element, factor)
			m.SHUFPS(operand.U8(0), factor, factor)
		}
		m.MOVAPS(factor, product)
		for j, f := range []reg.VecVirtual{product, factor} {
			m.pick(two(m.MULPS), two(m.MULPD))(column[j], f)
			m.pick(two(m.ADDPS), two(m.ADDPD))(f, sums[2*i+j])
		}
	}
	m.ADDQ(operand.U8(rows*m.size()), a)
	m.ADDQ(operand.U8(2*vector), b)
	m.DECQ(k)
	m.JNZ(operand.LabelRef(loop))
	for i, s := range sums {
		m.MOVUPS(s, operand.Mem{Base: sum, Disp: i * vector})
	}
	m.RET()
}
