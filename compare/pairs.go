package compare

import (
	"math"

	"likely/dataset"
	"likely/eval"
	"likely/results"
)

// pairs compares every two densities on the test rows, row by row.
func pairs(evaluations []*evaluation) ([]results.Pair, error) {
	list := []results.Pair{}
	for i, a := range evaluations {
		for _, b := range evaluations[i+1:] {
			if a.test.logProb == nil || b.test.logProb == nil {
				continue
			}
			diff, err := eval.Compare(a.test.logProb, b.test.logProb)
			if err != nil {
				return nil, err
			}
			if results.Optional(diff.Mean) == nil {
				continue // a row of density 0, which a warning names
			}
			p := results.Pair{A: a.name, B: b.name, Diff: diff.Mean, Rows: diff.Rows}
			if training, fits := trainingErrorOf(a, b); fits > 1 {
				diff.TrainErr, diff.Fits = training, fits
				p.SETraining = &training
			}
			p.SE, p.Needed = results.Optional(diff.StdErr()), results.Optional(diff.Needed())
			p.Freedom = results.Optional(diff.DegreesOfFreedom())
			p.Groups = len(dataset.Grouped(a.test.logProb.Groups))
			if diff.Significant() && a.comparable() && b.comparable() {
				if p.Better = a.name; math.Signbit(diff.Mean) {
					p.Better = b.name
				}
			}
			list = append(list, p)
		}
	}
	return list, nil
}

// comparable reports whether the number means something beside others: it does not where
// it depends on a scale that the data do not resolve.
func (e *evaluation) comparable() bool { return e.scale == nil || !e.scale.Dependent }
