package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/eval/explain"
	"likely/results"
)

// A density can gain without bound by being narrow: on values that repeat because they
// were rounded, or that are equal. How much of a number is owed to that is measured by
// blurring: the density is averaged around each row, and what log p loses is what it
// owed to structure narrower than the average. Rows are averaged over
//
//   - their cell, ± half a step in each column whose values lie on a grid: what is left
//     is the probability of the cell, which is all that rounded values know, or
//   - a normal distribution with 9 floors of variance: what is left has ten times the
//     floor in the place of the floor.
//
// A density that is smooth on these scales loses next to nothing.

const (
	// blurRows and blurDraws are the rows that are blurred, and the draws around each,
	// blurCodes the draws of the code where log p has no closed form.
	blurRows, blurDraws, blurCodes = 256, 32, 64
	// dependentNats is the loss from which a number is said to depend on a scale: a
	// difference of models that rests on it is no difference of models. A gain is no
	// matter: who loses for being too narrow, loses.
	dependentNats = 0.1
)

// measureScale measures what the reported number of a model owes to the step of the data
// and to the floor.
func (j *Job) measureScale(ctx context.Context, e *evaluation, fit *Fit, d *Data) error {
	on, part, logp := e.reported(d)
	if m := d.Preparation.Measure; logp == nil || m == density.Binary || m == density.Discrete {
		return nil
	}
	density, err := j.blurrable(fit)
	if err != nil || density == nil {
		return err
	}
	part = part.Head(blurRows)
	s := &results.Scale{On: on, Rows: part.Rows()}
	if steps := d.steps(); steps != nil {
		loss, err := j.blur(ctx, density, part, "step", func(r *rand.Rand, col int) float64 {
			return steps[col] * (r.Float64() - 0.5)
		})
		if err != nil {
			return err
		}
		s.Step = results.Optional(loss)
	}
	if fit.FloorActive == nil || *fit.FloorActive {
		sd := d.floorDeviations(&j.Settings)
		loss, err := j.blur(ctx, density, part, "floor", func(r *rand.Rand, col int) float64 {
			return 3 * sd[col] * r.NormFloat64()
		})
		if err != nil {
			return err
		}
		s.Floor = results.Optional(loss)
	}
	if s.Step == nil && s.Floor == nil {
		return nil
	}
	s.Dependent = results.Value(s.Step) > dependentNats || results.Value(s.Floor) > dependentNats
	e.scale = s
	return nil
}

// steps returns the spacing of the values of each column in model space, 0 where it is
// counted or on no grid; nil if none is on one.
func (d *Data) steps() []float64 {
	if d.Preparation.Measure == density.Dequantized {
		return nil // noise has filled the steps
	}
	steps, found := dataset.RepeatedSteps(d.All), false
	for j := range steps {
		if d.counted(j) {
			steps[j] = 0
		}
		steps[j] /= d.Preparation.Transform.Scale[j]
		found = found || steps[j] > 0
	}
	if !found {
		return nil
	}
	return steps
}

// counted reports whether column j has probabilities.
func (d *Data) counted(j int) bool {
	types := d.Preparation.Types
	return types != nil && types[j].Discrete()
}

// floorDeviations returns the standard deviation of the floor in each column, in model
// space; 0 where the column is counted.
func (d *Data) floorDeviations(c *Settings) []float64 {
	floor := c.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	out := make([]float64, d.Train.Dim())
	for j := range out {
		if d.counted(j) {
			continue
		}
		var n, mean, squares float64
		for i := range d.Train.Rows() {
			if v := d.Train.Model.At(i, j); !math.IsNaN(v) {
				n++
				delta := v - mean
				mean += delta / n
				squares += delta * (v - mean)
			}
		}
		out[j] = math.Sqrt(floor * squares / n)
	}
	return out
}

// blurrable is a density that can be asked around a row: log p at each row of x (n×D),
// all near to the row centre (1×D), but for a constant that they share.
type blurrable func(x, centre *mat.Dense, source rand.Source) []float64

// blurrable returns the density of a fit; nil: it cannot be blurred.
func (j *Job) blurrable(fit *Fit) (blurrable, error) {
	if kind, ok := fit.Kind.(encoded); ok {
		if s, ok := kind.Subject(fit.Model.Fitted); ok {
			return encodedNear(s), nil
		}
		return nil, nil
	}
	model, proposal, err := evaluableModel(fit.Model)
	if exact, ok := model.(density.Exact); ok && err == nil && proposal == nil {
		return func(x, _ *mat.Dense, _ rand.Source) []float64 { return exact.LogProb(nil, x) }, nil
	}
	return nil, err
}

