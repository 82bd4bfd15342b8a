package compare

import (
	"context"
	"fmt"
	"path"

	"likely/internal/wholefile"
)

// ResultsFile is the file that every output folder of a comparison holds.
const ResultsFile = "results.json"

// Progress is told how far the work has come: done of total units (total 0:
// unknown) of the named task, with a short note. Calls may come from several
// goroutines.
type Progress interface {
	Step(task string, done, total int, note string)
}

// Job is one comparison.
type Job struct {
	Config Config
	// Folder receives the output; nil: only the results are returned.
	Folder *wholefile.Folder
	// Progress may be nil.
	Progress Progress
	// Checkpoint is a folder that keeps the models finished so far, so that
	// an interrupted run can be continued; "": none. Resume reads it.
	Checkpoint string
	Resume     bool
}

func (j *Job) step(task string, done, total int, note string) {
	if j.Progress != nil {
		j.Progress.Step(task, done, total, note)
	}
}

// Run fits the models, evaluates them and stages the output in the folder,
// which the caller commits.
func (j *Job) Run(ctx context.Context) (*Results, error) {
	j.step("reading "+j.Config.Dataset, 0, 0, "")
	d, err := Load(ctx, &j.Config)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := d.checkNovelty(&j.Config); err != nil {
		return nil, err
	}
	chosen, err := selectFamilies(&j.Config, d)
	if err != nil {
		return nil, err
	}
	d.warnStream(chosen)
	results := &Results{
		Schema: Schema, Seed: j.Config.Seed, Version: CurrentVersion(),
		Warnings: []string{}, Dataset: d.describe(&j.Config),
		Models: []*ModelResult{}, Pairs: []PairResult{},
	}
	fits := make([]*Fit, len(chosen))
	evaluations := make([]*evaluation, len(chosen))
	for i, f := range chosen {
		if fits[i], err = j.fitOrResume(ctx, f, d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.All.Place(), translated{err})
		}
		for _, w := range fits[i].Warnings {
			results.Warnings = append(results.Warnings, f.name+": "+translate(w))
		}
	}
	results.Warnings = append(append([]string{}, d.Warnings...), results.Warnings...)
	for i, f := range chosen {
		if evaluations[i], err = j.evaluate(ctx, fits[i], d); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", d.All.Place(), f.name, err)
		}
		for _, w := range evaluations[i].warnings {
			results.Warnings = append(results.Warnings, f.name+": "+w)
		}
		results.Models = append(results.Models, describeModel(fits[i], evaluations[i], d))
	}
	if results.Pairs, err = pairs(evaluations); err != nil {
		return nil, err
	}
	if results.Novelty, err = j.novelty(ctx, fits, d); err != nil {
		return nil, err
	}
	return results, j.stage(ctx, results, fits, d)
}

// stage writes models, figures and results.json to the staged folder.
func (j *Job) stage(ctx context.Context, results *Results, fits []*Fit, d *Data) error {
	if j.Folder == nil {
		return nil
	}
	for i, fit := range fits {
		name := path.Join("models", fit.Model.Name+".safetensors")
		file, err := j.Folder.Stage(name)
		if err != nil {
			return err
		}
		if err := fit.Model.Save(file); err != nil {
			return err
		}
		results.Models[i].File = name
	}
	if err := j.figures(ctx, results, fits, d); err != nil {
		return err
	}
	file, err := j.Folder.Stage(ResultsFile)
	if err != nil {
		return err
	}
	return wholefile.Write(file, results.WriteJSON)
}
