package compare

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"math"
	"slices"

	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/saved"
	"likely/search"
)

// mixtureSize is a family of covariances with a number of components.
type mixtureSize struct {
	family     gmm.Covariance
	components int
}

// ladder are the numbers of components that are tried, one after another.
var ladder = []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128}

// mixtureProblem is the choice of a mixture. Each family climbs the ladder by itself,
// each fit beginning from its components on the rung below, some of them split. It stops
// when rungs no longer are better, or when other families are as far up and better.
type mixtureProblem struct {
	*chooser
	families selection.Families
	counts   []int
	fits     map[mixtureSize]*mixtureFit
	course   []Frame // of the last fit
}

// ladderPatience is after how many rungs in a row without a new best a family stops.
const ladderPatience = 2

// factorColumns is the number of columns from which families of few factors are tried.
const (
	factorColumns = 6
	mostFactors   = 32
)

// familiesFor returns the families that are tried where none are asked for.
func familiesFor(d int) selection.Families {
	if d == 1 {
		return selection.Families{gmm.Tied, gmm.Full} // the others are these by other names
	}
	list := selection.Families{gmm.Spherical, gmm.Diagonal, gmm.Tied, gmm.Full}
	for l := 2; d >= factorColumns && l <= min(d/3, mostFactors); l *= 4 {
		list = append(list, gmm.FactorAnalyzers(l))
	}
	return list
}

func newMixtureProblem(c *chooser) *mixtureProblem {
	s := &c.j.Settings
	p := &mixtureProblem{chooser: c, families: narrowed(familiesFor(c.d.All.Dim()), c.d.Train.Rows(), c.d.All.Dim()), counts: ladder, fits: make(map[mixtureSize]*mixtureFit)}
	if s.Families.Given {
		p.families = s.Families.Value.Resolved(c.d.All.Dim())
	}
	if r := s.Components; r.Given {
		p.counts = nil
		for k := r.Value.From; k <= r.Value.To; k++ {
			p.counts = append(p.counts, k)
		}
	}
	return p
}

// Propose returns the next rung of the families that still climb.
func (p *mixtureProblem) Propose(trials []*search.Trial[mixtureSize]) []search.Candidate[mixtureSize] {
	rung := 0
	if n := len(trials); n > 0 {
		rung = trials[n-1].Round + 1
	}
	if rung >= len(p.counts) {
		return nil
	}
	k, d := p.counts[rung], p.d.All.Dim()
	var list []search.Candidate[mixtureSize]
	for _, family := range p.climbers(trials) {
		if k == 1 && len(p.families) > 1 && sameForOne(family, p.families) || !p.j.Settings.Components.Given && k >= p.d.Train.Rows() {
			continue
		}
		list = append(list, search.Candidate[mixtureSize]{
			Name:       fmt.Sprintf("%d %v", k, family),
			Parameters: k*(d+1) - 1 + family.NumParameters(k, d),
			Pass:       p.work(mixtureSize{family, k}), Passes: choiceIterations,
			Spec: mixtureSize{family, k},
		})
	}
	return list
}

// climbers returns the families that go on: those that have had a new best within their
// patience and, from some rungs, only the better half of these.
func (p *mixtureProblem) climbers(trials []*search.Trial[mixtureSize]) selection.Families {
	type climber struct {
		family gmm.Covariance
		best   float64
	}
	out := make(map[gmm.Covariance]bool)
	for _, rung := range halvedAt {
		var list []climber
		done := false
		for _, family := range p.families {
			if out[family] {
				continue
			}
			best := math.Inf(-1)
			for _, t := range trials {
				done = done || t.Spec.components >= rung
				if n := len(t.Curve); t.Spec.family == family && t.Spec.components <= rung && t.Status == search.Finished && t.Sound && n > 0 {
					best = max(best, t.Curve[n-1].Mean)
				}
			}
			list = append(list, climber{family, best})
		}
		if !done {
			break
		}
		slices.SortStableFunc(list, func(a, b climber) int { return cmp.Compare(b.best, a.best) })
		for _, one := range list[min(max((len(list)+1)/2, leastFamilies), len(list)):] {
			out[one.family] = true
		}
	}
	var list selection.Families
	for _, family := range p.families {
		if !out[family] && climbing(trials, family) {
			list = append(list, family)
		}
	}
	return list
}

// halvedAt are the numbers of components after which half of the families go on, but at
// least leastFamilies.
var halvedAt = []int{4, 8}

const leastFamilies = 2

// sameForOne says whether a family of one component is another of the list.
func sameForOne(family gmm.Covariance, list selection.Families) bool {
	return family == gmm.Tied && slices.Contains(list, gmm.Full)
}

// climbing says whether a family has had a new best within its patience.
func climbing(trials []*search.Trial[mixtureSize], family gmm.Covariance) bool {
	worse, begun := 0, false
	var best float64
	for _, t := range trials {
		if t.Spec.family != family {
			continue
		}
		last := 0.0
		if n := len(t.Curve); n > 0 {
			last = t.Curve[n-1].Mean
		}
		switch {
		case t.Status == search.Unbegun:
			return false
		case t.Status == search.Finished && t.Sound && (!begun || last > best):
			best, begun, worse = last, true, 0
		default:
			worse++
		}
	}
	return worse < ladderPatience
}

