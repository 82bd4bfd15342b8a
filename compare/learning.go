package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/results"
)

// Learning curves: the whole procedure, choices included, is made with growing shares of
// the rows, each containing the one before. All are judged by the same held-out rows.

// learningShares are those below all rows. leastLearning is the smallest number of rows
// of a share.
var learningShares = []float64{1. / 16, 1. / 8, 1. / 4, 1. / 2}

const leastLearning = 20

// learned is what one kind came to with some of the rows.
type learned struct {
	rows              int
	logProb           *eval.Result
	chosen, improving string
}

// checkLearning returns an error of usage where there is nothing to judge a curve by.
func (c *Settings) checkLearning(d *Data) error {
	switch {
	case !c.LearningCurve:
		return nil
	case c.Stream > 0:
		return usagef("{LearningCurve} with {Stream}: it is made of the rows in memory; leave one of them out")
	case d.Test == nil && d.Folds == nil:
		return usagef("{LearningCurve} without held-out rows: give a {Holdout}, {Folds} or {Test}")
	case len(d.shares()) == 0:
		return usagef("{LearningCurve} of %d rows: half of them are fewer than %d; give more rows, or leave it out", d.rows(), leastLearning)
	}
	return nil
}

// rows returns how many rows a fit sees at most, its validation rows among them.
func (d *Data) rows() int {
	if d.Folds != nil {
		n := d.prepared.Rows()
		return n - n/len(d.Folds)
	}
	return len(d.rest)
}

// shares returns those that have enough rows.
func (d *Data) shares() []float64 {
	var list []float64
	for _, s := range learningShares {
		if s*float64(d.rows()) >= leastLearning {
			list = append(list, s)
		}
	}
	return list
}

// partOf returns the first rows of a random order, a share of them, sorted; of two shares the
// larger contains the smaller. Rows of one group go together.
func partOf(rows *dataset.Dataset, share float64, seed uint64) []int {
	groups := rows.Groups
	if groups == nil {
		groups = make([]int, rows.Rows())
		for i := range groups {
			groups[i] = i
		}
	}
	members := dataset.Grouped(groups)
	random := rand.New(density.NewSource(seed, "comparison.learning curve"))
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	var out []int
	for _, one := range members {
		if float64(len(out)) >= math.Round(share*float64(rows.Rows())) {
			break
		}
		out = append(out, one...)
	}
	slices.Sort(out)
	return out
}

// cut returns the data with a share of the rows that are not held out.
func (d *Data) cut(c *Settings, share float64) (*Data, error) {
	out := *d
	out.Warnings = nil
	if d.Folds != nil {
		out.share = share // taken where a fold is
		return &out, nil
	}
	rest := d.prepared.Take(slices.Sorted(slices.Values(d.rest)))
	rest = rest.Take(partOf(rest, share, c.Seed))
	kept := 0.0
	if d.Valid != nil {
		kept = validShare(rest.Rows(), c.Valid)
	}
	if err := out.fitTo(c, rest, kept); err != nil {
		return nil, err
	}
	out.Test = out.part(d.Test.Dataset)
	return &out, nil
}

// fitTo makes rows those that are trained on and, a share of them, chosen by.
func (d *Data) fitTo(c *Settings, rows *dataset.Dataset, kept float64) error {
	train, valid, _ := rows.Split(0, kept, c.Seed)
	err := train.Check()
	if err == nil {
		d.Preparation.Transform, err = transform(c, train)
	}
	if err != nil {
		return err
	}
	d.Train, d.Valid = d.part(train), d.part(valid)
	return nil
}

// learn makes the procedure of one kind with each share. One that fails is a warning.
func (j *Job) learn(ctx context.Context, e *evaluation, fit *Fit, d *Data) error {
	if e.test.logProb == nil {
		return nil
	}
	for _, share := range d.shares() {
		one, err := j.learnOne(ctx, fit.Kind, d, share)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			e.warnf("the learning curve lacks a share of %.3g of the rows: %s", share, density.ErrorIn(err, j.spelling()))
			continue
		}
		e.learned = append(e.learned, *one)
	}
	all := learned{rows: d.rows(), logProb: e.test.logProb}
	if fit.Search != nil {
		all.chosen, all.improving = fit.Search.Chosen, fit.Search.Improving
	}
	e.learned = append(e.learned, all)
	return nil
}

// learnOne makes it with one share.
func (j *Job) learnOne(ctx context.Context, k Kind, d *Data, share float64) (*learned, error) {
	job := *j
	job.share = share
	some, err := d.cut(&j.Settings, share)
	if err != nil {
		return nil, err
	}
	out := &learned{rows: int(math.Round(share * float64(d.rows())))}
	job.label = fmt.Sprintf("learning curve, %d rows: ", out.rows)
	if d.Folds != nil {
		c, err := job.cross(ctx, k, some)
		if err != nil {
			return nil, err
		}
		out.logProb, out.improving = c.test.logProb, c.improving
		return out, nil
	}
	out.rows = some.Train.Rows()
	if some.Valid != nil {
		out.rows += some.Valid.Rows()
	}
	fit, err := job.fitOrResume(ctx, k, some)
	if err != nil {
		return nil, err
	}
	if fit.Search != nil {
		out.chosen, out.improving = fit.Search.Chosen, fit.Search.Improving
	}
	m, err := job.measure(ctx, fit, some.Test.Head(j.Settings.EvalRows), "test")
	out.logProb = m.logProb
	return out, err
}

// learningPairs compares every two models at each number of rows at which both have a
// number.
func learningPairs(evaluations []*evaluation) ([]results.LearningPair, error) {
	var list []results.LearningPair
	for i, a := range evaluations {
		for _, b := range evaluations[i+1:] {
			for _, one := range a.learned {
				at := slices.IndexFunc(b.learned, func(l learned) bool { return l.rows == one.rows })
				if at < 0 {
					continue
				}
				other := b.learned[at]
				d, err := eval.Compare(one.logProb, other.logProb)
				if err != nil {
					return nil, err
				}
				if results.Optional(d.Mean) == nil {
					continue // a row of density 0
				}
				p := results.LearningPair{A: a.name, B: b.name, RowsFitted: one.rows, Diff: d.Mean, SE: results.Optional(d.StdErr())}
				if d.Significant() && a.comparable() && b.comparable() {
					winner, loser := a.name, other.improving
					if math.Signbit(d.Mean) {
						winner, loser = b.name, one.improving
					}
					if p.Better = winner; loser != "" {
						p.SoFar, p.Better = winner, ""
					}
				}
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// learning turns a curve into an entry of results.json.
func learning(list []learned) []results.LearningPoint {
	var out []results.LearningPoint
	for _, one := range list {
		e := one.logProb.Estimate()
		out = append(out, results.LearningPoint{RowsFitted: one.rows, Nats: results.Optional(e.Value),
			SE: results.Optional(e.StdErr()), Chosen: one.chosen, Improving: one.improving})
	}
	return out
}
