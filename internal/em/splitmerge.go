package em

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/internal/spread"
)

// moveCandidates is the number of split-and-merge moves that are tried in a round.
const moveCandidates = 6

// Move merges components A and B and splits component C in two.
type Move struct {
	A, B, C int
	score   float64
}

// Improve makes split-and-merge moves (Ueda, Nakano, Ghahramani & Hinton 2000) until
// none of the candidates of a round raises the objective, or the rounds run out.
// candidates names the moves of a run and follow makes one: a run without steps. Each
// is followed by EM, and the best is kept if the optimum it leads to is
// better, and no more doubtful. Improve returns the run it ends at and the
// iterations made; its error is that of ctx.
func Improve[R Run](ctx context.Context, best R, s Settings, candidates func(R) []Move, follow func(R, Move) (R, error)) (R, int, error) {
	iterations := 0
	for range s.Rounds {
		moves := candidates(best)
		runs, errs := make([]R, len(moves)), make([]error, len(moves))
		spread.Do(len(moves), func(i int) {
			if runs[i], errs[i] = follow(best, moves[i]); errs[i] == nil {
				errs[i] = try(ctx, runs[i], best.Path(), s)
			}
		})
		if ctx.Err() != nil {
			return best, 0, ctx.Err()
		}
		better := -1
		for i, next := range runs {
			if errs[i] != nil {
				continue // the move led to a collapse
			}
			iterations += next.Path().Steps - 1
			to := best
			if better >= 0 {
				to = runs[better]
			}
			if next.Doubt() <= to.Doubt() && next.Objective() > to.Objective()+10*s.Tolerance {
				better = i
			}
		}
		if better < 0 {
			break
		}
		best = runs[better]
	}
	return best, iterations, nil
}

// patience is how many iterations more than the run it left a move gets to come near
// its objective. Where the mixture is right as it is, a component that was split for
// nothing can creep along for thousands.
const patience = 20

// try runs EM after a move, as long as that promises more than the path it left.
func try(ctx context.Context, r Run, left *Path, s Settings) error {
	iterate := Iterations(r, s)
	for !ended(r, s) {
		if err := iterate(ctx); err != nil {
			return err
		}
		path := r.Path()
		i := len(path.Values) - 1
		if i >= len(left.Values)+patience && !(path.Values[i]+path.Rest() > left.Last()) {
			break
		}
	}
	return nil
}

// Moves returns the most promising moves: merging components that share their rows,
// by the cosine of their responsibilities, and splitting those that gain (length K)
// says are least like one component. It returns none for fewer than three.
func Moves(resp Responsibilities, gain []float64) []Move {
	k := resp.K
	if k < 3 {
		return nil
	}
	shared := make([]float64, k*k)
	for i := range resp.N {
		row := resp.R[i*k : (i+1)*k]
		for a, v := range row {
			if v != 0 {
				floats.AddScaled(shared[a*k:(a+1)*k], v, row)
			}
		}
	}
	var all []Move
	for a := range k {
		for b := range a {
			overlap := shared[a*k+b] / math.Sqrt(max(shared[a*k+a]*shared[b*k+b], math.SmallestNonzeroFloat64))
			for c := range k {
				if c != a && c != b {
					// The overlap decides first, as merging is the riskier half.
					all = append(all, Move{a, b, c, overlap + gain[c]})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(p, q Move) int {
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

// Apply sets the responsibilities of next, a run on the same rows, to those of r after
// the move. upper says on which side of C's middle row i lies.
func (m Move) Apply(next, r Responsibilities, upper func(i int) bool) {
	copy(next.R, r.R)
	for i := range r.N {
		row := next.R[i*r.K : (i+1)*r.K]
		row[m.A] += row[m.B]
		row[m.B] = 0
		if upper(i) {
			row[m.B], row[m.C] = row[m.C], 0
		}
	}
}
