package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/results"
)

// Progress is told how far the work has come: done of total units (total 0:
// unknown) of the named task, with a short note. Calls may come from several
// goroutines.
type Progress interface {
	Step(task string, done, total int, note string)
}

// ErrOtherData reports data that are not those of the run that is to be repeated.
var ErrOtherData = errors.New("other data than those of the run to repeat")

// Job is one comparison.
type Job struct {
	Settings Settings
	// Spelling is how the reader of warnings gives settings; nil: as fields.
	Spelling density.Spelling
	// Fingerprint is the SHA-256 that the data must have, TestFingerprint that of
	// Settings.Test; "": any.
	Fingerprint, TestFingerprint string
	// Progress may be nil.
	Progress Progress
	// Checkpoint is a folder that keeps the models finished so far, so that
	// an interrupted run can be continued; "": none. Resume reads it.
	Checkpoint string
	Resume     bool

	kinds int // that are fitted, which share a budget of time
	// fold is the number of the fold that is held out, from 1; 0: none.
	fold int
	// share is that of the rows which a point of a learning curve is fitted to; 0: all.
	share float64
	// label is what the progress of a repetition begins with.
	label string
	// folds is how often the whole procedure is made, where rows are held out in turn.
	folds int
}

func (j *Job) step(task string, done, total int, note string) {
	if j.Progress != nil {
		if j.fold > 0 {
			task = fmt.Sprintf("fold %d: %s", j.fold, task)
		}
		j.Progress.Step(j.label+task, done, total, note)
	}
}

// Outcome is what a comparison found: the results, and the models and the data that
// they are of, for who wants to save or to draw them.
type Outcome struct {
	Results *results.Results
	// Fits are in the order of Results.Models.
	Fits []*Fit
	Data *Data
	// LogProb holds log p of each row that is reported ([Outcome.Reported]), for each
	// model; nil for one without a density.
	LogProb []*eval.Result
	// Held holds log p of each row that was held out, in nats of the data, for each model:
	// the test rows or, with folds, all rows in their order; nil without such rows or
	// without a density.
	Held []*eval.Result
	// Command is the line that asked for the comparison; "": not known.
	Command string
}

// Reported returns the rows that the results report: held-out ones, or those trained
// on where none were held out.
func (o *Outcome) Reported() *Part {
	if o.Data.Test != nil {
		return o.Data.Test.Head(o.Results.Dataset.EvalRows)
	}
	return o.Data.Train.Head(o.Results.Dataset.EvalRows)
}

// Run fits the models to the training rows and evaluates them. It writes nothing but
// the checkpoint.
func (j *Job) Run(ctx context.Context) (*Outcome, error) {
	if err := j.Settings.Check(); err != nil {
		return nil, err
	}
	j.step("reading "+j.Settings.Dataset, 0, 0, "")
	settings, err := json.Marshal(&j.Settings)
	if err != nil {
		return nil, fmt.Errorf("the record of the settings: %w", err)
	}
	d, err := Load(ctx, &j.Settings)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := j.checkFingerprints(d); err != nil {
		return nil, err
	}
	if err := d.checkNovelty(&j.Settings); err != nil {
		return nil, err
	}
	if err := j.Settings.checkLearning(d); err != nil {
		return nil, err
	}
	chosen, err := selectKinds(&j.Settings, d)
	if err != nil {
		return nil, err
	}
	d.warnStream(chosen)
	out := &Outcome{Data: d, Results: &results.Results{
		Schema: results.Schema, Seed: j.Settings.Seed, Version: CurrentVersion(), Settings: settings,
		Warnings: []string{}, Dataset: d.describe(&j.Settings),
		Models: []*results.Model{}, Pairs: []results.Pair{},
	}}
	if err := j.fitAll(ctx, out, chosen); err != nil {
		return nil, err
	}
	if err := j.evaluateAll(ctx, out); err != nil {
		return nil, err
	}
	out.Results.Novelty, err = j.novelty(ctx, out.Fits, d)
	return out, err
}

// checkFingerprints returns an error for other data than were asked for.
func (j *Job) checkFingerprints(d *Data) error {
	check := func(one *dataset.Dataset, want string) error {
		if want == "" || one.SHA256 == want {
			return nil
		}
		return fmt.Errorf("%s has the fingerprint %.12s… where %.12s… was asked for: %w", one.Place(), one.SHA256, want, ErrOtherData)
	}
	err := check(d.All, j.Fingerprint)
	if err == nil && j.Settings.Test != "" {
		err = check(d.Test.Dataset, j.TestFingerprint)
	}
	return err
}

// fitAll fits a model of each kind.
func (j *Job) fitAll(ctx context.Context, out *Outcome, chosen []Kind) error {
	var warnings []string
	j.kinds = len(chosen)
	if out.Data.Folds != nil {
		j.folds = len(out.Data.Folds) + 1
	}
	for _, kind := range chosen {
		fit, err := j.fitOrResume(ctx, kind, out.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", out.Data.All.Place(), err)
		}
		for _, w := range fit.Warnings {
			warnings = append(warnings, kind.Name()+": "+w)
		}
		out.Fits = append(out.Fits, fit)
	}
	// What is said of the data, resumed fits among it, comes first.
	for _, w := range out.Data.Warnings {
		out.Results.Warnings = append(out.Results.Warnings, w.In(j.spelling(), 0))
	}
	out.Results.Warnings = append(out.Results.Warnings, warnings...)
	return nil
}

// evaluateAll evaluates the fitted models, and compares every two of them.
func (j *Job) evaluateAll(ctx context.Context, out *Outcome) error {
	var evaluations []*evaluation
	for _, fit := range out.Fits {
		e, err := j.evaluate(ctx, fit, out.Data)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", out.Data.All.Place(), fit.Model.Name, err)
		}
		if out.Data.Folds != nil {
			if err := j.crossValidate(ctx, e, fit, out.Data); err != nil {
				return fmt.Errorf("%s: %s: %w", out.Data.All.Place(), fit.Model.Name, err)
			}
		}
		if j.Settings.LearningCurve {
			if err := j.learn(ctx, e, fit, out.Data); err != nil {
				return fmt.Errorf("%s: %s: %w", out.Data.All.Place(), fit.Model.Name, err)
			}
		}
		if j.Settings.Repeats > 1 && (out.Data.Test != nil || out.Data.Folds != nil) {
			if err := j.repeat(ctx, e, fit.Kind, out.Data); err != nil {
				return fmt.Errorf("%s: %s: %w", out.Data.All.Place(), fit.Model.Name, err)
			}
		}
		for _, w := range e.warnings {
			out.Results.Warnings = append(out.Results.Warnings, e.name+": "+w.In(j.spelling(), 0))
		}
		if s := e.scale; s != nil && s.Dependent {
			s.Advice = j.scaleAdvice(s, out.Data)
			out.Results.Warnings = append(out.Results.Warnings, e.name+": "+s.Advice)
		}
		out.Results.Models = append(out.Results.Models, describeModel(fit, e, out.Data))
		_, _, logp := e.reported(out.Data)
		out.LogProb = append(out.LogProb, logp)
		out.Held = append(out.Held, e.test.logProb)
		evaluations = append(evaluations, e)
	}
	var err error
	if out.Results.Pairs, err = pairs(evaluations); err != nil {
		return err
	}
	soFar(out.Results)
	out.Results.LearningPairs, err = learningPairs(evaluations)
	return err
}
