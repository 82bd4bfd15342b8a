package compare

import (
	"context"
	"errors"
	"fmt"

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
		meter: j.Settings.meter(d.Train.Rows(), j.kinds*max(j.folds, 1), j.folds > 0), store: j.choiceStore(ctx, name, d),
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
	found, err := search.Run(ctx, p, s)
	if errors.Is(err, search.ErrNone) {
		err = fmt.Errorf("%s: %w", c.name, of(c.pkg, err))
	}
	return found, err
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
	if c.meter.Timed() {
		r.BudgetSeconds = c.meter.Limit().Seconds()
	} else {
		r.Budget = c.meter.Most()
	}
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
