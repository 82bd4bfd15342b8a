package gmm

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// moveCandidates is the number of split-and-merge moves that are tried in a round.
const moveCandidates = 6

// move merges components a and b and splits component c in two.
type move struct {
	a, b, c int
	score   float64
}

// improve makes split-and-merge moves (Ueda, Nakano, Ghahramani & Hinton 2000) until
// none of the candidates of a round raises the objective, or the rounds run out. Each
// candidate is followed by EM, and the best is kept if the optimum it leads to is
// better, and no more doubtful. It returns the run it ends at and the
// iterations made.
func improve(ctx context.Context, e *EM, s Settings) (*EM, int, error) {
	iterations := 0
	for range s.SplitMerge {
		moves := e.moves()
		runs, errs := make([]*EM, len(moves)), make([]error, len(moves))
		forEach(len(moves), func(i int) { runs[i], errs[i] = e.follow(ctx, moves[i], s) })
		if ctx.Err() != nil {
			return nil, 0, fmt.Errorf("gmm: %w", ctx.Err())
		}
		best := e
		for i, next := range runs {
			if errs[i] != nil {
				continue // the move led to a collapse
			}
			iterations += next.steps - 1
			doubt := next.doubt()
			if doubt <= best.doubt() && next.Objective() > best.Objective()+10*e.tolerance && next.better(best, doubt) {
				best = next
			}
		}
		if best == e {
			break
		}
		e = best
	}
	return e, iterations, nil
}

// patience is how many iterations more than the run it left a move gets to come near
// its objective. Where the mixture is right as it is, a component that was split for
// nothing can creep along for thousands.
const patience = 20

// follow makes a move and runs EM from there, as long as that promises something.
func (e *EM) follow(ctx context.Context, m move, s Settings) (*EM, error) {
	next, err := newEM(e.scaled, s)
	if err != nil {
		return nil, err
	}
	e.apply(m, next)
	iterate := next.iterations(s)
	for !next.ended(s) {
		if err := iterate(ctx); err != nil {
			return nil, err
		}
		i := len(next.history) - 1
		if i >= len(e.history)+patience && !(next.history[i]+next.rest() > e.history[len(e.history)-1]) {
			break
		}
	}
	return next, nil
}

// moves returns the most promising moves: merging components that share their rows,
// by the cosine of their responsibilities, and splitting those that are least like
// a Gaussian, by the excess of log-likelihood that two halves would have.
func (e *EM) moves() []move {
	k, m := e.k, &e.moments
	if k < 3 {
		return nil
	}
	shared := make([]float64, k*k)
	for i := range m.n {
		row := m.resp[i*k : (i+1)*k]
		for a, v := range row {
			if v != 0 {
				floats.AddScaled(shared[a*k:(a+1)*k], v, row)
			}
		}
	}
	gain := make([]float64, k)
	for c := range k {
		gain[c] = e.splitGain(c)
	}
	var all []move
	for a := range k {
		for b := range a {
			overlap := shared[a*k+b] / math.Sqrt(max(shared[a*k+a]*shared[b*k+b], math.SmallestNonzeroFloat64))
			for c := range k {
				if c != a && c != b {
					// The overlap decides first, as merging is the riskier half.
					all = append(all, move{a, b, c, overlap + gain[c]})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(p, q move) int {
		switch {
		case p.score > q.score:
			return -1
		case p.score < q.score:
			return 1
		}
		return 0
	})
	return all[:min(moveCandidates, len(all))]
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

// apply sets the responsibilities of next to those of e after a move.
func (e *EM) apply(m move, next *EM) {
	axis := e.axis(m.c)
	copy(next.moments.resp, e.moments.resp)
	for i := range e.moments.n {
		row := next.moments.resp[i*e.k : (i+1)*e.k]
		row[m.a] += row[m.b]
		row[m.b] = 0
		if e.side(i, m.c, axis) > 0 {
			row[m.b], row[m.c] = row[m.c], 0
		}
	}
	copy(next.moments.mean, e.moments.mean)
	next.given = e.shapes
}
