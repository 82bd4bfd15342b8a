package gmm

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// Rows is data that is read in chunks, such as a file larger than memory. It can be
// read from the beginning any number of times, with the same rows each time.
type Rows interface {
	// Dim returns the number of columns.
	Dim() int
	// Rewind goes back to the first row.
	Rewind() error
	// Next fills the first rows of dst and returns their number; the error is
	// io.EOF after the last row, when the number is 0.
	Next(dst *mat.Dense) (int, error)
}

// streamRows is the number of rows that are held at once: 16 blocks.
const streamRows = 16 * blockRows

// FitStream fits a mixture to rows that are read once an iteration, by the EM of
// [Fit] from the parameters of start (a fit to a sample of the rows, for example);
// up to rounding the result is that of Fit with From(start) and Plain. Memory does not grow
// with the number of rows: it holds a chunk of them and the moments, K·D numbers for
// families whose axes are the columns and K·D² for others.
// Settings.Components, Start and Starts are not used; Weights, Labels, Missing,
// Prior and SplitMerge are an error that wraps [ErrSettings].
func FitStream(ctx context.Context, rows Rows, start *Model, s Settings) (*Model, *Report, error) {
	if s.Weights != nil || s.Labels != nil || s.Missing || s.Prior != nil || s.SplitMerge > 0 {
		return nil, nil, fmt.Errorf("gmm: a stream with weights, labels, missing values, a prior or split-merge moves: %w; fit rows in memory for those", ErrSettings)
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
	for !e.ended(s) {
		if err := e.stepStream(ctx, rows); err != nil {
			return nil, nil, err
		}
		if s.Progress != nil {
			s.Progress(0, len(e.history)-1, e.LogLik())
		}
	}
	report := &Report{StartLogLik: []float64{e.LogLik()}, TotalIterations: len(e.history) - 1}
	e.order()
	report.examine(e)
	for i := range report.History {
		report.History[i] += e.shift()
	}
	return e.Model(), report, nil
}

// newStream reads the rows once for their number and the scale of their columns,
// and once for the moments under start.
func newStream(ctx context.Context, rows Rows, start *Model, s Settings) (*EM, error) {
	d := start.d
	var n, rowNumber float64
	mean, squares := make([]float64, d), make([]float64, d)
	err := eachChunk(ctx, rows, func(x *mat.Dense) error {
		if err := density.CheckFinite(x); err != nil {
			return fmt.Errorf("gmm: after row %.0f: %w", rowNumber, err)
		}
		m, _ := x.Dims()
		rowNumber += float64(m)
		chunk, variance := density.Moments(x)
		// Chan, Golub & LeVeque 1983: moments of a union, about its mean.
		count := float64(m)
		for j := range d {
			e := chunk[j] - mean[j]
			squares[j] += variance[j]*count + e*e*n*count/(n+count)
			mean[j] += e * count / (n + count)
		}
		n += count
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errNoRows()
	}
	for j, v := range squares {
		if !(v/n <= largestVariance) {
			return nil, errOverflow(j)
		}
		if !(v > 0) {
			return nil, fmt.Errorf("gmm: column %d has the single value %v: %w; drop the column", j+1, mean[j], density.ErrConstant)
		}
		if squares[j] = v / n; squares[j] < smallestVariance {
			return nil, errUnderflow(j, squares[j])
		}
	}
	if !s.Covariance.scales() {
		fill(squares, sum(squares)/float64(d))
	}
	for j, v := range squares {
		squares[j] = math.Sqrt(v)
	}
	scaled := &scaledRows{n: 0, d: d, total: n, transform: density.Transform{Shift: mean, Scale: squares}}
	scaled.jacobian = scaled.transform.LogJacobian()
	e, err := newEM(scaled, s)
	if err != nil {
		return nil, err
	}
	e.next.total = e.moments.total
	copy(e.logWeight, start.logWeight)
	inverse := make([]float64, d)
	for j, v := range squares {
		inverse[j] = 1 / v
	}
	for k := range e.k {
		for j, v := range start.mean(k) {
			e.moments.mean[k*d+j] = (v - mean[j]) * inverse[j]
		}
	}
	if e.shapes, err = start.shapes.rescaled(inverse); err != nil {
		return nil, err
	}
	if _, err := e.readMoments(ctx, rows); err != nil {
		return nil, err
	}
	if start.Family().String() != s.Covariance.String() {
		e.shapes = nil // which no M-step can go on from
	}
	return e, nil
}

func errNoRows() error { return fmt.Errorf("gmm: no rows: %w", ErrTooFewRows) }

// stepStream is an M-step from the moments of the pass before and a pass over the
// rows.
func (e *EM) stepStream(ctx context.Context, rows Rows) error {
	e.moments.ctx = ctx
	copy(e.moments.count, e.next.count)
	copy(e.moments.mean, e.next.mean)
	e.moments.scatters, e.moments.ahead = e.next.scatters, e.next.ahead
	if err := e.solve(); err != nil {
		return err
	}
	value, err := e.readMoments(ctx, rows)
	if err != nil {
		return err
	}
	e.logLik = value
	e.history = append(e.history, value)
	e.judge()
	return nil
}

// readMoments is the E-step of a pass: the mean log-likelihood of the current
// parameters, and the moments of their responsibilities, which it leaves for the
// next M-step: counts, means, and what the family needs of the second moments.
// These are taken about the current means, which those found differ from less and
// less.
func (e *EM) readMoments(ctx context.Context, rows Rows) (float64, error) {
	if e.covariance.needs(e.d) == needSquares {
		return e.readSquares(ctx, rows)
	}
	return e.readScatters(ctx, rows)
}

// readSquares is readMoments for the families that need the squares alone.
func (e *EM) readSquares(ctx context.Context, rows Rows) (float64, error) {
	k, d := e.k, e.d
	all := newSums(k, d, e.moments.mean)
	joint, logs := make([]float64, streamRows*k), make([]float64, streamRows)
	var total float64
	err := eachChunk(ctx, rows, func(x *mat.Dense) error {
		n, _ := x.Dims()
		e.scaled.transform.Apply(x, x)
		chunk := &moments{n: n, k: k, d: d, x: x.RawMatrix().Data, resp: joint}
		parts := e.expectChunk(chunk, logs, e.moments.mean)
		total += sum(logs[:n])
		join(append([]*sums{all}, parts...))
		return nil
	})
	if err != nil {
		return 0, err
	}
	e.next.count, e.next.mean, e.next.ahead = all.count, slices.Clone(e.moments.mean), all
	for i, v := range all.first {
		if c := i / d; !e.next.empty(c) {
			mean := v / all.count[c]
			shift := mean - e.moments.mean[i]
			e.next.mean[i] = mean
			all.second[i] = max(0, all.second[i]-all.count[c]*(shift*shift))
		}
	}
	all.about = e.next.mean
	return total / e.moments.total, nil
}

// readScatters is readMoments for all other families.
func (e *EM) readScatters(ctx context.Context, rows Rows) (float64, error) {
	k, d := e.k, e.d
	all := newSums(k, d, nil)
	scatters := make([][]float64, k)
	for c := range scatters {
		scatters[c] = make([]float64, d*d)
	}
	weight := make([]float64, k)
	for c, l := range e.logWeight {
		weight[c] = math.Exp(l)
	}
	joint, logs := make([]float64, streamRows*k), make([]float64, streamRows)
	var total float64
	err := eachChunk(ctx, rows, func(x *mat.Dense) error {
		n, _ := x.Dims()
		e.scaled.transform.Apply(x, x)
		chunk := &moments{ctx: ctx, n: n, k: k, d: d, total: 1, x: x.RawMatrix().Data, resp: joint, count: weight, mean: e.moments.mean}
		parts := e.expectChunk(chunk, logs, nil)
		total += sum(logs[:n])
		join(append([]*sums{all}, parts...))
		forEach(k, func(c int) {
			work := getBuffer(blockRows * d)
			defer putBuffer(work)
			for from := 0; from < n; from += scatterBlocks * blockRows {
				chunk.addScatter(scatters[c], c, from, min(from+scatterBlocks*blockRows, n), *work)
			}
		})
		return nil
	})
	if err != nil {
		return 0, err
	}
	e.next.count, e.next.mean, e.next.scatters = all.count, slices.Clone(e.moments.mean), scatters
	for c := range k {
		if e.next.empty(c) {
			continue
		}
		shift, mean := all.first[c*d:(c+1)*d], e.next.mean[c*d:(c+1)*d]
		floats.Scale(1/all.count[c], shift)
		floats.Sub(shift, mean)
		floats.Add(mean, shift)
		for i, v := range shift {
			floats.AddScaled(scatters[c][i*d:(i+1)*d], -all.count[c]*v, shift)
		}
	}
	return total / e.moments.total, nil
}

// expectChunk is the E-step of a chunk: it leaves the responsibilities there and
// log p(x) in logs, and returns the sums of its segments, with squares about the given
// points (K×D) or, without any, none.
func (e *EM) expectChunk(chunk *moments, logs, about []float64) []*sums {
	k, d := e.k, e.d
	var start *Model // in the scaled rows, of which some may be far from all components
	if len(e.history) == 0 {
		start = &Model{k: k, d: d, weights: make([]float64, k), means: e.moments.mean, shapes: e.shapes}
		kernel.Exp(start.weights, e.logWeight)
	}
	parts := make([]*sums, segments(chunk.n))
	forSegments(chunk.n, func(s, first, last int) {
		parts[s] = newSums(k, d, about)
		for from := first; from < last; from += blockRows {
			to := min(from+blockRows, last)
			joint := chunk.resp[from*k : to*k]
			logJoint(joint, e.logWeight, e.moments.mean, e.shapes, chunk.x[from*d:to*d])
			if start != nil {
				noNaN(joint, k, chunk.x[from*d:to*d])
				start.decideRows(joint, chunk.x[from*d:to*d])
			}
			normalize(logs[from:to], joint, k)
			parts[s].add(chunk, from, to)
		}
	})
	return parts
}

// eachChunk reads all rows and calls f with each chunk, which f may overwrite.
func eachChunk(ctx context.Context, rows Rows, f func(x *mat.Dense) error) error {
	if err := rows.Rewind(); err != nil {
		return fmt.Errorf("gmm: going back to the first row: %w", err)
	}
	d := rows.Dim()
	data := make([]float64, streamRows*d)
	filled := 0
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("gmm: %w", err)
		}
		n, err := rows.Next(mat.NewDense(streamRows-filled, d, data[filled*d:]))
		filled += n
		switch {
		case err == io.EOF:
			done = true
		case err != nil:
			return fmt.Errorf("gmm: reading rows: %w", err)
		}
		// Chunks are always full but for the last, however rows arrive, so
		// that sums have one order.
		if filled == streamRows || done && filled > 0 {
			if err := f(mat.NewDense(filled, d, data[:filled*d])); err != nil {
				return err
			}
			filled = 0
		}
	}
	return nil
}
