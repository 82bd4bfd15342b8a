package gmm

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/internal/em"
)

// moves returns the most promising moves: splitting is for components that are least like
// a Gaussian, by the excess of log-likelihood that two halves would have.
func (r run) moves() []em.Move {
	gain := make([]float64, r.k)
	if r.k > 2 {
		for c := range gain {
			gain[c] = r.splitGain(c)
		}
	}
	return em.Moves(r.Responsibilities(), gain)
}

// follow returns a run that begins with the responsibilities after a move.
func (r run) follow(m em.Move, s Settings) (run, error) {
	next, err := newEM(r.scaled, s)
	if err != nil {
		return run{}, err
	}
	axis := r.axis(m.C)
	m.Apply(run{next}.Responsibilities(), r.Responsibilities(), func(i int) bool { return r.side(i, m.C, axis) > 0 })
	copy(next.moments.mean, r.moments.mean)
	next.given = r.shapes
	return run{next}, nil
}

// axis returns the direction in which component c is widest.
func (e *EM) axis(c int) []float64 {
	if e.d > mostDense {
		axis, _ := dominant(e.d, func(v []float64) []float64 { return e.shapes.times(c, v) })
		return axis
	}
	sigma := mat.NewSymDense(e.d, nil)
	for i := range e.d {
		for j := range i + 1 {
			sigma.SetSym(i, j, e.shapes.at(c, i, j))
		}
	}
	_, vectors, err := eigen([]*mat.SymDense{sigma})
	if err != nil {
		return make([]float64, e.d)
	}
	return mat.Col(nil, e.d-1, vectors[0])
}

// side returns how far row i lies from the mean of component c along an axis.
func (e *EM) side(i, c int, axis []float64) float64 {
	var sum float64
	for j, v := range e.scaled.row(i) {
		sum += (v - e.moments.mean[c*e.d+j]) * axis[j]
	}
	return sum
}

// splitGain returns how much of the variance along its axis the halves of component
// c explain, less the share 2/π that they explain of a Gaussian's, weighted by its
// rows.
func (e *EM) splitGain(c int) float64 {
	axis := e.axis(c)
	var count, square, distance float64
	for i := range e.moments.n {
		r := e.moments.resp[i*e.k+c]
		s := e.side(i, c, axis)
		count += r
		square += r * s * s
		distance += r * math.Abs(s)
	}
	if !(square > 0) {
		return 0
	}
	return distance*distance/(count*square) - 2/math.Pi
}
