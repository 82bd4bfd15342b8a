package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// functions writes the loops over slices.
func (m *machine) functions() {
	unary := func(name string, f func(vec) vec) {
		m.overSlices(name, []string{"x"}, []string{"dst"}, nil, func(in, _ []vec) []vec { return []vec{f(in[0])} })
	}
	unary("exp", func(x vec) vec { return m.exp(x, nil) })
	unary("log", m.log)
	unary("tanh", m.tanh)
	unary("relu", m.relu)
	unary("elu", m.elu)
	unary("gelu", m.gelu)
	unary("softplus", m.softplus)
	unary("sigmoid", m.sigmoid)

	slope := func(name string, f func(g, x vec) vec) {
		m.overSlices(name, []string{"grad", "x"}, []string{"dst"}, nil, func(in, _ []vec) []vec { return []vec{f(in[0], in[1])} })
	}
	slope("tanhGrad", m.tanhGrad)
	slope("reluGrad", m.reluGrad)
	slope("eluGrad", m.eluGrad)
	slope("geluGrad", m.geluGrad)
	slope("softplusGrad", m.softplusGrad)
	slope("sigmoidGrad", m.sigmoidGrad)

	m.overSlices("axpy", []string{"x", "y"}, []string{"y"}, []string{"alpha"}, func(in, s []vec) []vec {
		m.addProduct(in[1], in[0], s[0])
		return in[1:]
	})
	m.overSlices("centre", []string{"x", "centre"}, []string{"dst"}, []string{"scale"}, func(in, s []vec) []vec {
		return []vec{m.mul(m.sub(in[0], in[1]), s[0])}
	})
	m.overSlices("adam", []string{"w", "grad", "m", "v"}, []string{"w", "m", "v"},
		[]string{"beta1", "rest1", "beta2", "rest2", "rate", "root", "epsilon", "keep"}, m.adam)

	m.overRow("maximum", nil, negativeInfinity, func(x, sum vec, _ []vec) vec { return m.max(x, sum) })
	m.overRow("sumExp", []string{"peak"}, 0, func(x, sum vec, s []vec) vec {
		return m.add(sum, m.keep(m.exp(m.sub(x, s[0]), nil)))
	})
	m.overRow("sumSquares", nil, 0, func(x, sum vec, _ []vec) vec {
		m.addProduct(sum, x, x)
		return sum
	})
}

// adam is one step of Adam. The scalars are β₁, 1−β₁, β₂, 1−β₂, the rate
// divided by 1−β₁ᵗ, 1/√(1−β₂ᵗ), ε, and what decay leaves of a weight.
func (m *machine) adam(in, s []vec) []vec {
	w, g, mean, square := in[0], in[1], in[2], in[3]
	mean = m.mul(mean, s[0])
	m.addProduct(mean, g, s[1])
	square = m.mul(square, s[2])
	m.addProduct(square, m.mul(g, g), s[3])
	root := m.sqrt(square)
	m.horner(root, s[5], s[6])
	step := m.div(m.mul(mean, s[4]), root)
	w = m.mul(w, s[7])
	return []vec{m.sub(w, step), mean, square}
}

// element is the Go type of the elements.
func (m *machine) element() string {
	if m.double {
		return "float64"
	}
	return "float32"
}

func (m *machine) functionName(name string) string {
	return fmt.Sprintf("%s%d%s", name, 8*m.size(), m.set())
}

// overSlices writes a function that applies body to whole vectors of its
// slices and then to the masked rest.
func (m *machine) overSlices(name string, reads, writes, scalars []string, body func(in, scalars []vec) []vec) {
	names := append([]string{}, reads...)
	for _, w := range writes {
		if !contains(names, w) {
			names = append([]string{w}, names...)
		}
	}
	signature := "func("
	for _, n := range names {
		signature += n + " *" + m.element() + ", "
	}
	for _, s := range scalars {
		signature += s + " " + m.element() + ", "
	}
	m.begin(m.functionName(name), signature+"n int)", "applies "+name+" to n elements.")
	pointer := map[string]reg.GPVirtual{}
	for _, n := range names {
		pointer[n] = m.argument(n)
	}
	constants := m.scalars(scalars)
	n := m.argument("n")
	step := func(masked bool) {
		in := make([]vec, len(reads))
		for i, r := range reads {
			in[i] = m.vector()
			m.loadColumn(operand.Mem{Base: pointer[r]}, in[i], masked)
		}
		for i, v := range body(in, constants) {
			if masked {
				m.storeMasked(v, operand.Mem{Base: pointer[writes[i]]})
			} else {
				m.store(v, operand.Mem{Base: pointer[writes[i]]})
			}
		}
		if !masked {
			for _, name := range names {
				m.ADDQ(operand.Imm(uint64(m.vectorBytes())), pointer[name])
			}
		}
	}
	m.strip(n, step)
	m.VZEROUPPER()
	m.RET()
}

