package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval/novelty"
	"likely/vae"
)

// NoveltyResult says how new rows drawn from the models are, beside the same
// statistics of rows that are known to be new or copied. Distances are those of
// the columns as the models see them.
type NoveltyResult struct {
	// Rows is the number of rows in each set, RowsTrain the number of training
	// rows that they are compared with, the first ones, and RowsHeld that of the
	// test rows, the first half.
	Rows      int          `json:"rows"`
	RowsTrain int          `json:"rows_train"`
	RowsHeld  int          `json:"rows_held"`
	Sets      []NoveltySet `json:"sets"`
}

// NoveltySet holds the statistics of one set of rows.
type NoveltySet struct {
	Name string `json:"name"`
	// Control is true for rows that no model made.
	Control bool `json:"control"`
	// Copying is C_T (Meehan et al. 2020): far below 0 the rows are nearer to
	// training rows than held-out rows are; absent where cells are too small.
	Copying *float64 `json:"copying_z,omitempty"`
	// Hull is the mean distance from the convex hull of the ten nearest
	// training rows.
	Hull float64 `json:"hull_distance"`
	// Different is the share of cells of the training rows with more or fewer
	// rows than their share (NDB/k); 0.05 of them are so by chance.
	Different float64 `json:"bins_different_share"`
	// Coverage is the share of held-out rows with one of these rows nearby,
	// and Density how many of them a row is near to, in the mean.
	Coverage float64 `json:"coverage"`
	Density  float64 `json:"density"`
}

const (
	noveltyTrain = 10000 // training rows that are looked at, at most
	noveltyRows  = 1000  // rows of a set, at most
	noveltyLeast = 40    // test rows that it takes
	noveltyNear  = 10    // nearest training rows, of which a row may be a mixture
)

// checkNovelty returns an error if novelty was asked for and cannot be measured.
func (d *Data) checkNovelty(c *Config) error {
	if c.Novelty && (d.Test == nil || d.Test.Rows() < noveltyLeast || c.Missing) {
		return usagef("--eval-novelty needs at least %d test rows without missing values; hold out more, or leave it out", noveltyLeast)
	}
	return nil
}

// novelty measures whether the models repeat or mix their training rows. The test
// rows are halved: one half is what the sets are compared with, the other a set.
func (j *Job) novelty(ctx context.Context, fits []*Fit, d *Data) (*NoveltyResult, error) {
	if !j.Config.Novelty {
		return nil, nil
	}
	half := d.Test.Rows() / 2
	held, other := density.Rows(d.Test.Model, 0, half), density.Rows(d.Test.Model, half, d.Test.Rows())
	train := density.Rows(d.Train.Model, 0, min(d.Train.Rows(), noveltyTrain))
	seed := j.Config.Seed
	n := min(d.Test.Rows()-half, noveltyRows)
	r := &NoveltyResult{Rows: n, RowsHeld: half}
	r.RowsTrain, _ = train.Dims()
	var sets []novelty.Control
	models := 0
	for _, fit := range fits {
		m, ok := fit.Model.Fitted.(density.Model)
		if _, none := fit.Model.Fitted.(*vae.Autoencoder); none || !ok {
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

func measureNovelty(ctx context.Context, train, held, rows *mat.Dense, seed uint64) (NoveltySet, error) {
	var s NoveltySet
	n, _ := train.Dims()
	cells := max(min(n/100, 10), 1)
	source := func(what string) rand.Source { return density.NewSource(seed, "comparison.novelty "+what) }
	copied, err := novelty.Copying(ctx, train, held, rows, cells, source("cells"))
	switch {
	case err == nil:
		s.Copying = finite(copied.Statistic)
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

// write adds the table to the text, with how to read it.
func (r *NoveltyResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "\ndoes a model only repeat or mix its training rows? %d rows drawn from each, beside rows of which that is known:\n", r.Rows)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  rows\tcopying C_T\tdistance from mixtures\tbins that differ\tcoverage")
	for _, s := range r.Sets {
		name := s.Name
		if s.Control {
			name = "(" + name + ")"
		}
		fmt.Fprintf(t, "  %s\t%s\t%.3g\t%.0f %%\t%.0f %%\n", name, optional(s.Copying, "%.1f"), s.Hull, 100*s.Different, 100*s.Coverage)
	}
	t.Flush()
	b.WriteString("C_T far below 0: nearer to training rows than held-out rows are, so copied; far above 0: too far off. The distance\nis from the nearest mixture of ten neighbouring training rows: 0 is a mixture. 5 % of the bins differ by chance.\nCoverage is the share of held-out rows with a drawn row nearby. Compare with the rows in brackets.\n")
}
