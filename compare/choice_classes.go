package compare

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"math"
	"time"

	"likely/density"
	"likely/lcm"
	"likely/saved"
	"likely/search"
)

// classProblem is the choice of the number of classes: up the ladder, until rungs no
// longer are better.
type classProblem struct {
	*chooser
	rungs  []int // numbers of classes
	starts int   // of a candidate
}

const (
	// classStarts is the number of starts of a candidate, of about classIterations
	// each.
	classStarts, classIterations = 3, 100
	// usualClasses is the rung up to which a budget should reach. One that does not
	// makes one start each; and then, if it still does not, only every other rung.
	usualClasses = 48
)

func newClassProblem(c *chooser) *classProblem {
	p := &classProblem{chooser: c, rungs: ladder, starts: classStarts}
	if room := choiceShare * c.meter.Left(); p.climb() > room {
		p.starts = 1
		if p.climb() > room {
			p.rungs = []int{1, 2, 4, 8, 16, 32, 64, 128}
		}
	}
	return p
}

// climb returns about how much work it is to reach the usual rung.
func (p *classProblem) climb() float64 {
	var total float64
	for _, k := range p.rungs {
		if k <= usualClasses {
			total += p.passOfAll(k) * float64(classIterations*p.starts)
		}
	}
	return total
}

// chooseClasses chooses the number of classes, and fits as many.
func chooseClasses(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	begin := time.Now()
	p := newClassProblem(j.chooser(ctx, d, latentClasses{}.Name(), "lcm"))
	found, err := chosen(ctx, p.chooser, p, 1, 0)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	m, report, s, err := p.complete(ctx, found.Winner().Fit.(*classFit))
	if err != nil {
		return nil, of("lcm", err)
	}
	fit, err := j.classFit(latentClasses{}.Name(), m, report, s, d, time.Since(begin))
	if err != nil {
		return nil, err
	}
	fit.Search = transcript(p.chooser, found, d.Preparation.Transform.LogJacobian())
	fit.Search.Spent = p.meter.Spent()
	best := found.Trials[found.Best]
	switch {
	case found.Exhausted && best.Spec == p.largest(found.Trials):
		fit.Search.Improving = "the budget had no room for more classes, and the most that were tried were the best"
	case best.Spec == p.rungs[len(p.rungs)-1]:
		fit.Search.Improving = fmt.Sprintf("the most classes that were tried, %d, were the best", best.Spec)
	}
	p.store.remove()
	return fit, nil
}

// largest returns the largest number of classes that was fitted.
func (p *classProblem) largest(trials []*search.Trial[int]) int {
	most := 0
	for _, t := range trials {
		if t.Status == search.Finished {
			most = max(most, t.Spec)
		}
	}
	return most
}

// Propose returns the next rung.
func (p *classProblem) Propose(trials []*search.Trial[int]) []search.Candidate[int] {
	rung, worse := len(trials), 0
	best := math.Inf(-1)
	for _, t := range trials {
		if n := len(t.Curve); t.Status == search.Finished && t.Sound && n > 0 && t.Curve[n-1].Mean > best {
			best, worse = t.Curve[n-1].Mean, 0
			continue
		}
		worse++
	}
	if rung >= len(p.rungs) || p.rungs[rung] >= p.d.Train.Rows() || worse >= ladderPatience {
		return nil
	}
	k := p.rungs[rung]
	return []search.Candidate[int]{{
		Name: fmt.Sprintf("%d classes", k), Parameters: k * p.d.Train.Dim(), // of bits; others are as many times more
		Pass: p.passOfAll(k), Passes: float64(classIterations * p.starts), Spec: k,
	}}
}

// pass returns the work of an iteration.
func (p *classProblem) pass(rows, k int) float64 {
	const each, exponential = 6, 40
	return float64(rows) * float64(k) * (each*float64(p.d.Train.Dim()) + exponential)
}

// passOfAll returns the work of an iteration in each division.
func (p *classProblem) passOfAll(k int) float64 {
	var pass float64
	for _, one := range p.divisions {
		pass += p.pass(one.train.Rows(), k)
	}
	return pass
}

// Begin prepares the fits of a number of classes.
func (p *classProblem) Begin(_ context.Context, c search.Candidate[int]) (search.Fit, error) {
	return &classFit{p: p, k: c.Spec}, nil
}

// classFit is a mixture of classes for each division.
type classFit struct {
	p          *classProblem
	k          int
	models     []*lcm.Model
	floored    bool
	iterations float64 // on average
}

// Continue fits.
func (f *classFit) Continue(ctx context.Context, _ float64) error {
	j := f.p.j
	f.models, f.iterations = nil, 0
	for i, one := range f.p.divisions {
		s := j.Settings.classes(f.p.d)
		s.Components, s.Weights = f.k, one.train.Weights
		s.Starts, s.SplitMerge, s.Tolerance = f.p.starts, -1, choiceTolerance
		m, report, err := lcm.Fit(ctx, one.train.Model, s, density.NewSource(j.Settings.Seed, "comparison.lcm choice", uint64(f.k), uint64(i)))
		if err != nil {
			return err
		}
		if err := m.CheckSupport(one.held.Model); err != nil {
			return err
		}
		f.models = append(f.models, m)
		f.floored = f.floored || report.FloorActive
		f.iterations += float64(report.TotalIterations) / float64(len(f.p.divisions))
	}
	return nil
}

// Progress counts iterations; a fit is made whole.
func (f *classFit) Progress() (float64, bool) { return f.iterations, f.models != nil }

// Score returns log p of the rows left out.
func (f *classFit) Score(context.Context) ([]float64, error) {
	var scores []float64
	for i, one := range f.p.divisions {
		scores = append(scores, f.models[i].LogProbObserved(nil, one.held.Model)...)
	}
	return scores, nil
}

// Sound is false where a variance is on its floor.
func (f *classFit) Sound() bool { return !f.floored }

// Close has nothing to free.
func (f *classFit) Close() {}

// classState is what is kept of a fit.
type classState struct {
	Models     [][]byte
	Floored    bool
	Iterations float64
}

// Write writes the models.
func (f *classFit) Write(w io.Writer) error {
	s := classState{Floored: f.floored, Iterations: f.iterations}
	for _, m := range f.models {
		var b bytes.Buffer
		if err := (&saved.Model{Name: "lcm", Fitted: m, Preparation: f.p.d.Preparation}).Write(&b); err != nil {
			return err
		}
		s.Models = append(s.Models, b.Bytes())
	}
	return gob.NewEncoder(w).Encode(s)
}

// Read reads what Write wrote.
func (f *classFit) Read(r io.Reader) error {
	var s classState
	if err := gob.NewDecoder(r).Decode(&s); err != nil {
		return err
	}
	f.models, f.floored, f.iterations = nil, s.Floored, s.Iterations
	for _, data := range s.Models {
		m, err := saved.Read(bytes.NewReader(data))
		if err != nil {
			return err
		}
		classes, ok := m.Fitted.(*lcm.Model)
		if !ok {
			return fmt.Errorf("a %s where a mixture of classes was kept", m.Family())
		}
		f.models = append(f.models, classes)
	}
	return nil
}
