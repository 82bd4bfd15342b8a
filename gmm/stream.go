package gmm

import (
	"context"
	"fmt"
	"math"

	"likely/density"
)

// FitStream fits a mixture to rows that are read once an iteration, by the EM of
// [Fit] from the parameters of start (a fit to a sample of the rows, for example);
// up to rounding the result is that of Fit with From(start) and Plain, but that columns
// with rows far out have their variance for the scale of the floor. Memory does not grow
// with the number of rows: it holds a chunk of them and the moments, K·D numbers for
// families whose axes are the columns and K·D² for others.
//
// Weights come with the rows, if these are [WeightedRows]. Settings.Missing and Prior
// are those of Fit; with a Prior that has no Scale the rows are read once more. With
// missing values the cost is that of rows in memory. Settings.Components, Start and
// Starts are not used; Weights, Labels and SplitMerge are an error that wraps
// [ErrSettings].
func FitStream(ctx context.Context, rows Rows, start *Model, s Settings) (*Model, *Report, error) {
	if ctx == nil {
		return nil, nil, errNoContext()
	}
	if s.Weights != nil {
		return nil, nil, density.SettingErrorf(ErrSettings, "gmm: {Weights} for a stream: {err}; give the weights with the rows, by NextWeighted")
	}
	if s.Labels != nil || s.SplitMerge > 0 {
		return nil, nil, density.SettingErrorf(ErrSettings, "gmm: a stream with {Labels} or {SplitMerge}: {err}; fit rows in memory for those")
	}
	s.Components = start.k
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	if rows.Dim() != start.d {
		return nil, nil, fmt.Errorf("gmm: a start in %d columns for rows of %d: %w", start.d, rows.Dim(), ErrSettings)
	}
	e, err := newStream(ctx, rows, start, s)
	if err != nil {
		return nil, nil, err
	}
	for !e.Done() && len(e.path.Values) <= s.Iterations {
		if err := e.step(ctx); err != nil {
			return nil, nil, err
		}
		if s.Progress != nil {
			s.Progress(0, len(e.path.Values)-1, e.LogLik())
		}
	}
	report := &Report{StartLogLik: []float64{e.LogLik()}, TotalIterations: len(e.path.Values) - 1}
	e.order()
	report.examine(&e.EM)
	for i := range report.History {
		report.History[i] += e.shift()
	}
	return e.Model(), report, nil
}

// stream is a run of EM over rows that are not in memory.
type stream struct {
	EM
	rows    Rows
	count   int       // of rows with a positive weight, and a value
	missing bool      // whether values may be missing
	lacks   bool      // whether some are
	next    *passSums // of the last pass, for the next M-step
}

// newStream reads the rows once for their number and the scale of their columns,
// and once for the moments under start.
func newStream(ctx context.Context, rows Rows, start *Model, s Settings) (*stream, error) {
	columns := newColumnMoments(start.d)
	err := eachChunk(ctx, rows, s.Missing, func(c *chunk) error { return columns.add(c, s.Missing) })
	if err != nil {
		return nil, err
	}
	_, weighted := rows.(WeightedRows)
	switch {
	case columns.rows == 0 && weighted:
		return nil, errNoWeight()
	case columns.rows == 0:
		return nil, errNoRows()
	case math.IsInf(columns.total, 0):
		return nil, errWeightSum()
	}
	scale, transform, jacobian, err := columns.scale(!s.Covariance.scales())
	if err != nil {
		return nil, err
	}
	prior, err := s.Prior.scaled(transform, start.k, func() ([]float64, error) {
		var all comoments
		err := eachChunk(ctx, rows, s.Missing, func(c *chunk) error {
			all.add(scaledChunk(c, transform))
			return nil
		})
		return all.covariance(), err
	})
	if err != nil {
		return nil, err
	}
	scaled := &scaledRows{d: start.d, total: columns.total, columns: scale, transform: transform, jacobian: jacobian}
	e := &stream{EM: *newRun(scaled, s, prior), rows: rows, count: columns.rows, missing: s.Missing, lacks: columns.lacks}
	copy(e.logWeight, start.logWeight)
	inverse := make([]float64, e.d)
	for j, v := range transform.Scale {
		inverse[j] = 1 / v
	}
	for k := range e.k {
		for j, v := range start.mean(k) {
			e.moments.mean[k*e.d+j] = (v - transform.Shift[j]) * inverse[j]
		}
	}
	if e.shapes, err = start.shapes.rescaled(inverse); err != nil {
		return nil, err
	}
	// Moments about points that are far from all rows would lose their digits.
	about := make([]float64, len(e.moments.mean))
	for i, v := range e.moments.mean {
		j := i % e.d
		about[i] = min(max(v, (columns.least[j]-transform.Shift[j])*inverse[j]), (columns.most[j]-transform.Shift[j])*inverse[j])
	}
	if _, err := e.pass(ctx, about); err != nil {
		return nil, err
	}
	if start.Family().String() != s.Covariance.String() {
		e.shapes = nil // which no M-step can go on from
	}
	return e, nil
}

func errNoRows() error { return fmt.Errorf("gmm: no rows: %w", ErrTooFewRows) }

// scaledChunk returns the rows of a chunk, which it overwrites, as EM sees them.
func scaledChunk(c *chunk, t density.Transform) *scaledRows {
	n, d := c.x.Dims()
	s := &scaledRows{n: n, d: d, weight: c.weight}
	if patterns, lacks := patternsOf(n, d, c.x.At); lacks {
		s.patterns = patterns
	}
	t.Apply(c.x, c.x)
	s.x = c.x.RawMatrix().Data
	s.fillGaps()
	return s
}

// step is an M-step from the moments of the pass before and a pass over the rows.
func (e *stream) step(ctx context.Context) error {
	e.moments.ctx = ctx
	e.next.moments(&e.moments)
	if err := e.solve(); err != nil {
		return err
	}
	value, err := e.pass(ctx, e.moments.mean)
	if err != nil {
		return err
	}
	e.logLik = value
	prior, err := e.moments.prior.logDensity(e.logWeight, e.moments.mean, e.shapes)
	if err != nil {
		return err
	}
	e.reach(value + prior/e.moments.total)
	return nil
}
