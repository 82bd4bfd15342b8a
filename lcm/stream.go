package lcm

import (
	"context"
	"fmt"
	"math"

	"likely/density"
	"likely/internal/em"
	"likely/internal/spread"
)

// Rows is data that is read in chunks, such as a file larger than memory. It can be
// read from the beginning any number of times, with the same rows each time: Next fills
// the first rows of its argument and returns their number; the error is io.EOF after
// the last row, when the number is 0.
type Rows = em.Rows

// WeightedRows is Rows that says how often each of them counts, as Settings.Weights does
// for rows in memory. Rows of weight 0 are passed over, whatever they hold.
type WeightedRows = em.WeightedRows

// FitStream fits a mixture to rows that are read once an iteration, by the EM of [Fit]
// from the parameters of start (a fit to a sample of the rows, for example); up to
// rounding the result is that of Fit with From and Plain. Memory does not grow with the
// number of rows: it holds a chunk of them, and the distinct values of NegativeBinomial
// columns.
//
// Weights come with the rows, if these are [WeightedRows]. Settings.Missing and Prior are
// those of Fit; Columns are those of start, levels included. Components, From, Starts and
// Plain are not used; Weights and SplitMerge are an error that wraps [ErrSettings]. Other
// errors are those of Fit, and of reading.
func FitStream(ctx context.Context, rows Rows, start *Model, s Settings) (*Model, *Report, error) {
	if ctx == nil {
		return nil, nil, errNoContext()
	}
	if s.Weights != nil || s.SplitMerge > 0 {
		return nil, nil, density.SettingErrorf(ErrSettings, "lcm: a stream with {Weights} or {SplitMerge}: {err}; give weights with the rows, by NextWeighted, and fit rows in memory for moves")
	}
	if rows.Dim() != start.Dim() {
		return nil, nil, fmt.Errorf("lcm: a start in %d columns for rows of %d: %w", start.Dim(), rows.Dim(), ErrSettings)
	}
	s.Components, s.Columns, s.From = start.Components(), start.Columns(), start
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	e, err := newStream(ctx, rows, s)
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
	return e.Model(), report, nil
}

// stream is a run of EM over rows that are not in memory. Its data hold no rows, but
// what a fit knows of all of them.
type stream struct {
	EM
	rows   Rows
	how    em.Reading
	linear bool // whether values of linear columns are missing, and of Normal ones
	normal bool
}

// streamBlocks is the number of blocks of rows that are held at once.
const streamBlocks = 64

// newStream reads the rows once for what a fit knows of the columns, and once for the
// sums under the mixture to start from.
func newStream(ctx context.Context, rows Rows, s Settings) (*stream, error) {
	d := &data{layout: newLayout(s.Columns)}
	e := &stream{EM: EM{k: s.Components, data: d, settings: s, mean: math.Inf(-1), count: make([]float64, s.Components)}, rows: rows}
	e.how = em.Reading{
		Size: streamBlocks * spread.BlockRows, Missing: s.Missing, Wrap: em.Wrapper("lcm"),
		Weight: func(i int, w float64) error {
			return density.SettingErrorf(ErrSettings, "lcm: {Weights} of row %d is %v: {err}; a row counts 0 times, once, or more", i+1, w)
		},
	}
	facts := newFacts(len(s.Columns))
	err := em.EachChunk(ctx, rows, e.how, func(c *em.Chunk) error { return facts.add(c, s) })
	if err != nil {
		return nil, err
	}
	if err := facts.describe(d); err != nil {
		return nil, err
	}
	e.settings, _ = s.within(d)
	for _, j := range d.layout.linear {
		e.linear = e.linear || facts.lacks[j]
	}
	for _, j := range d.layout.normals {
		e.normal = e.normal || facts.lacks[j]
	}
	p, err := e.parametersOf(s.From)
	if err != nil {
		return nil, err
	}
	mean, err := e.expect(ctx, p)
	if err != nil {
		return nil, err
	}
	return e, e.begin(ctx, p, mean)
}

// expect is the E-step of EM in a pass over the rows; it keeps the sums, not the
// responsibilities.
func (e *stream) expect(ctx context.Context, p *parameters) (float64, error) {
	densities := newDensities(e.data.layout, p, e.data.values)
	resp := make([]float64, e.how.Size*e.k)
	var all *sums
	var logLik float64
	err := em.EachChunk(ctx, e.rows, e.how, func(c *em.Chunk) error {
		d := e.chunk(c)
		part, value := d.expect(ctx, densities, resp[:d.n*e.k], p.centre)
		if logLik += value; all == nil {
			all = part
		} else {
			all = join([]*sums{all, part})
		}
		return nil
	})
	e.ahead = all
	return logLik / e.data.total, err
}

// chunk makes data of a chunk of rows, in the scale of all.
func (e *stream) chunk(c *em.Chunk) *data {
	all := e.data
	n, _ := c.X.Dims()
	d := &data{layout: all.layout, weight: c.Weight, shift: all.shift, scale: all.scale, mean: all.mean, values: all.values}
	d.prepare(d.layout, c.X, 0, n, !e.settings.Missing)
	if e.linear && d.linearMask == nil {
		d.linearMask = ones(n * len(d.layout.linear))
	}
	if e.normal && d.normalMask == nil {
		d.normalMask = ones(n * len(d.layout.normals))
	}
	d.scaleNormals()
	d.place()
	return d
}

// step does one iteration: an M-step from the sums of the last pass, and a pass.
func (e *stream) step(ctx context.Context) error {
	p, count := e.maximize(ctx)
	mean, err := e.expect(ctx, p)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("lcm: %w", ctx.Err())
	}
	e.arrive(p, count, mean)
	return nil
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
