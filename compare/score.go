package compare

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/saved"
)

// ErrNoDensity reports a question about log p(x) to a model without one.
var ErrNoDensity = errors.New("a plain autoencoder has no density")

// Score returns log p(x) of each row of d (in original units, levels as they
// are) under a saved model, in nats of the original data: in closed form where
// there is one, else by importance sampling with the given number of draws a
// row.
func Score(ctx context.Context, m *saved.Model, d *dataset.Dataset, samples int, seed uint64) (*eval.Result, error) {
	prepared, err := m.Preparation.Prepare(d)
	if err != nil {
		return nil, err
	}
	if !m.Preparation.Missing && m.Preparation.Types != nil && prepared.Missing() > 0 { // levels that are not known
		gaps := *m
		gaps.Preparation.Missing = true
		m = &gaps
	}
	model, proposal, err := evaluableModel(m)
	if err != nil {
		return nil, err
	}
	result, err := logProbOf(ctx, m, model, proposal, m.Preparation.Transform.Apply(nil, prepared.X), eval.Settings{
		Samples: samples, Seed: seed, Where: func(row int) string { return d.Where(row, -1) },
	})
	if err == nil {
		result.Warnings = append(result.Warnings, vanished(d, result)...)
	}
	return result, err
}

// vanished returns a warning where log p of rows is infinite, which no number of the
// model's family is: what is far away is too far for the arithmetic.
func vanished(d *dataset.Dataset, r *eval.Result) []string {
	var rows []int
	for i, v := range r.LogProb {
		if math.IsInf(v, 0) {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	others := ""
	if more := len(rows) - 1; more > 0 {
		others = fmt.Sprintf(" (and %d more)", more)
	}
	return []string{fmt.Sprintf("%s%s: log p is %v: it lies where the model has no density that a number holds; look at the row, or leave it out", d.Where(rows[0], -1), others, r.LogProb[rows[0]])}
}

// logProbOf scores rows in model space under a model that stands for the saved one, and
// shifts the result to the units of the data.
func logProbOf(ctx context.Context, m *saved.Model, model density.Model, proposal density.Proposal, x *mat.Dense, s eval.Settings) (*eval.Result, error) {
	s.Measure = m.Preparation.Measure
	result, err := eval.LogProb(ctx, model, proposal, x, s)
	if err != nil {
		return nil, err
	}
	result.Shift(m.Preparation.Transform.LogJacobian())
	return result, nil
}

// evaluableModel returns the model as eval wants it: in closed form where there is
// one, else with the proposal to draw codes from.
func evaluableModel(m *saved.Model) (density.Model, density.Proposal, error) {
	switch f := m.Fitted.(type) {
	case evaluable:
		model, proposal, err := f.Evaluable()
		if err != nil {
			return nil, nil, err
		}
		if proposal == nil {
			if o, ok := model.(observable); ok && m.Preparation.Missing {
				return o.Observed(), nil, nil
			}
			return model, nil, nil
		}
		return model, elbo.Adaptive(model.(density.Latent), proposal), nil
	case observable:
		if m.Preparation.Missing {
			return f.Observed(), nil, nil
		}
	}
	if model, ok := m.Fitted.(density.Model); ok {
		return model, nil, nil
	}
	return nil, nil, fmt.Errorf("model %s: %w; score a model that has one, such as gmm or vae", m.Name, ErrNoDensity)
}

// WriteScores writes a CSV line per row: its number from 1, log p(x) in nats,
// the kind of that number, its Monte Carlo standard error and Pareto k̂ (empty
// where the number is exact).
func WriteScores(w io.Writer, r *eval.Result) error {
	c := csv.NewWriter(w)
	c.Write([]string{"row", "log_prob", "kind", "se", "khat"})
	for i, v := range r.LogProb {
		se, khat := "", ""
		if r.Kind != density.ExactValue {
			se, khat = number(r.StdErr[i]), number(r.KHat[i])
		}
		c.Write([]string{strconv.Itoa(i + 1), number(v), r.Kind.String(), se, khat})
	}
	c.Flush()
	return c.Error()
}

// sampleBytes bounds the memory that a piece of samples takes, and sampleRows its
// rows.
const (
	sampleBytes = 1 << 30
	sampleRows  = 1 << 16
)

// Sample draws rows from a saved model, in the units of the data, and hands them to
// each in pieces, which it may not keep: any number of rows takes the memory of one
// piece. Dequantised data come back dequantised. The error is that of ctx or of each,
// or wraps ErrNoDensity.
func Sample(ctx context.Context, m *saved.Model, rows int, seed uint64, each func(x *mat.Dense) error) error {
	model, ok := m.Fitted.(density.Model)
	if !ok {
		return fmt.Errorf("model %s: %w to draw from; sample from a model that has one, such as gmm or vae", m.Name, ErrNoDensity)
	}
	most := max(1, min(sampleRows, sampleBytes/(8*model.Dim())))
	var x *mat.Dense
	for piece := 0; rows > 0; piece++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(rows, most)
		if x == nil || n != x.RawMatrix().Rows {
			x = mat.NewDense(n, model.Dim(), nil)
		}
		source := density.NewSource(seed, "comparison.sample")
		if piece > 0 {
			source = density.NewSource(seed, "comparison.sample", uint64(piece))
		}
		model.Rand(x, source)
		if err := each(m.Preparation.Transform.Invert(x, x)); err != nil {
			return err
		}
		rows -= n
	}
	return nil
}

// WriteSamples draws rows as Sample does and writes them as CSV, with the column
// names as header.
func WriteSamples(ctx context.Context, w io.Writer, m *saved.Model, rows int, seed uint64) error {
	c := csv.NewWriter(w)
	names := m.Preparation.Columns
	record := make([]string, len(names))
	err := Sample(ctx, m, rows, seed, func(x *mat.Dense) error {
		if names != nil { // not before there is something to write below them
			c.Write(names)
			names = nil
		}
		n, _ := x.Dims()
		for i := range n {
			for j, v := range x.RawRowView(i) {
				if levels := m.Preparation.Levels; levels != nil && levels[j] != nil {
					record[j] = levels[j][int(v)]
				} else {
					record[j] = number(v)
				}
			}
			if err := c.Write(record); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	})
	return err
}

// number formats v so that it reads back to the same bits; NaN is empty.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
