package report

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/compare"
	"likely/density"
	"likely/figure"
)

const (
	// mostPairs is the largest number of columns that a scatter matrix of all is drawn
	// for. Of more, fewPairs are drawn: those in which the models differ most.
	mostPairs, fewPairs = 6, 4
	// distanceRows is the number of rows by which that is told.
	distanceRows = 1000
)

// pairDrawings draws the rows beside rows drawn from a model, column against column.
// A single Gaussian is left to the mixture that contains it.
func pairDrawings(o *compare.Outcome, fit *compare.Fit) []drawing {
	d := o.Data
	m, ok := fit.Model.Fitted.(density.Model)
	rows := d.Train.Complete()
	many := d.All.Dim() > mostPairs
	if !ok || d.All.Dim() <= 2 || rows == nil || fit.Baseline || many && (d.All.IsImage() || points(d) == nil) {
		return nil
	}
	return []drawing{{fit.Model.Name + "-pairs", func() (*figure.Figure, error) {
		x := mat.NewDense(d.Train.Rows(), m.Dim(), nil)
		m.Rand(x, density.NewSource(o.Results.Seed, "comparison.pairs"))
		t := d.Preparation.Transform
		samples := figure.Group{Name: fit.Model.Name + " samples", Points: t.Invert(x, x)}
		outline(&samples, m, t)
		data := figure.Group{Name: "data", Points: rows}
		if !many {
			return figure.Pairs("Data and samples: "+fit.Model.Name, d.All.Columns, []figure.Group{data, samples})
		}
		columns := differing(o, fewPairs)
		names := make([]string, len(columns))
		for i, j := range columns {
			names[i] = d.All.Columns[j]
		}
		return figure.Pairs("Data and samples: "+fit.Model.Name+", columns in which models differ most", names,
			[]figure.Group{some(data, columns), some(samples, columns)})
	}}}
}

// some returns a group with some of its columns.
func some(g figure.Group, columns []int) figure.Group {
	n, _ := g.Points.Dims()
	x := mat.NewDense(n, len(columns), nil)
	for i := range n {
		for to, from := range columns {
			x.Set(i, to, g.Points.At(i, from))
		}
	}
	out := g
	out.Points = x
	if g.Outlines != nil {
		out.Outlines = func(a, b int) []*mat.Dense { return g.Outlines(columns[a], columns[b]) }
	}
	return out
}

// differing returns n columns in increasing order: those with the largest distance of
// Kolmogorov and Smirnov between what any two models draw there. A single model is set
// beside the data. Ties go to the first.
func differing(o *compare.Outcome, n int) []int {
	var draws []*mat.Dense
	for i, fit := range o.Fits {
		m, ok := fit.Model.Fitted.(density.Model)
		if !ok || fit.Baseline {
			continue
		}
		x := mat.NewDense(distanceRows, m.Dim(), nil)
		m.Rand(x, density.NewSource(o.Results.Seed, "comparison.differing columns", uint64(i)))
		draws = append(draws, x)
	}
	if len(draws) == 1 {
		draws = append(draws, o.Data.Preparation.Transform.Apply(nil, points(o.Data)))
	}
	distances := columnDistances(draws)
	order := make([]int, len(distances))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(distances[b], distances[a]) })
	order = order[:min(n, len(order))]
	slices.Sort(order)
	return order
}

// columnDistances returns the largest distance between any two tables, column by column.
func columnDistances(tables []*mat.Dense) []float64 {
	_, d := tables[0].Dims()
	out := make([]float64, d)
	for j := range d {
		sorted := make([][]float64, len(tables))
		for k, x := range tables {
			sorted[k] = mat.Col(nil, j, x)
			slices.Sort(sorted[k])
		}
		for k := range sorted {
			for _, other := range sorted[k+1:] {
				out[j] = max(out[j], stat.KolmogorovSmirnov(sorted[k], nil, other, nil))
			}
		}
	}
	return out
}
