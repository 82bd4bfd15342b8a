package report

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/figure"
	"likely/results"
)

// drawing is one picture of the output: its file name, and how to draw it. A
// picture that the data or the models do not allow is not in the list.
type drawing struct {
	name string
	draw func() (*figure.Figure, error)
}

// drawings lists the pictures of an outcome. A new picture is a file with a function
// that returns its drawings, and a line here.
func drawings(o *compare.Outcome) []drawing {
	return slices.Concat(
		historyDrawings(o), scoreDrawings(o), learningDrawings(o), gapDrawings(o), boundsDrawings(o), mixtureDrawings(o),
		densityDrawings(o), imageDrawings(o),
		eachFit(o, codeDrawings, pairDrawings, selectionDrawings),
	)
}

// eachFit lists the pictures of one fit after another.
func eachFit(o *compare.Outcome, kinds ...func(*compare.Outcome, *compare.Fit) []drawing) []drawing {
	var list []drawing
	for _, fit := range o.Fits {
		for _, kind := range kinds {
			list = append(list, kind(o, fit)...)
		}
	}
	return list
}

// points returns the training rows that lack nothing, which can be drawn as points;
// nil on measures of levels, where points would lie on top of each other.
func points(d *compare.Data) *mat.Dense {
	if m := d.Preparation.Measure; m == density.Binary || m == density.Discrete || m == density.Mixed {
		return nil
	}
	return d.Train.Complete()
}

func historyDrawings(o *compare.Outcome) []drawing {
	return []drawing{{"histories", func() (*figure.Figure, error) { return drawHistories(o) }}}
}

// drawHistories draws the course of every fit that took more than one step.
func drawHistories(o *compare.Outcome) (*figure.Figure, error) {
	var list []figure.History
	for _, fit := range o.Fits {
		h := fit.History
		if h.Unit == "iteration" && len(h.Train) < 3 {
			continue // the closed form of one Gaussian has no course
		}
		list = append(list, figure.History{
			Title: fit.Model.Name, Subtitle: h.Subtitle, Quantity: h.Quantity, Unit: h.Unit,
			Train: h.Train, Valid: h.Valid, Best: h.Best,
		})
	}
	if len(list) == 0 {
		h := o.Fits[0].History
		list = []figure.History{{Title: o.Fits[0].Model.Name, Subtitle: h.Subtitle, Unit: h.Unit, Train: h.Train}}
	}
	return figure.Histories("Training: "+o.Data.All.Name, list)
}

func scoreDrawings(o *compare.Outcome) []drawing {
	list := scores(o.Results)
	if len(list) == 0 {
		return nil
	}
	rows := map[string]string{"test": "test rows", "train": "training rows"}[o.Results.Reported()]
	return []drawing{{"scores", func() (*figure.Figure, error) {
		return figure.Scores("How good each model is: "+o.Data.All.Name, rows, list)
	}}}
}

// scores returns the scores of the densities on the rows that are reported.
func scores(r *results.Results) []figure.Score {
	var list []figure.Score
	for _, m := range r.Models {
		e, ok := m.Split(r.Reported()).Estimate()
		if !ok {
			continue
		}
		list = append(list, figure.Score{Name: m.Name, Estimate: e})
		if bound, ok := m.Bounds.Bound(); ok && e.Kind != density.ExactValue {
			list = append(list, figure.Score{Name: m.Name + ", ELBO", Estimate: bound})
		}
	}
	return list
}

// mostPairs is the largest number of columns that a scatter matrix is drawn for.
const mostPairs = 6

// pairDrawings draws the rows beside rows drawn from a model, column against column.
// A single Gaussian is left to the mixture that contains it.
func pairDrawings(o *compare.Outcome, fit *compare.Fit) []drawing {
	d := o.Data
	m, ok := fit.Model.Fitted.(density.Model)
	rows := d.Train.Complete()
	if !ok || d.All.Dim() <= 2 || d.All.Dim() > mostPairs || rows == nil || fit.Baseline {
		return nil
	}
	return []drawing{{fit.Model.Name + "-pairs", func() (*figure.Figure, error) {
		x := mat.NewDense(d.Train.Rows(), m.Dim(), nil)
		m.Rand(x, density.NewSource(o.Results.Seed, "comparison.pairs"))
		t := d.Preparation.Transform
		samples := figure.Group{Name: fit.Model.Name + " samples", Points: t.Invert(x, x)}
		outline(&samples, m, t)
		return figure.Pairs("Data and samples: "+fit.Model.Name, d.All.Columns, []figure.Group{{Name: "data", Points: rows}, samples})
	}}}
}

func selectionDrawings(o *compare.Outcome, fit *compare.Fit) []drawing {
	if fit.Selection == nil {
		return nil
	}
	return []drawing{{"selection", func() (*figure.Figure, error) { return drawSelection(fit.Selection, o.Data.All.Name) }}}
}
