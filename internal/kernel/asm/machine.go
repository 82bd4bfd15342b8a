package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine writes instructions for one instruction set and one precision, so
// that a kernel can be written once.
type machine struct {
	*build.Context
	wide      bool // AVX-512, else AVX2 with FMA
	double    bool // float64, else float32
	constants map[uint64]operand.Mem
	labels    int
	window    *operand.Mem // words of ones and of zeros, for the masks of AVX2
	mask      reg.Register // the lanes of the last vector of a row
}

func (m *machine) set() string {
	if m.wide {
		return "AVX512"
	}
	return "AVX2"
}

// size is the number of bytes of an element.
func (m *machine) size() int {
	if m.double {
		return 8
	}
	return 4
}

func (m *machine) vectorBytes() int {
	if m.wide {
		return 64
	}
	return 32
}

// lanes is the number of elements of a vector.
func (m *machine) lanes() int { return m.vectorBytes() / m.size() }

// vector returns a new vector register.
func (m *machine) vector() reg.VecVirtual {
	if m.wide {
		return m.ZMM()
	}
	return m.YMM()
}

// label returns a label that is new to the function.
func (m *machine) label(name string) string {
	m.labels++
	return fmt.Sprintf("%s%d", name, m.labels)
}

func (m *machine) pick(single, double func(...operand.Op)) func(...operand.Op) {
	if m.double {
		return double
	}
	return single
}

// two adapts an instruction of two operands.
func two(f func(a, b operand.Op)) func(...operand.Op) {
	return func(o ...operand.Op) { f(o[0], o[1]) }
}

func three(f func(a, b, c operand.Op)) func(...operand.Op) {
	return func(o ...operand.Op) { f(o[0], o[1], o[2]) }
}

func (m *machine) zero(v operand.Op) {
	if m.wide {
		m.VPXORD(v, v, v)
		return
	}
	m.VPXOR(v, v, v)
}

// load reads a whole vector.
func (m *machine) load(src operand.Mem, dst operand.Op) {
	m.pick(m.VMOVUPS, m.VMOVUPD)(src, dst)
}

// loadMasked reads the lanes that m.mask selects, and zero elsewhere.
func (m *machine) loadMasked(src operand.Mem, dst operand.Op) {
	if m.wide {
		m.pick(three(m.VMOVUPS_Z), three(m.VMOVUPD_Z))(src, m.mask, dst)
		return
	}
	m.pick(three(m.VMASKMOVPS), three(m.VMASKMOVPD))(src, m.mask, dst)
}

func (m *machine) store(src operand.Op, dst operand.Mem) {
	m.pick(m.VMOVUPS, m.VMOVUPD)(src, dst)
}

// storeMasked writes the lanes that m.mask selects.
func (m *machine) storeMasked(src operand.Op, dst operand.Mem) {
	if m.wide {
		m.pick(m.VMOVUPS, m.VMOVUPD)(src, m.mask, dst)
		return
	}
	m.pick(three(m.VMASKMOVPS), three(m.VMASKMOVPD))(src, m.mask, dst)
}

// broadcast fills a vector with the element at src.
func (m *machine) broadcast(src operand.Mem, dst operand.Op) {
	m.pick(m.VBROADCASTSS, m.VBROADCASTSD)(src, dst)
}

// accumulate computes sum ← a·b + sum with one rounding.
func (m *machine) accumulate(a, b, sum operand.Op) {
	m.pick(m.VFMADD231PS, m.VFMADD231PD)(a, b, sum)
}

// bits returns the bit pattern of x in the machine's precision.
func (m *machine) bits(x float64) uint64 {
	if m.double {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}

// constant places a bit pattern in read-only memory: once for AVX-512, which
// broadcasts it as it reads, and as often as fills a vector for AVX2.
func (m *machine) constant(pattern uint64) operand.Mem {
	if place, ok := m.constants[pattern]; ok {
		return place
	}
	digits := 2 * m.size()
	place := m.StaticGlobal(fmt.Sprintf("c%s%d_%0*x", m.set(), 8*m.size(), digits, pattern))
	m.DataAttributes(attr.RODATA | attr.NOPTR)
	copies := 1
	if !m.wide {
		copies = m.lanes()
	}
	for range copies {
		if m.double {
			m.AppendDatum(operand.U64(pattern))
		} else {
			m.AppendDatum(operand.U32(pattern))
		}
	}
	m.constants[pattern] = place
	return place
}

// begin starts a function.
func (m *machine) begin(name, signature string, doc string) {
	m.Function(name)
	m.Attributes(attr.NOSPLIT)
	m.SignatureExpr(signature)
	m.Pragma("noescape")
	m.Doc(doc)
	m.labels = 0
	m.mask = nil
}

// pointer loads an argument of eight bytes.
func (m *machine) argument(name string) reg.GPVirtual {
	r := m.GP64()
	m.Load(m.Param(name), r)
	return r
}

// loadMask sets the mask of the last vector: for AVX-512 from the bits at src,
// for AVX2 from a whole vector that src points to.
func (m *machine) loadMask(src operand.Mem) {
	if m.wide {
		mask := m.K()
		m.KMOVQ(src, mask)
		m.mask = mask
		return
	}
	table := m.GP64()
	m.MOVQ(src, table)
	mask := m.YMM()
	m.VMOVUPS(operand.Mem{Base: table}, mask)
	m.mask = mask
}

func (m *machine) multiply(a, b, dst operand.Op) {
	m.pick(m.VMULPS, m.VMULPD)(a, b, dst)
}
