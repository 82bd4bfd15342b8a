package lcm

import "math"

// LogColumn returns ln p(xⱼ = v) of column j in class c: of a Normal column the log
// density, in nats; −Inf for a value that the column cannot have, NaN for NaN.
func (m *Model) LogColumn(c, j int, v float64) float64 {
	if c < 0 || c >= m.p.k {
		panic("lcm: no such class")
	}
	m.checkColumns([]int{j})
	if math.IsNaN(v) {
		return v
	}
	return m.logColumn(c, j, v)
}