// work returns the operations of an iteration for all divisions.
func (p *mixtureProblem) work(size mixtureSize) float64 {
	var total float64
	for _, one := range p.divisions {
		work, err := gmm.Settings{Components: size.components, Covariance: size.family}.Work(one.train.Rows(), one.train.Dim())
		if err != nil {
			return 0 // the fit says what is wrong
		}
		total += work
	}
	return total
}

// Begin prepares the fits of a size.
func (p *mixtureProblem) Begin(_ context.Context, c search.Candidate[mixtureSize]) (search.Fit, error) {
	f := &mixtureFit{p: p, size: c.Spec}
	for i := slices.Index(p.counts, c.Spec.components) - 1; i >= 0 && f.below == nil; i-- {
		if below := p.fits[mixtureSize{c.Spec.family, p.counts[i]}]; below != nil && below.models != nil {
			f.below = below.models
		}
	}
	p.fits[c.Spec] = f
	return f, nil
}

// mixtureFit is a mixture of one size for each division.
type mixtureFit struct {
	p          *mixtureProblem
	size       mixtureSize
	below      []*gmm.Model // on the rung below, or nil
	models     []*gmm.Model
	degenerate bool
	iterations float64 // on average
}

const (
	// choiceIterations is about the number of iterations of a candidate.
	choiceIterations = 40
	// choiceMost is the most of one start, and choiceTolerance what it may be short of.
	choiceMost      = 300
	choiceTolerance = 1e-3
	// coldMost is the largest number of components that are also started cold; more
	// begin from those below alone.
	coldMost = 4
)

// Continue fits from the components below and from a cold start, and keeps the better.
func (f *mixtureFit) Continue(ctx context.Context, _ float64) error {
	j := f.p.j
	f.models, f.iterations = nil, 0
	for i, one := range f.p.divisions {
		s := j.Settings.mixture()
		s.Components, s.Covariance, s.Weights = f.size.components, f.size.family, one.train.Weights
		s.Starts, s.SplitMerge, s.Tolerance, s.Iterations = 1, -1, choiceTolerance, choiceMost
		if j.Settings.GMM.Iterations > 0 {
			s.Iterations = min(s.Iterations, j.Settings.GMM.Iterations)
		}
		var starts []gmm.Start
		if f.below != nil {
			starts = append(starts, gmm.Split(f.below[i]))
		}
		if f.below == nil || f.size.components <= coldMost {
			starts = append(starts, s.Start)
		}
		var best *gmm.Model
		var how *gmm.Report
		var failure error
		for n, start := range starts {
			s.Start = start
			m, report, err := gmm.Fit(ctx, one.train.Model, s, density.NewSource(j.Settings.Seed, "comparison.gmm choice", uint64(i), uint64(n)))
			if ctx.Err() != nil { // perhaps when the fit was just done, and without an error
				return ctx.Err()
			}
			if err != nil {
				failure = err
				continue
			}
			f.iterations += float64(report.TotalIterations) / float64(len(f.p.divisions))
			if best == nil || report.Degenerate != how.Degenerate && how.Degenerate ||
				report.Degenerate == how.Degenerate && last(report.History) > last(how.History) {
				best, how = m, report
			}
		}
		if best == nil {
			return failure
		}
		f.models = append(f.models, best)
		f.degenerate = f.degenerate || how.Degenerate
	}
	return nil
}

func last(values []float64) float64 { return values[len(values)-1] }

// Progress counts iterations; a fit is made whole.
func (f *mixtureFit) Progress() (float64, bool) { return f.iterations, f.models != nil }

// Score returns log p of the rows left out.
func (f *mixtureFit) Score(context.Context) ([]float64, error) {
	var scores []float64
	for i, one := range f.p.divisions {
		logProb := f.models[i].LogProb
		if f.p.j.Settings.Missing {
			logProb = f.models[i].LogProbObserved
		}
		scores = append(scores, logProb(nil, one.held.Model)...)
	}
	return scores, nil
}

// Sound is false where a component sits on few rows.
func (f *mixtureFit) Sound() bool { return !f.degenerate }

// Close keeps the models, from which the next rung begins.
func (f *mixtureFit) Close() {}

// mixtureState is what is kept of a fit.
type mixtureState struct {
	Models     [][]byte
	Degenerate bool
	Iterations float64
}

// Write writes the models.
func (f *mixtureFit) Write(w io.Writer) error {
	s := mixtureState{Degenerate: f.degenerate, Iterations: f.iterations}
	for _, m := range f.models {
		var b bytes.Buffer
		if err := (&saved.Model{Name: "gmm", Fitted: m, Preparation: f.p.d.Preparation}).Write(&b); err != nil {
			return err
		}
		s.Models = append(s.Models, b.Bytes())
	}
	return gob.NewEncoder(w).Encode(s)
}

// Read reads what Write wrote.
func (f *mixtureFit) Read(r io.Reader) error {
	var s mixtureState
	if err := gob.NewDecoder(r).Decode(&s); err != nil {
		return err
	}
	f.models, f.degenerate, f.iterations = nil, s.Degenerate, s.Iterations
	for _, data := range s.Models {
		m, err := saved.Read(bytes.NewReader(data))
		if err != nil {
			return err
		}
		mixture, ok := m.Fitted.(*gmm.Model)
		if !ok {
			return fmt.Errorf("a %s where a mixture was kept", m.Family())
		}
		f.models = append(f.models, mixture)
	}
	return nil
}
