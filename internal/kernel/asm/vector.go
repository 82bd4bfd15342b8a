package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Arithmetic on vectors, each result in a new register unless said otherwise.
// A value is a register or a constant; a constant may stand as the second
// operand of an operation only.
type (
	vec   = reg.VecVirtual
	value any // vec or float64
)

// operation lists the forms of an instruction: float32, float64, and the same
// with a broadcast constant.
type operation [4]func(...operand.Op)

func (m *machine) emit(f operation, second value, rest ...operand.Op) {
	i := 0
	if m.double {
		i = 1
	}
	var op operand.Op
	switch v := second.(type) {
	case vec:
		op = v
	case float64:
		op = m.constant(m.bits(v))
		if m.wide {
			i += 2
		}
	case int:
		op = m.constant(uint64(v))
		if m.wide {
			i += 2
		}
	}
	f[i](append([]operand.Op{op}, rest...)...)
}

func (m *machine) binary(f operation, a vec, b value) vec {
	dst := m.vector()
	m.emit(f, b, a, dst)
	return dst
}

func (m *machine) add(a vec, b value) vec {
	return m.binary(operation{m.VADDPS, m.VADDPD, m.VADDPS_BCST, m.VADDPD_BCST}, a, b)
}

func (m *machine) sub(a vec, b value) vec {
	return m.binary(operation{m.VSUBPS, m.VSUBPD, m.VSUBPS_BCST, m.VSUBPD_BCST}, a, b)
}

func (m *machine) mul(a vec, b value) vec {
	return m.binary(operation{m.VMULPS, m.VMULPD, m.VMULPS_BCST, m.VMULPD_BCST}, a, b)
}

func (m *machine) div(a vec, b value) vec {
	return m.binary(operation{m.VDIVPS, m.VDIVPD, m.VDIVPS_BCST, m.VDIVPD_BCST}, a, b)
}

// max returns the larger of a and b, and b if either is NaN.
func (m *machine) max(a vec, b value) vec {
	return m.binary(operation{m.VMAXPS, m.VMAXPD, m.VMAXPS_BCST, m.VMAXPD_BCST}, a, b)
}

// min returns the smaller of a and b, and b if either is NaN.
func (m *machine) min(a vec, b value) vec {
	return m.binary(operation{m.VMINPS, m.VMINPD, m.VMINPS_BCST, m.VMINPD_BCST}, a, b)
}

func (m *machine) sqrt(a vec) vec {
	dst := m.vector()
	m.pick(m.VSQRTPS, m.VSQRTPD)(a, dst)
	return dst
}

// horner replaces p by p·x + c, rounded once.
func (m *machine) horner(p, x vec, c value) {
	m.emit(operation{m.VFMADD213PS, m.VFMADD213PD, m.VFMADD213PS_BCST, m.VFMADD213PD_BCST}, c, x, p)
}

// addProduct replaces sum by sum + a·b, rounded once.
func (m *machine) addProduct(sum, a vec, b value) {
	m.emit(operation{m.VFMADD231PS, m.VFMADD231PD, m.VFMADD231PS_BCST, m.VFMADD231PD_BCST}, b, a, sum)
}

// subProduct replaces sum by sum − a·b, rounded once.
func (m *machine) subProduct(sum, a vec, b value) {
	m.emit(operation{m.VFNMADD231PS, m.VFNMADD231PD, m.VFNMADD231PS_BCST, m.VFNMADD231PD_BCST}, b, a, sum)
}

// lessProduct replaces a by a·b − c, rounded once.
func (m *machine) lessProduct(a, b vec, c value) {
	m.emit(operation{m.VFMSUB213PS, m.VFMSUB213PD, m.VFMSUB213PS_BCST, m.VFMSUB213PD_BCST}, c, b, a)
}

// polynomial evaluates c[0] + c[1]·x + ….
func (m *machine) polynomial(x vec, c []float64) vec {
	n := len(c)
	p := m.constantVector(c[n-1])
	for i := n - 2; i >= 0; i-- {
		m.horner(p, x, c[i])
	}
	return p
}

// constantVector fills a register with c.
func (m *machine) constantVector(c float64) vec {
	return m.patternVector(m.bits(c))
}

func (m *machine) patternVector(pattern uint64) vec {
	v := m.vector()
	place := m.constant(pattern)
	if m.wide {
		m.broadcast(place, v)
	} else {
		m.load(place, v)
	}
	return v
}

func (m *machine) copyOf(a vec) vec {
	v := m.vector()
	m.pick(two(func(a, b operand.Op) { m.VMOVAPS(a, b) }), two(func(a, b operand.Op) { m.VMOVAPD(a, b) }))(a, v)
	return v
}

