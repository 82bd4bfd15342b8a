package made

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// pass is the scratch of some rows on their way through the networks.
type pass struct {
	m                        *Model
	rows                     int
	values, in, out, scratch []float64
	joint                    []float64 // rows×M
}

func (m *Model) newPass(rows int) *pass {
	d := len(m.columns)
	p := &pass{m: m, values: make([]float64, rows*d), in: make([]float64, rows*m.in[d]), out: make([]float64, rows*m.out[d]), joint: make([]float64, rows*len(m.networks))}
	p.scratch = m.frozen[0].Scratch(rows)
	return p
}

// load takes rows [from, to) of x to model space.
func (p *pass) load(x *mat.Dense, from, to int) {
	d := len(p.m.columns)
	p.rows = to - from
	for i := range p.rows {
		row := p.values[i*d : (i+1)*d]
		for j, v := range x.RawRowView(from + i) {
			row[j] = (v - p.m.transform.Shift[j]) / p.m.transform.Scale[j]
		}
		features(p.m.columns, p.in[i*p.m.in[d]:], row)
	}
}

// through runs the rows through a network.
func (p *pass) through(network int) {
	p.m.frozen[network].Apply(p.rows, p.in, p.out, p.scratch)
}

// logs computes log p of the rows by each network.
func (p *pass) logs() {
	d, m := len(p.m.columns), len(p.m.networks)
	for k := range m {
		p.through(k)
		for i := range p.rows {
			p.joint[i*m+k] = p.m.logRow(p.values[i*d:(i+1)*d], p.out[i*p.m.out[d]:])
		}
	}
}

// average stores log p of the rows, in the units of the data.
func (p *pass) average(dst []float64) {
	m := len(p.m.networks)
	for i := range dst {
		dst[i] = density.LogMeanExp(p.joint[i*m:(i+1)*m]) + p.m.jacobian
	}
}

// logRow returns ln p of a row in model space by the network that gave out.
func (m *Model) logRow(row, out []float64) float64 {
	var sum float64
	for j, c := range m.columns {
		if !c.holds(row[j]) {
			if math.IsNaN(row[j]) {
				return math.NaN()
			}
			sum = math.Inf(-1)
		}
		if math.IsInf(sum, -1) {
			continue
		}
		sum += c.logColumn(row[j], out[m.out[j]:m.out[j+1]], nil, m.floor)
	}
	return sum
}

// draw fills rows of dst by a network, column after column in its order.
func (p *pass) draw(network int, dst *mat.Dense, rows []int, random *rand.Rand) {
	d := len(p.m.columns)
	p.rows = len(rows)
	clear(p.values)
	for _, j := range p.m.networks[network].order {
		for i := range rows {
			features(p.m.columns, p.in[i*p.m.in[d]:], p.values[i*d:(i+1)*d])
		}
		p.through(network)
		for i := range rows {
			out := p.out[i*p.m.out[d]:]
			p.values[i*d+j] = p.m.columns[j].drawColumn(out[p.m.out[j]:p.m.out[j+1]], p.m.floor, random)
		}
	}
	for i, to := range rows {
		for j := range d {
			dst.Set(to, j, p.values[i*d+j]*p.m.transform.Scale[j]+p.m.transform.Shift[j])
		}
	}
}
