package search

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// halve takes the candidates of a round through successive halving. All are trained up
// to the same number of passes and scored; the better half goes on to twice as many; and
// so on. What the rounds before chose is one of the field, with the scores that it had
// after as many passes. The first round settles after how many passes comparisons are
// made: what its share of the budget has room for.
func (r *run[S]) halve(ctx context.Context, trials []*Trial[S]) error {
	field, holder := slices.Clone(trials), r.holder()
	if holder != nil {
		field = append(field, holder)
	}
	allowed := r.left() / float64(r.rounds)
	r.rounds = max(r.rounds-1, 1)
	if r.first == 0 {
		r.first = firstPasses(trials, allowed, r.MostPasses)
	} else if last := max(r.last, r.first*math.Exp2(comparisonsOf(len(field)))); workOf(trials, r.first, last) > r.left() {
		r.found.Exhausted = true
		return nil
	}
	for passes := r.first; ; passes *= 2 {
		if r.MostPasses > 0 {
			passes = min(passes, r.MostPasses)
		}
		r.last = max(r.last, passes)
		for _, t := range field {
			if err := r.reach(ctx, t, passes); err != nil {
				return err
			}
		}
		field = slices.DeleteFunc(field, func(t *Trial[S]) bool { return t.Status == Failed })
		if len(field) <= 2 && passes >= r.last || allDone(field) {
			return nil
		}
		slices.SortStableFunc(field, func(a, b *Trial[S]) int {
			x, y := a.after(passes), b.after(passes)
			if x.Sound != y.Sound {
				return map[bool]int{true: -1, false: 1}[x.Sound]
			}
			return cmp.Compare(mean(y.Scores, r.Weights), mean(x.Scores, r.Weights))
		})
		half := (len(field) + 1) / 2
		for _, t := range field[half:] {
			if t == holder && t.made > passes {
				continue // it went farther, and is compared at the end
			}
			t.Status = Behind
			t.Gap, t.GapErr = Difference(field[0].after(passes).Scores, t.after(passes).Scores, r.Weights)
			t.Fit.Close()
		}
		field = field[:half]
	}
}

// reach takes a trial to so many passes, unless it was there.
func (r *run[S]) reach(ctx context.Context, t *Trial[S], passes float64) error {
	if t.after(passes) != nil {
		return nil
	}
	return r.advance(ctx, t, passes)
}

// after returns the comparison that a trial was in when it was asked for so many passes,
// or the last one where it is done before; nil where there was none.
func (t *Trial[S]) after(passes float64) *step {
	for _, one := range t.steps {
		if one.Asked == passes {
			return one
		}
	}
	if n := len(t.steps); n > 0 && t.done && t.steps[n-1].Asked < passes {
		return t.steps[n-1]
	}
	return nil
}

// holder returns the trial that the rule takes so far, or nil.
func (r *run[S]) holder() *Trial[S] {
	if len(r.scored()) == 0 || r.choose() != nil {
		return nil
	}
	return r.found.Winner()
}

// usualField is the size of a field that later rounds may have. The first comparison
// leaves room for it, however few candidates the first round has.
const usualField = 6

// firstPasses returns up to how many passes the first comparison is, if choosing among
// a field may take so much work: at least 1.
func firstPasses[S any](field []*Trial[S], allowed, most float64) float64 {
	comparisons := comparisonsOf(max(len(field), usualField))
	work := workOf(field, 1, math.Exp2(comparisons)) * max(usualField/float64(len(field)), 1)
	passes := math.Floor(allowed / work)
	if most > 0 {
		passes = min(passes, math.Floor(most/math.Exp2(comparisons)))
	}
	return max(passes, 1)
}

// comparisonsOf returns how often a field of n is halved before two are left.
func comparisonsOf(n int) float64 {
	return max(math.Ceil(math.Log2(float64(n)))-1, 0)
}

// workOf returns about how much work it is to halve newcomers from the first comparison
// to the last. With n at p passes, n/2 go on to 2p, n/4 to 4p …: each comparison after the
// first takes n/2 times p, and at least p doubled.
func workOf[S any](newcomers []*Trial[S], first, last float64) float64 {
	var total float64
	for _, t := range newcomers {
		total += t.Pass
	}
	work := total * first
	for at, left := first, float64(len(newcomers)); at < last; at *= 2 {
		left = max(left/2, 1)
		work += total / float64(len(newcomers)) * left * at
	}
	return work
}

func allDone[S any](field []*Trial[S]) bool {
	return !slices.ContainsFunc(field, func(t *Trial[S]) bool { return !t.done })
}