// Operations on bit patterns. The constant is a pattern.

func (m *machine) logic(narrow func(a, b, c operand.Op), wide operation, a vec, b value) vec {
	dst := m.vector()
	if m.wide {
		m.emit(wide, b, a, dst)
		return dst
	}
	op, ok := b.(vec)
	if ok {
		narrow(op, a, dst)
	} else {
		narrow(m.constant(uint64(b.(int))), a, dst)
	}
	return dst
}

func (m *machine) and(a vec, b value) vec {
	return m.logic(m.VPAND, operation{m.VPANDD, m.VPANDQ, m.VPANDD_BCST, m.VPANDQ_BCST}, a, b)
}

func (m *machine) or(a vec, b value) vec {
	return m.logic(m.VPOR, operation{m.VPORD, m.VPORQ, m.VPORD_BCST, m.VPORQ_BCST}, a, b)
}

// sign is the pattern of −0.
func (m *machine) sign() int {
	if m.double {
		return math.MinInt64
	}
	return 1 << 31
}

// abs clears the sign bit.
func (m *machine) abs(a vec) vec {
	if m.double {
		return m.and(a, math.MaxInt64)
	}
	return m.and(a, math.MaxInt32)
}

// fraction is the number of bits behind the point.
func (m *machine) fraction() int {
	if m.double {
		return 52
	}
	return 23
}

// exponentBias is what is added to an exponent in the bit pattern.
func (m *machine) exponentBias() int {
	if m.double {
		return 1023
	}
	return 127
}

// rounder is 1.5 times the number whose unit is 1: adding it to a small number
// rounds that number to an integer and leaves the integer in the lowest bits.
func (m *machine) rounder() float64 { return math.Ldexp(1.5, m.fraction()) }

func (m *machine) shiftLeft(a vec, bits int) vec {
	dst := m.vector()
	m.pick(three(func(a, b, c operand.Op) { m.VPSLLD(a, b, c) }), three(func(a, b, c operand.Op) { m.VPSLLQ(a, b, c) }))(operand.U8(bits), a, dst)
	return dst
}

func (m *machine) shiftRight(a vec, bits int) vec {
	dst := m.vector()
	m.pick(three(func(a, b, c operand.Op) { m.VPSRLD(a, b, c) }), three(func(a, b, c operand.Op) { m.VPSRLQ(a, b, c) }))(operand.U8(bits), a, dst)
	return dst
}

// The predicates of compare.
const (
	less        = 0x11 // ordered
	notLess     = 0x15 // or unordered
	greater     = 0x1e // ordered
	equal       = 0x00
	notOrdered  = 0x03
	notNegative = 0x1d // greater or equal, ordered
)

// compare returns the lanes in which the predicate holds between a and b.
func (m *machine) compare(a vec, predicate uint8, b value) reg.Register {
	if m.wide {
		k := m.K()
		m.emit(operation{m.VCMPPS, m.VCMPPD, m.VCMPPS_BCST, m.VCMPPD_BCST}.with(operand.U8(predicate)), b, a, k)
		return k
	}
	dst := m.vector()
	op, ok := b.(vec)
	var second operand.Op = op
	if !ok {
		second = m.constant(m.bits(b.(float64)))
	}
	m.pick(func(o ...operand.Op) { m.VCMPPS(o...) }, func(o ...operand.Op) { m.VCMPPD(o...) })(operand.U8(predicate), second, a, dst)
	return dst
}

// with puts an operand before the others.
func (f operation) with(first operand.Op) operation {
	var g operation
	for i := range f {
		g[i] = func(o ...operand.Op) { f[i](append([]operand.Op{first}, o...)...) }
	}
	return g
}

// choose returns a where the mask holds, else b.
func (m *machine) choose(mask reg.Register, a value, b vec) vec {
	dst := m.vector()
	if m.wide {
		m.emit(operation{m.VBLENDMPS, m.VBLENDMPD, m.VBLENDMPS_BCST, m.VBLENDMPD_BCST}, a, b, mask, dst)
		return dst
	}
	op, ok := a.(vec)
	var first operand.Op = op
	if !ok {
		first = m.constant(m.bits(a.(float64)))
	}
	m.pick(func(o ...operand.Op) { m.VBLENDVPS(o[0], o[1], o[2], o[3]) }, func(o ...operand.Op) { m.VBLENDVPD(o[0], o[1], o[2], o[3]) })(mask, first, b, dst)
	return dst
}
