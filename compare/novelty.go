package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval/novelty"
	"likely/results"
)

const (
	noveltyTrain = 10000 // training rows that are looked at, at most
	noveltyRows  = 1000  // rows of a set, at most
	noveltyLeast = 40    // test rows that it takes
	noveltyNear  = 10    // nearest training rows, of which a row may be a mixture
)

// checkNovelty returns an error if novelty was asked for and cannot be measured.
func (d *Data) checkNovelty(c *Settings) error {
	if c.Novelty && (d.Test == nil || d.Test.Rows() < noveltyLeast || c.Missing) {
		return usagef("{Novelty} needs at least %d test rows without missing values; hold out more, or leave it out", noveltyLeast)
	}
	return nil
}

// novelty measures whether the models repeat or mix their training rows. The test
// rows are halved: one half is what the sets are compared with, the other a set.
func (j *Job) novelty(ctx context.Context, fits []*Fit, d *Data) (*results.Novelty, error) {
	if !j.Settings.Novelty {
		return nil, nil
	}
	half := d.Test.Rows() / 2
	held, other := density.Rows(d.Test.Model, 0, half), density.Rows(d.Test.Model, half, d.Test.Rows())
	train := density.Rows(d.Train.Model, 0, min(d.Train.Rows(), noveltyTrain))
	seed := j.Settings.Seed
	n := min(d.Test.Rows()-half, noveltyRows)
	r := &results.Novelty{Rows: n, RowsHeld: half}
	r.RowsTrain, _ = train.Dims()
	var sets []novelty.Control
	models := 0
	for _, fit := range fits {
		m, ok := fit.Model.Fitted.(density.Model)
		if !ok {
			continue // nothing can be drawn from it
		}
		x := mat.NewDense(n, m.Dim(), nil)
		m.Rand(x, density.NewSource(seed, "comparison.novelty "+fit.Model.Name))
		sets = append(sets, novelty.Control{Name: fit.Model.Name, Rows: x})
		models++
	}
	sets = append(sets, novelty.Controls(train, other, n, []float64{0.1, 0.5}, density.NewSource(seed, "comparison.novelty controls"))...)
	for i, set := range sets {
		j.step("how new samples are", i, len(sets), set.Name)
		one, err := measureNovelty(ctx, train, held, set.Rows, seed)
		if err != nil {
			return nil, fmt.Errorf("novelty of %s: %w", set.Name, err)
		}
		one.Name, one.Control = set.Name, i >= models
		r.Sets = append(r.Sets, one)
	}
	return r, nil
}

func measureNovelty(ctx context.Context, train, held, rows *mat.Dense, seed uint64) (results.NoveltySet, error) {
	var s results.NoveltySet
	n, _ := train.Dims()
	cells := max(min(n/100, 10), 1)
	source := func(what string) rand.Source { return density.NewSource(seed, "comparison.novelty "+what) }
	copied, err := novelty.Copying(ctx, train, held, rows, cells, source("cells"))
	switch {
	case err == nil:
		s.Copying = results.Optional(copied.Statistic)
	case !errors.Is(err, novelty.ErrRows):
		return s, err
	}
	hull, err := novelty.Hull(ctx, rows, train, min(noveltyNear, n))
	if err != nil {
		return s, err
	}
	s.Hull = mean(hull)
	bins := max(min(n/20, 50), 2)
	shares, err := novelty.NewBins(ctx, train, rows, bins, source("bins"))
	if err != nil {
		return s, err
	}
	s.Different = float64(shares.Different) / float64(bins)
	quality, err := novelty.Coverage(ctx, held, rows, 5)
	if err != nil {
		return s, err
	}
	s.Coverage, s.Density = quality.Coverage, quality.Density
	return s, nil
}
