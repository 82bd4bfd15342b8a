package compare

import (
	"context"
	"errors"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/results"
	"likely/saved"
	"likely/vae"
)

// Part is one part of the data: the rows in the units of the data and as the
// models see them.
type Part struct {
	*dataset.Dataset
	// Model holds the rows in model space, N×D.
	Model *mat.Dense
}

// Data is the data of a comparison, cut, on one measure, and transformed.
type Data struct {
	// All is the data as read, before any noise.
	All *dataset.Dataset
	// Train has rows always; Valid and Test may be nil.
	Train, Valid, Test *Part
	// Preparation is what was done to the rows, in a form that is saved
	// with a model.
	Preparation saved.Preparation
	// Stream is the file that All is a sample of; nil: All is everything.
	Stream *dataset.Stream
	// Folds are the rows that are held out in turn, as numbers of rows of All; nil: Test
	// is held out once. Train is then all rows.
	Folds [][]int
	// tested says that the test rows are from a file or set of their own.
	tested bool
	// Warnings says what about the data may make the comparison less than it seems.
	Warnings []density.Warning

	prepared *dataset.Dataset // All, after any noise
	rest     []int            // rows of it that are not held out once
	share    float64          // of the rows outside a fold that are fitted to; 0: all
}

// Close releases the file that is streamed, if one is.
func (d *Data) Close() error {
	if d.Stream == nil {
		return nil
	}
	return d.Stream.Close()
}

// Load reads the data of a configuration and prepares them. The caller closes
// them.
func Load(ctx context.Context, c *Settings) (*Data, error) {
	d := new(Data)
	if err := d.load(ctx, c); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Data) load(ctx context.Context, c *Settings) error {
	c.Missing = c.Missing || len(c.MissingValues) > 0
	all, test, err := d.read(ctx, c)
	if err != nil {
		return err
	}
	for _, one := range []*dataset.Dataset{all, test} {
		if one == nil || one == test && test.SHA256 == all.SHA256 {
			continue
		}
		for _, note := range one.Notes {
			d.warnf("%s: %s", one.Place(), note.Text)
		}
	}
	if all.Missing() > 0 || test != nil && test.Missing() > 0 { // known data may have gaps unasked
		c.Missing = true
		if err := c.checkMeasure(); err != nil {
			return err
		}
	}
	d.tested = test != nil
	all, test = d.leaveIdentifiers(all, test)
	if all, err = onMeasure(c, all); err != nil {
		return err
	}
	d.All = all
	spread, err := dequantize(c, all)
	if err != nil {
		return err
	}
	d.Preparation = saved.NewPreparation(all, spread, c.Binarize, c.Seed)
	d.Preparation.Missing, d.Preparation.MissingValues = c.Missing, c.MissingValues
	if c.levels() {
		if err := levelled(all, c.Likelihood.Value); err != nil {
			return err
		}
		d.Preparation.Measure, d.Preparation.Lo, d.Preparation.Hi = density.Discrete, 0, float64(levels(all)-1)
	}
	prepared, err := d.Preparation.Prepare(all)
	if err != nil {
		return err
	}
	d.prepared = prepared
	holdout, share := c.Holdout, c.Valid
	if d.Folds, err = c.foldsOf(prepared, test != nil); err != nil {
		return err
	}
	if d.Folds != nil {
		share = validShare(prepared.Rows(), share)
	}
	if test != nil || d.Folds != nil {
		holdout = 0
	}
	if err := c.checkGroups(prepared, d.Folds, holdout > 0); err != nil {
		return err
	}
	train, valid, held := prepared.Split(holdout, share, c.Seed)
	of, chosen, _ := prepared.SplitRows(holdout, share, c.Seed)
	d.rest = slices.Concat(of, chosen)
	if test != nil {
		if held, err = d.Preparation.Prepare(test); err != nil {
			return err
		}
	}
	if train.Rows() < 2 && all.Rows() >= 2 {
		return density.SettingErrorf(dataset.ErrTooFew, "%s holds %d rows, of which %d is left to train on: {err}; give more rows, or a smaller {Holdout} and {Valid}", all.Place(), all.Rows(), train.Rows())
	}
	if err := train.Check(); err != nil {
		if d.Stream != nil && d.Stream.Rows() > all.Rows() && errors.Is(err, density.ErrConstant) {
			return density.SettingErrorf(err, "{err}, or give a larger {Stream}: that is so in %d rows of the %d that it holds", train.Rows(), all.Rows())
		}
		return err
	}
	if d.Preparation.Transform, err = transform(c, train); err != nil {
		return err
	}
	d.Train, d.Valid, d.Test = d.part(train), d.part(valid), d.part(held)
	d.warn(c)
	return nil
}

