package report

import (
	"likely/compare"
	"likely/figure"
	"likely/results"
)

// learningDrawings draws log p of the held-out rows against the number of rows fitted to,
// with a band of one standard error.
func learningDrawings(o *compare.Outcome) []drawing {
	curves := learningCurves(o.Results)
	if len(curves) == 0 {
		return nil
	}
	return []drawing{{"learning", func() (*figure.Figure, error) {
		panel := figure.CurvePanel{X: "rows fitted to and chosen by", Curves: curves}
		return figure.CurvePanels("How much each model learns from more rows: "+o.Data.All.Name, "log p of held-out rows (nats per row)", []figure.CurvePanel{panel}, nil)
	}}}
}

// learningCurves returns the curves that have two points or more.
func learningCurves(r *results.Results) []figure.Curve {
	var list []figure.Curve
	for _, m := range r.Models {
		c := figure.Curve{Name: m.Name}
		for _, p := range m.Learning {
			if p.Nats != nil && p.SE != nil {
				c.X, c.Y, c.StdErr = append(c.X, float64(p.RowsFitted)), append(c.Y, *p.Nats), append(c.StdErr, *p.SE)
			}
		}
		if len(c.X) > 1 {
			list = append(list, c)
		}
	}
	return list
}
