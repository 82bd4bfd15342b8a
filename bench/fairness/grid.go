package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"likely/compare"
	"likely/density"
	"likely/eval"
)

// grid fits every size of a grid to tables, beside the default run.
type grid struct {
	store  store
	folder string
	seed   uint64
	most   int // candidates of a family; 0: all
	budget float64
}

// fitted is what a model reached on the rows that were held out.
type fitted struct {
	Size    string       `json:"size"`
	LogProb []float64    `json:"log_prob,omitempty"` // nats, one a row
	StdErr  []float64    `json:"std_err,omitempty"`
	Kind    density.Kind `json:"kind"`
	Samples int          `json:"samples,omitempty"`
	// Marks is why more work may help, or "", and Error why there is no number.
	Marks string `json:"improving,omitempty"`
	Error string `json:"error,omitempty"`
}

// verdict is what a run says of two families.
type verdict struct {
	Exact, Network fitted
	// Better is the family that won, or leads so far; "": undecided.
	Better string `json:"better,omitempty"`
	SoFar  bool   `json:"so_far,omitempty"`
}

func (f fitted) result() *eval.Result {
	return &eval.Result{LogProb: f.LogProb, StdErr: f.StdErr, Kind: f.Kind, Samples: f.Samples}
}

func (f fitted) mean() float64 { return f.result().Estimate().Value }

// samples is the number of draws for log p of a row of every network here.
const samples = 300

// settings are those of the default run on a table.
func (g *grid) settings(t table) compare.Settings {
	c := compare.Default()
	c.Dataset, c.Seed, c.Drop, c.EvalSamples, c.EvalRows = t.name, g.seed, t.drop, samples, t.evalRows
	if t.file != "" {
		c.Dataset = filepath.Join(g.folder, t.file)
	}
	if t.test != "" {
		c.Test = filepath.Join(g.folder, t.test)
	}
	c.Models = []string{t.exact, "vae"}
	if g.budget > 0 {
		c.Budget = compare.Budget{Work: g.budget}
	}
	return c
}

// standard makes the run that a user makes.
func (g *grid) standard(ctx context.Context, t table) (verdict, error) {
	o, err := (&compare.Job{Settings: g.settings(t)}).Run(ctx)
	if err != nil {
		return verdict{}, err
	}
	return verdictOf(o), nil
}

// verdictOf returns what a run of two kinds says.
func verdictOf(o *compare.Outcome) verdict {
	v := verdict{Exact: outcome(o, 0), Network: outcome(o, 1)}
	for _, p := range o.Results.Pairs {
		v.Better = p.Better
		if p.SoFar != "" {
			v.Better, v.SoFar = p.SoFar, true
		}
	}
	return v
}

func outcome(o *compare.Outcome, i int) fitted {
	m, held := o.Results.Models[i], o.Held[i]
	f := fitted{Marks: m.Improving(), LogProb: held.LogProb, Kind: held.Kind, Samples: held.Samples}
	if held.Kind != density.ExactValue {
		f.StdErr = held.StdErr
	}
	if m.Search != nil {
		f.Size = m.Search.Chosen
	}
	return f
}

// one fits a candidate. What cannot be fitted is no number.
func (g *grid) one(ctx context.Context, t table, kind string, c candidate) (fitted, error) {
	s := g.settings(t)
	s.Models, s.Effort = []string{kind}, 4
	c.set(&s)
	o, err := (&compare.Job{Settings: s}).Run(ctx)
	switch {
	case ctx.Err() != nil:
		return fitted{}, ctx.Err()
	case errors.Is(err, compare.ErrUsage):
		return fitted{}, err
	case err != nil:
		return fitted{Size: c.name, Error: err.Error()}, nil
	}
	f := outcome(o, 0)
	f.Size = c.name
	return f, nil
}

// found is what the grid says of a table.
type found struct {
	table          table
	standard       verdict
	exact, network fitted
	tried          int
}