// encodedNear weighs the same codes, drawn for the centre, for all rows near it: the
// error of the draws is one that they share.
func encodedNear(s explain.Subject) blurrable {
	return func(x, centre *mat.Dense, source rand.Source) []float64 {
		n, dim := x.Dims()
		latent := s.Model.LatentDim()
		repeated := mat.NewDense(blurCodes, dim, nil)
		for i := range blurCodes {
			repeated.SetRow(i, centre.RawRowView(0))
		}
		z := mat.NewDense(blurCodes, latent, nil)
		s.Encoder.Rand(z, repeated, source)
		weight := s.Model.LogPrior(nil, z)
		for i, q := range s.Encoder.LogProb(nil, z, repeated) {
			weight[i] -= q
		}
		out := make([]float64, n)
		for i := range n {
			for k := range blurCodes {
				repeated.SetRow(k, x.RawRowView(i))
			}
			terms := s.Model.LogLik(nil, repeated, z)
			for k := range terms {
				terms[k] += weight[k]
			}
			out[i] = density.LogSumExp(terms)
		}
		return out
	}
}

// blur returns how much the mean log p of rows is above that of the density averaged
// around each of them, in nats; draw makes a shift of a column.
func (j *Job) blur(ctx context.Context, f blurrable, p *Part, purpose string, draw func(r *rand.Rand, col int) float64) (float64, error) {
	n, dim := p.Model.Dims()
	x := mat.NewDense(1+blurDraws, dim, nil)
	var sum, total float64
	for i := range n {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		random := rand.New(density.NewSource(j.Settings.Seed, "comparison."+purpose, uint64(p.Row(i))))
		row := p.Model.RawRowView(i)
		x.SetRow(0, row)
		for k := range blurDraws {
			to := x.RawRowView(1 + k)
			for col, v := range row {
				to[col] = v + draw(random, col)
			}
		}
		logp := f(x, mat.NewDense(1, dim, row), density.NewSource(j.Settings.Seed, "comparison."+purpose+" codes", uint64(p.Row(i))))
		loss := logp[0] - (density.LogSumExp(logp[1:]) - math.Log(blurDraws))
		if math.IsNaN(loss) || math.IsInf(loss, -1) {
			continue // a row of density 0, which says so itself
		}
		w := 1.0
		if p.Weights != nil {
			w = p.Weights[i]
		}
		// Beyond all that floats resolve, a loss is as good as any.
		sum += w * min(loss, 1e3)
		total += w
	}
	return sum / total, nil
}

// scaleAdvice says what a number that depends on a scale owes to it, and what to do.
func (j *Job) scaleAdvice(s *results.Scale, d *Data) string {
	var parts []string
	amount := func(loss float64) string {
		if loss > 10 { // so far off, draws miss some of what is narrow
			return "10 nats or more"
		}
		return fmt.Sprintf("%.2g nats", loss)
	}
	if loss := results.Value(s.Step); loss > dependentNats {
		parts = append(parts, fmt.Sprintf("%s are owed to structure narrower than the steps between its values", amount(loss)))
	}
	if loss := results.Value(s.Floor); loss > dependentNats {
		parts = append(parts, fmt.Sprintf("%s are lost where {Floor} is ten times as large", amount(loss)))
	}
	return density.Warnf("%s: these say nothing of the data, and it is compared with no other model; %s", strings.Join(parts, ", and "), d.scaleRemedy(results.Value(s.Step) > dependentNats)).In(j.spelling(), 0)
}

// scaleRemedy says what to do: of columns that others determine, to leave them out; of
// values that repeat, to say what they are. stepped says that a number is owed to steps.
func (d *Data) scaleRemedy(stepped bool) string {
	var dependent []string
	for _, note := range d.All.Notes {
		if note.Kind == dataset.NoteColumn {
			dependent = append(dependent, note.Column)
		}
	}
	example, repeats := d.All.Columns[0], false
	for col, step := range dataset.RepeatedSteps(d.All) {
		if step > 0 && !d.counted(col) {
			example, repeats = d.All.Columns[col], true
			break
		}
	}
	var remedies []string
	if len(dependent) > 0 {
		remedies = append(remedies, fmt.Sprintf("leave out what other columns determine, by {Drop=%s}", strings.Join(dependent, ",")))
	}
	if len(dependent) == 0 || stepped || repeats {
		remedies = append(remedies, fmt.Sprintf("declare columns of few values by {Types=%s=categorical} or count, or spread rounded ones by {Dequantize=yes}", example))
	}
	return strings.Join(remedies, "; ")
}
