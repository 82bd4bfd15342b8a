package lcm

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"likely/internal/em"
	"likely/internal/spread"
)

// candidates names the moves of a run that promise most.
func candidates(r run) []em.Move {
	if r.k < 3 {
		return nil
	}
	gain := make([]float64, r.k)
	spread.Do(r.k, func(c int) { _, gain[c] = r.residuals(c).direction(r) })
	return em.Moves(r.Responsibilities(), gain)
}

// follow makes a move.
func follow(r run, m em.Move) (run, error) {
	next := run{newEM(r.data, r.settings)}
	residuals := r.residuals(m.C)
	axis, _ := residuals.direction(r)
	z := make([]float64, len(axis))
	m.Apply(next.Responsibilities(), r.Responsibilities(), func(i int) bool {
		residuals.of(z, i)
		return floats.Dot(z, axis) > 0
	})
	return next, nil
}

// residuals are what class c leaves of rows: for each column that holds numbers the
// distance from the mean in standard deviations, for each category ([x=c] − p)/√p.
// If columns are independent in the class, as they should be, the residuals of the
// class's rows have a variance of about 1, or less, in any direction.
type residuals struct {
	data          *data
	c             int
	mean, inverse []float64
}

func (r run) residuals(c int) *residuals {
	l, p := r.data.layout, r.p
	s := &residuals{data: r.data, c: c}
	add := func(mean, variance float64) {
		inverse := 0.0
		if variance > 1e-9 {
			inverse = 1 / math.Sqrt(variance)
		}
		s.mean, s.inverse = append(s.mean, mean), append(s.inverse, inverse)
	}
	for q, v := range row(p.linear, c, len(l.linear)) {
		if l.columns[l.linear[q]].Kind == Bernoulli {
			add(v, v*(1-v))
		} else {
			add(v, v)
		}
	}
	for q, v := range row(p.mean, c, len(l.counts)) {
		add(v, v+v*v/p.size[c*len(l.counts)+q])
	}
	for q, v := range row(p.centre, c, len(l.normals)) {
		add(v, p.variance[c*len(l.normals)+q])
	}
	for _, v := range row(p.level, c, l.levels()) {
		add(v, v)
	}
	return s
}

// of stores the residuals of row i in z, 0 for what is missing.
func (s *residuals) of(z []float64, i int) {
	r, l := s.data, s.data.layout
	a, b := len(l.linear), len(l.linear)+len(l.counts)
	levels := b + len(l.normals)
	if a > 0 {
		copy(z, r.linear[i*r.stride:i*r.stride+a])
	}
	copy(z[a:], row(r.counts, i, len(l.counts)))
	copy(z[b:], row(r.normals, i, len(l.normals)))
	clear(z[levels:])
	for q, code := range row(r.codes, i, len(l.tables)) {
		if code >= 0 {
			z[levels+l.first[q]+int(code)] = 1
		}
	}
	floats.Sub(z, s.mean)
	floats.Mul(z, s.inverse)
	if r.linearMask != nil {
		floats.Mul(z[:a], row(r.linearMask, i, a))
	}
	if r.normalMask != nil {
		floats.Mul(z[b:levels], row(r.normalMask, i, len(l.normals)))
	}
	for q := range l.counts {
		if math.IsNaN(z[a+q]) {
			z[a+q] = 0
		}
	}
	for q, code := range row(r.codes, i, len(l.tables)) {
		if code < 0 {
			clear(z[levels+l.first[q] : levels+l.first[q+1]])
		}
	}
}

// powerIterations is the number of products that direction makes.
const powerIterations = 20

// direction returns the direction in which the residuals of the class's rows vary most,
// about, and how much of their variance there is beyond 1.
func (s *residuals) direction(r run) (axis []float64, gain float64) {
	width := len(s.mean)
	axis = make([]float64, width)
	for j := range axis {
		// No symmetry of the data has such a vector at a right angle to all it has.
		axis[j] = 1 + math.Sin(float64(j+1)*float64(j+1))/2
	}
	var size float64
	next, z := make([]float64, width), make([]float64, width)
	for range powerIterations {
		floats.Scale(1/floats.Norm(axis, 2), axis)
		clear(next)
		for i := range s.data.n {
			if w := r.resp[i*r.k+s.c]; w > 1e-3*s.data.weightOf(i) {
				s.of(z, i)
				floats.AddScaled(next, w*floats.Dot(z, axis), z)
			}
		}
		axis, next = next, axis
		if size = floats.Norm(axis, 2); !(size > 0) || math.IsInf(size, 0) {
			return make([]float64, width), 0
		}
	}
	if size /= r.count[s.c]; size > 1 {
		gain = 1 - 1/size
	}
	return axis, gain
}