// options returns how the data are to be read.
func (c *Settings) options() dataset.Options {
	return dataset.Options{
		Missing: c.Missing, MissingValues: c.MissingValues, Weights: c.Weights,
		Columns: c.Columns, Drop: c.Drop, Label: c.Label, Group: c.Group, UnseenMissing: c.UnseenMissing,
		Categories: true, Types: c.Types, Measured: !c.typesDecide() || c.Dequantize == DequantizeNever,
	}
}

// read opens the data, and the test set that belongs to them if there is one.
func (d *Data) read(ctx context.Context, c *Settings) (all, test *dataset.Dataset, err error) {
	opt := c.options()
	if c.Stream > 0 {
		if d.Stream, err = openStream(ctx, c); err == nil {
			if all = d.Stream.Sample; c.Test != "" {
				test, err = dataset.OpenTest(c.Test, opt, all)
			}
		}
	} else if c.Test == "" {
		all, test, err = dataset.OpenPair(c.Dataset, opt)
	} else if all, err = dataset.OpenWith(c.Dataset, opt); err == nil {
		test, err = dataset.OpenTest(c.Test, opt, all)
	}
	if errors.Is(err, dataset.ErrMissing) && !c.Missing {
		err = density.SettingErrorf(err, "{err}, or give {Missing}")
	}
	return all, test, err
}

// dequantize decides whether levels are spread.
func dequantize(c *Settings, d *dataset.Dataset) (bool, error) {
	if c.Binarize != dataset.NotBinarized {
		if !d.IsImage() && d.Step == 0 {
			if _, err := dataset.DetectStep(d.X); err != nil {
				return false, density.SettingErrorf(nil, "{Binarize=%v}: %s holds continuous values, not levels of grey, and bits made of them mean nothing; leave it out", c.Binarize, d.Place())
			}
		}
		return false, nil
	}
	if c.levels() {
		return false, nil
	}
	if c.Dequantize == DequantizeImages {
		return d.IsImage() && d.Step > 0 && !c.Missing && d.Measure == density.Continuous, nil
	}
	return c.Dequantize == DequantizeAlways, nil
}

// shares says that the likelihood that was asked for is one of values between 0 and 1.
func (c *Settings) shares() bool { return c.Likelihood.Value == vae.ContinuousBernoulli }

// transform learns the map to model space from the training rows. Binary data
// are left as they are: they have no density to rescale. So are data with gaps,
// of which each row has a scale of its own; a mixture rescales them when it is
// fitted. So are shares between 0 and 1, where the likelihood that was asked for wants
// such.
func transform(c *Settings, train *dataset.Dataset) (density.Transform, error) {
	switch {
	case train.Measure == density.Binary || train.Measure == density.Discrete || c.Transform == Untouched || c.Missing || c.shares():
		return density.NewIdentity(train.Dim()), nil
	}
	return standardizing(c, train)
}

func (d *Data) part(rows *dataset.Dataset) *Part {
	if rows == nil {
		return nil
	}
	return &Part{Dataset: rows, Model: d.Preparation.Transform.Apply(nil, rows.X)}
}

// Head returns the first n rows, all of them for n = 0.
func (p *Part) Head(n int) *Part {
	if n == 0 || n >= p.Rows() {
		return p
	}
	return &Part{Dataset: p.Dataset.Head(n), Model: density.Rows(p.Model, 0, n)}
}

// rows returns the rows in model space; nil where there are none.
func (p *Part) rows() *mat.Dense {
	if p == nil {
		return nil
	}
	return p.Model
}

// weights returns how often each row counts; nil: once.
func (p *Part) weights() []float64 {
	if p == nil {
		return nil
	}
	return p.Weights
}

// thinned returns at most n rows, as far from each other as can be.
func (p *Part) thinned(n int) *Part {
	if p.Rows() <= n {
		return p
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i * p.Rows() / n
	}
	few := &Part{Dataset: p.Dataset.Take(rows), Model: mat.NewDense(n, p.Dim(), nil)}
	for to, from := range rows {
		few.Model.SetRow(to, p.Model.RawRowView(from))
	}
	return few
}

