package compare

import (
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
)

// division is rows to fit to, and rows left out to choose by.
type division struct{ train, held *Part }

const (
	// fewValid is the number of validation rows below which choices are made by folds
	// of the training rows instead.
	fewValid = 100
	// choiceFolds is the number of those.
	choiceFolds = 5
	// mostHeld is the largest number of validation rows that are looked at.
	mostHeld = 2000
)

// divisions returns how the training rows are divided for choosing: into the training
// and the validation rows or, where none are kept, into folds.
func (d *Data) divisions(c *Settings) []division {
	if d.Valid != nil {
		return []division{{d.Train, d.Valid.Head(mostHeld)}}
	}
	n := d.Train.Rows()
	var list []division
	for _, held := range dataset.Folds(n, min(choiceFolds, n), d.Train.Groups, c.Seed) {
		if train := dataset.Except(n, held); len(held) > 0 && len(train) > 1 {
			list = append(list, division{d.Train.take(train), d.Train.take(held)})
		}
	}
	return list
}

// take returns some rows.
func (p *Part) take(rows []int) *Part {
	x := mat.NewDense(len(rows), p.Dim(), nil)
	for to, from := range rows {
		x.SetRow(to, p.Model.RawRowView(from))
	}
	return &Part{Dataset: p.Dataset.Take(rows), Model: x}
}

// heldWeights returns how often each of the rows left out counts, division after
// division; nil: once.
func heldWeights(divisions []division) []float64 {
	var weights []float64
	for _, one := range divisions {
		weights = append(weights, one.held.Weights...)
	}
	return weights
}

// heldRows returns the number of rows left out in all.
func heldRows(divisions []division) int {
	n := 0
	for _, one := range divisions {
		n += one.held.Rows()
	}
	return n
}
