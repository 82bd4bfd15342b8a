package compare

import (
	"context"
	"errors"
	"fmt"
	"math"

	"likely/density"
	"likely/results"
	"likely/search"
)

// A kind whose sizes are left to the data brings a [search.Problem]: what to try, how to
// fit one, go on with one, and score one. Everything else is here.

// chooser chooses among the sizes of one kind.
type chooser struct {
	j         *Job
	d         *Data
	name, pkg string // of the kind, and of the package whose errors it passes on
	divisions []division
	meter     *search.Meter
	store     *choiceStore
}

// choiceShare is the share of the budget that choosing may take. The rest is for the
// last fit.
const choiceShare = 0.6

func (j *Job) chooser(ctx context.Context, d *Data, name, pkg string) *chooser {
	return &chooser{
		j: j, d: d, name: name, pkg: pkg, divisions: d.divisions(&j.Settings),
		meter: j.meter(d), store: j.choiceStore(ctx, name, d),
	}
}

// chosen searches. The caller closes what it returns.
func chosen[S any](ctx context.Context, c *chooser, p search.Problem[S], rounds int, most float64) (*search.Found[S], error) {
	s := search.Settings{
		Meter: c.meter, Share: choiceShare, Rounds: rounds, MostPasses: most,
		Weights: heldWeights(c.divisions),
		Progress: func(name string, trials int) {
			c.j.step(c.name+": choosing among sizes", trials, 0, name)
		},
	}
	if c.store != nil {
		s.Store = c.store
	}
	least, name := math.Inf(1), ""
	for _, one := range p.Propose(nil) {
		if work := one.Pass * max(one.Passes, 1); work < least {
			least, name = work, one.Name
		}
	}
	if err := c.j.enough(c.meter, c.name, name, least); err != nil {
		return nil, err
	}
	found, err := search.Run(ctx, p, s)
	if errors.Is(err, search.ErrNone) {
		err = fmt.Errorf("%s: %w", c.name, of(c.pkg, err))
	}
	return found, err
}

// enough returns an error of usage where a budget of work has no room for the smallest fit
// of a kind, so much work. A budget by the preset always has, and a time shows when it is
// over.
func (j *Job) enough(m *search.Meter, kind, least string, work float64) error {
	if j.Settings.Budget.Work == 0 || m.Most() >= work || math.IsInf(work, 1) {
		return nil
	}
	return usagef("{Budget=%.3g} has no room for a single fit: the smallest of %s (%s) takes about %.2g operations; give more, or a time, or leave it out", m.Most(), kind, least, work)
}

// spending returns what results.json says of a budget.
func spending(m *search.Meter) *results.Search {
	r := &results.Search{Spent: m.Spent()}
	if m.Timed() {
		r.BudgetSeconds = m.Limit().Seconds()
	} else {
		r.Budget = m.Most()
	}
	return r
}

// transcript returns what results.json says of a search. jacobian takes scores to nats
// of the data.
func transcript[S any](c *chooser, found *search.Found[S], jacobian float64) *results.Search {
	r := &results.Search{
		RowsLeftOut: heldRows(c.divisions),
		Best:        found.Trials[found.Best].Name, Chosen: found.Winner().Name,
	}
	if len(c.divisions) > 1 {
		r.Folds = len(c.divisions)
	}
	budget := spending(c.meter)
	r.Budget, r.BudgetSeconds = budget.Budget, budget.BudgetSeconds
	for _, t := range found.Trials {
		one := results.Tried{Name: t.Name, Parameters: t.Parameters, Round: t.Round, Status: t.Status.String()}
		if t.Status == search.Finished || t.Status == search.Behind {
			one.Gap, one.GapSE, one.Unsound = results.Optional(t.Gap), results.Optional(t.GapErr), !t.Sound
		}
		for _, p := range t.Curve {
			if v := results.Optional(p.Mean + jacobian); v != nil {
				one.Curve = append(one.Curve, results.Point{Passes: p.Passes, Nats: *v})
			}
		}
		if t.Err != nil {
			one.Error = density.ErrorIn(of(c.pkg, t.Err), c.j.spelling())
		}
		r.Candidates = append(r.Candidates, one)
	}
	return r
}
