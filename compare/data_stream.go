package compare

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/lcm"
)

// openStream opens a file of which Config.Stream rows are held in memory.
func openStream(ctx context.Context, c *Settings) (*dataset.Stream, error) {
	if slices.ContainsFunc(dataset.List(), func(e dataset.Entry) bool { return e.Name == c.Dataset }) {
		return nil, usagef("{Stream} with %s: it is for files, and this is a dataset of the program's own; leave it out", c.Dataset)
	}
	return dataset.OpenStream(ctx, c.Dataset, c.Stream, c.Seed, c.options())
}

// streamed are all rows of a file but those that are held out, in model space.
type streamed struct {
	file      *dataset.Stream
	transform density.Transform
	held      []int   // rows of the file, ascending
	weight    float64 // of all others
	count     int     // of all others that have a weight
	row, next int     // of the file, of held
}

// weighed are streamed rows with their weights.
type weighed struct{ *streamed }

var (
	_ gmm.Rows         = (*streamed)(nil)
	_ gmm.WeightedRows = weighed{}
	_ lcm.WeightedRows = weighed{}
)

func newStreamed(d *Data) *streamed {
	s := &streamed{
		file: d.Stream, transform: d.Preparation.Transform,
		weight: d.Stream.TotalWeight(), count: d.Stream.Rows() - d.Stream.Sample.Absent,
	}
	held := []*Part{d.Valid}
	if d.Test != nil && !d.tested { // a share of the sample
		held = append(held, d.Test)
	}
	for _, p := range held {
		if p == nil {
			continue
		}
		for i := range p.Rows() {
			s.held = append(s.held, p.Row(i))
		}
		s.weight -= p.TotalWeight()
		s.count -= p.Rows()
	}
	slices.Sort(s.held)
	return s
}

// Dim returns the number of columns.
func (s *streamed) Dim() int { return s.file.Dim() }

// Rewind goes back to the first row.
func (s *streamed) Rewind() error {
	s.row, s.next = 0, 0
	return s.file.Rewind()
}

// Next fills the first rows of dst and returns their number.
func (s *streamed) Next(dst *mat.Dense) (int, error) { return s.read(dst, nil) }

// NextWeighted is Next, and fills as many weights.
func (s weighed) NextWeighted(dst *mat.Dense, weights []float64) (int, error) {
	return s.read(dst, weights)
}

func (s *streamed) read(dst *mat.Dense, weights []float64) (int, error) {
	n, err := s.file.NextWeighted(dst, weights)
	kept := 0
	for i := range n {
		if s.next < len(s.held) && s.held[s.next] == s.row {
			s.next++
		} else {
			copy(dst.RawRowView(kept), dst.RawRowView(i))
			if weights != nil {
				weights[kept] = weights[i]
			}
			kept++
		}
		s.row++
	}
	if kept > 0 {
		part := density.Rows(dst, 0, kept)
		s.transform.Apply(part, part)
	}
	return kept, err
}

// chance is the share of what a likelihood gains by chance at which a fit to a file
// ends: at the optimum, p/2N nats per row above that of the truth, for p parameters
// (Wilks 1938). What is left is then far less than the data can tell.
const chance = 0.01

// streamMixture goes on with a mixture that was fitted to the rows in memory, on all rows
// of the file that are not held out.
func (j *Job) streamMixture(ctx context.Context, name string, fit *Fit, d *Data) (*Fit, error) {
	start := fit.Model.Fitted.(*gmm.Model)
	p := j.newPasses(name, start, d)
	s := j.Settings.mixture()
	s.Covariance, s.Starts, s.SplitMerge = start.Family(), 0, 0
	s.Tolerance, s.Progress = cmp.Or(s.Tolerance, p.tolerance), p.step
	m, report, err := gmm.FitStream(ctx, p.source, start, s)
	if err != nil {
		return nil, of("gmm", err)
	}
	all, err := j.mixtureFit(name, m, report, s, d, time.Since(p.begin))
	if err != nil {
		return nil, err
	}
	return all, p.join(all, fit, d)
}

// streamClasses is streamMixture for a mixture of classes.
func (j *Job) streamClasses(ctx context.Context, name string, fit *Fit, d *Data) (*Fit, error) {
	start := fit.Model.Fitted.(*lcm.Model)
	p := j.newPasses(name, start, d)
	s := j.Settings.classes(d)
	s.Weights, s.Columns, s.Starts, s.SplitMerge = nil, nil, 0, 0
	s.Tolerance, s.Progress = cmp.Or(s.Tolerance, p.tolerance), p.step
	m, report, err := lcm.FitStream(ctx, p.source, start, s)
	if err != nil {
		return nil, of("lcm", err)
	}
	s.Columns = start.Columns()
	all, err := j.classFit(name, m, report, s, d, time.Since(p.begin))
	if err != nil {
		return nil, err
	}
	return all, p.join(all, fit, d)
}

// passes is a fit that goes over a file.
type passes struct {
	rows      *streamed
	source    gmm.Rows
	tolerance float64
	begin     time.Time
	count     int
	step      func(start, iteration int, meanLogLik float64)
}

func (j *Job) newPasses(name string, start density.Parametric, d *Data) *passes {
	p := &passes{rows: newStreamed(d), begin: time.Now()}
	p.source = p.rows
	if j.Settings.Weights != "" {
		p.source = weighed{p.rows}
	}
	gain := float64(start.NumParameters()) / (2 * p.rows.weight)
	p.tolerance = max(chance*gain, 1e-9)
	p.step = func(_, _ int, _ float64) {
		p.count++
		j.step(name+": EM over all rows of the file, pass", p.count, 0, "")
	}
	return p
}

// join adds to the story of a fit to the file that of the one it began with.
func (p *passes) join(all, sample *Fit, d *Data) error {
	all.Seconds += sample.Seconds
	all.Passes = sample.Passes + float64(p.count)*float64(p.rows.count)/float64(d.Train.Rows())
	all.Selection, all.Baseline = sample.Selection, sample.Baseline
	return all.record(sample.Settings, all.Settings, streamRecord{p.rows.count, p.count})
}

// streamRecord is what the record of a fit to a file says beside its settings.
type streamRecord struct {
	Rows   int `json:"rows_streamed"`
	Passes int `json:"passes_streamed"`
}

// warnStream says what sees only a part of the rows.
func (d *Data) warnStream(chosen []Kind) {
	if d.Stream == nil || d.Stream.Rows() == d.All.Rows() {
		return
	}
	for _, k := range chosen {
		if _, streams := k.(streamer); !streams {
			d.warnf("%s is trained on the %d training rows among the %d that {Stream} holds in memory, the others on all %d", k.Name(), d.Train.Rows(), d.All.Rows(), newStreamed(d).count)
		}
	}
}