// validation returns the validation rows in model space; nil without them.
func (d *Data) validation() *mat.Dense {
	if d.Valid == nil {
		return nil
	}
	return d.Valid.Model
}

func (d *Data) validationWeights() []float64 {
	if d.Valid == nil {
		return nil
	}
	return d.Valid.Weights
}

// warn says what about the data may make the comparison less than it seems.
func (d *Data) warn(c *Settings) {
	if c.Test != "" && d.Test.SHA256 == d.All.SHA256 {
		d.warnf("{Test} %s holds the rows that the models are trained on, byte for byte: its log p favours the larger model; leave it out, and a share is held out", d.Test.Place())
	}
	if n := d.All.Duplicates(); n > 0 && d.Preparation.Measure == density.Continuous && n*10 > d.All.Rows() {
		d.warnf("%d of %d rows repeat an earlier row: rounded or copied data reward narrow densities; {Dequantize} spreads rounded values by their step", n, d.All.Rows())
	}
	if c.Binarize != dataset.NotBinarized && !d.All.IsImage() {
		d.warnf("%s is not made of images: {Binarize} cuts its columns at one common level, which means something only where they are of one kind", d.All.Place())
	}
	if d.tested {
		if shared := dataset.SharedGroups(d.All, d.Test.Dataset); len(shared) > 0 {
			d.warnf("%d groups of {Group=%s} have rows among both the training and the test rows, such as %q: what is judged was partly seen; leave them out of one", len(shared), c.Group, shared[0])
		}
	}
	if total := d.Train.TotalWeight(); d.Train.Weights != nil && total < float64(d.Train.Rows())/2 {
		d.warnf("the weights of %d training rows sum to %.3g: a weight is the number of times that its row counts, and criteria and errors take the sum for the number of rows; scale the weights if they are shares", d.Train.Rows(), total)
	}
	if n, columns := d.Train.Rows(), d.Train.Dim(); n <= columns && (d.Preparation.Measure == density.Continuous || d.Preparation.Measure == density.Dequantized) {
		d.warnf("%d training rows for %d columns: covariances are singular but for their floor; more rows or {Families=diag} would help", n, columns)
	}
}

// describe returns the description for results.json.
func (d *Data) describe(c *Settings) results.Dataset {
	rows := func(p *Part) int {
		if p == nil {
			return 0
		}
		return p.Rows()
	}
	r := results.Dataset{
		Name: d.All.Name, SHA256: d.All.SHA256, Dim: d.All.Dim(),
		RowsTrain: rows(d.Train), RowsValid: rows(d.Valid), RowsTest: rows(d.Test),
		Measure: d.Preparation.Measure, Binarize: c.Binarize.String(), Transform: c.Transform.String(), EvalRows: c.EvalRows,
		Columns: d.describeColumns(),
	}
	if d.All.Groups != nil {
		r.Group, r.Groups = c.Group, len(dataset.Grouped(d.All.Groups))
	}
	if d.Folds != nil {
		r.Folds, r.RowsTest = len(d.Folds), d.All.Rows()
	}
	if d.Stream != nil {
		r.RowsTrain, r.RowsHeld = newStreamed(d).count, d.All.Rows()
	}
	if m := d.Preparation.Measure; m == density.Binary || m == density.Discrete || c.Missing || c.shares() {
		r.Transform = "none" // probabilities, and rows with gaps, are left as they are
	}
	if c.Missing {
		r.Missing = d.All.Missing()
		if d.Stream != nil {
			r.Missing = d.Stream.Missing()
		}
	}
	if c.Weights != "" {
		r.Weights = &results.Weights{Column: c.Weights, Total: d.All.TotalWeight(), Train: d.Train.TotalWeight(), Absent: d.All.Absent}
		if d.Stream != nil {
			r.Weights.Total, r.Weights.Train = d.Stream.TotalWeight(), newStreamed(d).weight
		}
		if d.Valid != nil {
			r.Weights.Valid = d.Valid.TotalWeight()
		}
		if d.Test != nil {
			r.Weights.Test = d.Test.TotalWeight()
		}
	}
	if d.Preparation.Measure == density.Dequantized && d.Preparation.Step > 0 {
		r.DequantizeStep = &d.Preparation.Step
	}
	if d.Test != nil && d.tested && (c.Test != "" || d.Test.SHA256 != d.All.SHA256) {
		r.Test = &results.File{Name: d.Test.Name, SHA256: d.Test.SHA256}
	}
	return r
}
