package query

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/lcm"
	"likely/saved"
	"likely/vae"
)

// ErrNoAnswer reports a question that a model cannot answer.
var ErrNoAnswer = errors.New("the model does not answer this")

// Settings says how to answer.
type Settings struct {
	// Draws is the number of draws of the code for each row, where there is no closed
	// form; 0: 1000. Seed is what they derive from.
	Draws int
	Seed  uint64
	// Progress, if not nil, is told how many rows are done. Calls may be concurrent.
	Progress func(done, total int)
}

// Model is a saved model that answers. Its methods may be called concurrently.
type Model struct {
	of     *saved.Model
	exact  exact
	latent *latent
}

// New returns a model that answers; a kind of model that does not is an error that wraps
// [ErrNoAnswer].
func New(m *saved.Model, s Settings) (*Model, error) {
	if s.Draws == 0 {
		s.Draws = 1000
	}
	out := &Model{of: m}
	switch f := m.Fitted.(type) {
	case *gmm.Model:
		out.exact = gaussians{f}
	case *lcm.Model:
		out.exact = classes{f}
	case *vae.Model:
		out.latent = &latent{f, s}
		if marginal, ok, err := f.Marginal(); ok && err == nil {
			out.exact = gaussians{marginal}
		}
	default:
		return nil, fmt.Errorf("model %s: %w; ask a mixture (gaussian, gmm, independent, lcm) or a vae", m.Name, ErrNoAnswer)
	}
	return out, nil
}

// Exact reports whether answers are closed forms.
func (m *Model) Exact() bool { return m.exact != nil }

// Options are those to read rows with: values may be missing, and so may columns.
func (m *Model) Options() dataset.Options {
	p := &m.of.Preparation
	return dataset.Options{Missing: true, MissingValues: p.MissingValues, Like: p.Schema(), AbsentMissing: true}
}

// Rows returns the rows of d, read with [Model.Options], as the model sees them (N×D,
// NaN for what is not known).
func (m *Model) Rows(d *dataset.Dataset) (*mat.Dense, error) {
	prepared, err := m.of.Preparation.Prepare(d)
	if err != nil {
		return nil, err
	}
	return m.of.Preparation.Transform.Apply(nil, prepared.X), nil
}

// Index returns the number of a column, from 0, by its name or its number from 1. An
// unknown one is an error that wraps dataset.ErrColumn.
func (m *Model) Index(name string) (int, error) { return m.of.Preparation.Schema().Index(name) }

// Column returns the distribution of column j for each of the rows (N×D, as from
// [Model.Rows]) given what is known of the others, in the units of the data. What a row
// has in column j counts for nothing. Without a closed form a row takes the memory of all
// its draws: [Model.EachColumn] holds few of them at a time.
func (m *Model) Column(ctx context.Context, rows *mat.Dense, j int) ([]Column, error) {
	var out []Column
	err := m.EachColumn(ctx, rows, j, func(_ int, columns []Column) error {
		out = append(out, columns...)
		return nil
	})
	return out, err
}

// block is the number of rows that are held at once.
const block = 256

// EachColumn calls f with what [Model.Column] returns for some rows at a time, and the
// number of the first of them, from 0. An error of f ends it.
func (m *Model) EachColumn(ctx context.Context, rows *mat.Dense, j int, f func(from int, columns []Column) error) error {
	t := m.of.Preparation.Transform
	n, _ := rows.Dims()
	for from := 0; from < n; from += block {
		if err := ctx.Err(); err != nil {
			return err
		}
		columns, err := m.some(ctx, density.Rows(rows, from, min(from+block, n)), j, from/block)
		if err != nil {
			return err
		}
		for i := range columns {
			columns[i].shift, columns[i].scale, columns[i].levels = t.Shift[j], t.Scale[j], m.levels(j)
		}
		if err := f(from, columns); err != nil {
			return err
		}
	}
	return nil
}

// some answers for the rows of a block.
func (m *Model) some(ctx context.Context, rows *mat.Dense, j, number int) ([]Column, error) {
	if m.exact != nil {
		return m.exact.given(rows, j), nil
	}
	l := *m.latent
	if number > 0 {
		l.Seed = density.NewSource(l.Seed, "query.block", uint64(number)).Uint64()
	}
	return l.given(ctx, rows, j)
}

// levels returns the names of the levels of a categorical column; nil for others.
func (m *Model) levels(j int) []string {
	if levels := m.of.Preparation.Levels; levels != nil {
		return levels[j]
	}
	return nil
}

// Assignment says to what rows belong: the responsibilities of the components (N×K) or,
// where the code is continuous, mean and standard deviation of p(z|x) (N×L).
type Assignment struct {
	Responsibilities *mat.Dense
	Mean, StdDev     *mat.Dense
}

// Assign returns to what the rows belong, given what is known of them.
func (m *Model) Assign(ctx context.Context, rows *mat.Dense) (*Assignment, error) {
	if m.latent == nil {
		return &Assignment{Responsibilities: m.exact.responsibilities(rows)}, ctx.Err()
	}
	n, _ := rows.Dims()
	l := m.latent.LatentDim()
	a := &Assignment{Mean: mat.NewDense(n, l, nil), StdDev: mat.NewDense(n, l, nil)}
	err := m.latent.posteriors(ctx, rows, func(i int, p posterior) {
		for j := range l {
			var mean, square float64
			for k, w := range p.weights {
				mean += w * p.codes.At(k, j)
			}
			for k, w := range p.weights {
				e := p.codes.At(k, j) - mean
				square += w * e * e
			}
			a.Mean.Set(i, j, mean)
			a.StdDev.Set(i, j, math.Sqrt(square))
		}
	})
	return a, err
}

// Impute returns the rows in the units of the data with what they lack filled in by its
// expectation, or for categories by the most probable one.
func (m *Model) Impute(ctx context.Context, rows *mat.Dense) (*mat.Dense, error) {
	if m.exact != nil {
		return m.units(m.exact.expect(rows)), ctx.Err()
	}
	out, err := m.latent.complete(ctx, rows, nil)
	return m.units(out), err
}

// Draw is [Model.Impute] with a draw from the joint distribution of what a row lacks, the
// one of that number (from 0) that the seed gives.
func (m *Model) Draw(ctx context.Context, rows *mat.Dense, seed uint64, number int) (*mat.Dense, error) {
	stream := density.NewSource(seed, "query.impute", uint64(number))
	if m.exact != nil {
		return m.units(m.exact.draw(rows, stream)), ctx.Err()
	}
	own := stream.Uint64()
	out, err := m.latent.complete(ctx, rows, &own)
	return m.units(out), err
}

// units takes rows from model space to the units of the data.
func (m *Model) units(x *mat.Dense) *mat.Dense {
	if x == nil {
		return nil
	}
	return m.of.Preparation.Transform.Invert(x, x)
}