func (g *grid) run(ctx context.Context, chosen []table) error {
	var all []found
	for _, t := range chosen {
		one := found{table: t}
		var err error
		if one.standard, _, err = keep(g.store, t.name+"/default", func() (verdict, error) { return g.standard(ctx, t) }); err != nil {
			return err
		}
		fmt.Printf("%s, default: %s\n", t.name, one.standard)
		for i, kind := range []string{t.exact, "vae"} {
			list := [][]candidate{t.exacts(), t.networks()}[i]
			if g.most > 0 {
				list = list[:min(g.most, len(list))]
			}
			best, err := g.best(ctx, t, kind, list)
			if err != nil {
				return err
			}
			if i == 0 {
				one.exact = best
			} else {
				one.network = best
			}
			one.tried += len(list)
		}
		all = append(all, one)
	}
	return summary(all)
}

// best fits the candidates of one kind and returns the one with the highest mean on the
// rows held out: more than a choice without these could have known.
func (g *grid) best(ctx context.Context, t table, kind string, list []candidate) (fitted, error) {
	var best fitted
	for i, c := range list {
		f, fresh, err := keep(g.store, fmt.Sprintf("%s/%s %02d", t.name, kind, i), func() (fitted, error) { return g.one(ctx, t, kind, c) })
		if err != nil {
			return best, err
		}
		if fresh {
			text := f.Error
			if f.LogProb != nil {
				text = fmt.Sprintf("%.4f nats %s", f.mean(), f.Marks)
			}
			fmt.Printf("%s, %s %s: %s\n", t.name, kind, c.name, text)
		}
		if f.LogProb != nil && (best.LogProb == nil || f.mean() > best.mean()) {
			best = f
		}
	}
	if best.LogProb == nil {
		return best, fmt.Errorf("%s: no %s of the grid could be fitted", t.name, kind)
	}
	return best, nil
}

// summary prints the default run of each table beside the best of the grid.
func summary(all []found) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ntable\trows × columns\tkind\tdefault\tits size\tbest of the grid\tits size\tdefault − best\twithin 0.3 or 2 s.e.")
	for _, f := range all {
		for i, kind := range []string{f.table.exact, "vae"} {
			standard := []fitted{f.standard.Exact, f.standard.Network}[i]
			best := []fitted{f.exact, f.network}[i]
			d, err := eval.Compare(standard.result(), best.result())
			if err != nil {
				return err
			}
			within := "no"
			if d.Mean > -0.3 || d.Mean > -2*d.StdErr() {
				within = "yes"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%.3f\t%s\t%.3f\t%s\t%+.3f ± %.3f\t%s\n", f.table.name, f.table.size, kind, standard.mean(), standard.Size, best.mean(), best.Size, d.Mean, d.StdErr(), within)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w = tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ntable\tcandidates\tverdict by default\tof the grid\tgrid: exact − vae\tagree")
	for _, f := range all {
		d, err := eval.Compare(f.exact.result(), f.network.result())
		if err != nil {
			return err
		}
		better := ""
		if d.Significant() {
			if better = f.table.exact; d.Mean < 0 {
				better = "vae"
			}
		}
		agree := "not asked"
		if better != "" {
			agree = "no"
			if better == f.standard.Better {
				agree = "yes"
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%+.3f ± %.3f\t%s\n", f.table.name, f.tried, f.standard.name(), verdict{Better: better}.name(), d.Mean, d.StdErr(), agree)
	}
	return w.Flush()
}

// name returns the family that is better, or undecided.
func (v verdict) name() string {
	switch {
	case v.Better == "":
		return "undecided"
	case v.SoFar:
		return v.Better + " so far"
	}
	return v.Better
}

// String returns both numbers and the verdict.
func (v verdict) String() string {
	return fmt.Sprintf("%.4f (%s %s), vae %.4f (%s %s): %s", v.Exact.mean(), v.Exact.Size, v.Exact.Marks, v.Network.mean(), v.Network.Size, v.Network.Marks, v.name())
}