// scalars fills a vector with each of the named arguments.
func (m *machine) scalars(names []string) []vec {
	filled := make([]vec, len(names))
	for i, name := range names {
		argument, err := m.Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		filled[i] = m.vector()
		m.broadcast(argument.Addr, filled[i])
	}
	return filled
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// strip runs step once for each whole vector of n elements, and once more,
// masked, for what is left.
func (m *machine) strip(n reg.GPVirtual, step func(masked bool)) {
	loop, rest, end := m.label("whole"), m.label("rest"), m.label("end")
	m.SUBQ(operand.U8(m.lanes()), n)
	m.JL(operand.LabelRef(rest))
	m.Label(loop)
	step(false)
	m.SUBQ(operand.U8(m.lanes()), n)
	m.JGE(operand.LabelRef(loop))
	m.Label(rest)
	m.ADDQ(operand.U8(m.lanes()), n)
	m.JZ(operand.LabelRef(end))
	m.setMask(n)
	step(true)
	m.mask = nil
	m.Label(end)
}

// setMask selects the first n lanes, 0 < n < lanes.
func (m *machine) setMask(n reg.GPVirtual) {
	if m.wide {
		bits := m.GP64()
		m.MOVQ(operand.I32(1), bits)
		m.SHLXQ(n, bits, bits)
		m.DECQ(bits)
		mask := m.K()
		m.KMOVQ(bits, mask)
		m.mask = mask
		return
	}
	if m.window == nil {
		m.window = new(operand.Mem)
		*m.window = m.StaticGlobal("window" + m.functionName(""))
		m.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 2 * m.lanes() {
			if m.double {
				m.AppendDatum(operand.U64(-uint64(1 - i/m.lanes())))
			} else {
				m.AppendDatum(operand.U32(-uint32(1 - i/m.lanes())))
			}
		}
	}
	at := m.GP64()
	m.LEAQ(m.window.Offset(m.vectorBytes()), at)
	if m.double {
		m.SHLQ(operand.U8(3), n)
	} else {
		m.SHLQ(operand.U8(2), n)
	}
	m.SUBQ(n, at)
	mask := m.YMM()
	m.VMOVUPS(operand.Mem{Base: at}, mask)
	m.mask = mask
}

type start int

const negativeInfinity start = 1

var negInf = math.Inf(-1)

// overRow writes a function that reduces n elements to one: lane by lane
// first, then the lanes in a fixed tree. So the order depends on n alone.
func (m *machine) overRow(name string, scalars []string, from start, body func(x, sum vec, scalars []vec) vec) {
	signature := "func(x *" + m.element() + ", "
	for _, s := range scalars {
		signature += s + " " + m.element() + ", "
	}
	m.begin(m.functionName(name), signature+"n int) "+m.element(), "reduces n elements.")
	x := m.argument("x")
	constants := m.scalars(scalars)
	n := m.argument("n")
	sum := m.vector()
	if from == negativeInfinity {
		place := m.constant(m.bits(negInf))
		if m.wide {
			m.broadcast(place, sum)
		} else {
			m.load(place, sum)
		}
	} else {
		m.zero(sum)
	}
	m.strip(n, func(masked bool) {
		v := m.vector()
		m.loadColumn(operand.Mem{Base: x}, v, masked)
		if masked && from == negativeInfinity {
			v = m.choose(m.mask, v, m.constantVector(negInf))
		}
		m.pick(two(func(a, b operand.Op) { m.VMOVAPS(a, b) }), two(func(a, b operand.Op) { m.VMOVAPD(a, b) }))(body(v, sum, constants), sum)
		if !masked {
			m.ADDQ(operand.Imm(uint64(m.vectorBytes())), x)
		}
	})
	m.fold(sum, from)
	m.VZEROUPPER()
	m.RET()
}

// keep sets the lanes that the mask leaves out to zero.
func (m *machine) keep(v vec) vec {
	if m.mask == nil {
		return v
	}
	zero := m.vector()
	m.zero(zero)
	return m.choose(m.mask, v, zero)
}

// fold combines the lanes of v and returns the result.
func (m *machine) fold(v vec, from start) {
	combine := func(a, b, dst operand.Op) {
		if from == negativeInfinity {
			m.pick(m.VMAXPS, m.VMAXPD)(a, b, dst)
		} else {
			m.pick(m.VADDPS, m.VADDPD)(a, b, dst)
		}
	}
	if m.wide {
		upper := m.YMM()
		m.VEXTRACTF64X4(operand.U8(1), v, upper)
		combine(upper, v.AsY(), v.AsY())
	}
	upper := m.XMM()
	m.VEXTRACTF128(operand.U8(1), v.AsY(), upper)
	low := v.AsX()
	combine(upper, low, low)
	m.VPERMILPD(operand.U8(1), low, upper)
	combine(upper, low, low)
	if !m.double {
		m.VMOVSHDUP(low, upper)
		combine(upper, low, low)
	}
	ret, err := m.ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	if m.double {
		m.VMOVSD(low, ret.Addr)
	} else {
		m.VMOVSS(low, ret.Addr)
	}
}
