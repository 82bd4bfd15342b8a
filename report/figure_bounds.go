package report

import (
	"likely/compare"
	"likely/figure"
	"likely/results"
)

// boundsDrawings draws the estimators of each model that has a bound and was trained
// to have a density.
func boundsDrawings(o *compare.Outcome) []drawing {
	var list []drawing
	for i, m := range o.Results.Models {
		if _, bounded := m.Bounds.Bound(); !bounded || len(m.Estimators) == 0 || o.Fits[i].Assumed {
			continue
		}
		name := "bounds"
		if len(list) > 0 {
			name = m.Name + "-bounds"
		}
		list = append(list, drawing{name, func() (*figure.Figure, error) {
			return drawEstimators("How the bounds approach log p: "+o.Data.All.Name, m.Estimators)
		}})
	}
	return list
}

// drawEstimators draws the bounds against the effort put into each: the number of
// samples inside the logarithm, and the number of temperatures of annealing. The
// best values that are known are lines across both.
func drawEstimators(title string, list []results.Estimator) (*figure.Figure, error) {
	sampling := figure.CurvePanel{Title: "Importance sampling", Subtitle: "draws from the encoder", X: "samples K"}
	annealing := figure.CurvePanel{Title: "Annealed importance sampling", Subtitle: "Hamiltonian Monte Carlo", X: "temperatures"}
	var references []figure.Reference
	for _, r := range list {
		e, ok := r.Estimate()
		if !ok {
			continue
		}
		se := 0.0
		if e.SampleErr > 0 {
			se = e.SampleErr
		}
		switch {
		case r.Line != "":
			references = append(references, figure.Reference{Name: r.Line, Value: e.Value, StdErr: se})
		case r.Curve != "" && r.Temperatures > 0:
			addPoint(&annealing, r.Curve, r.Temperatures, e.Value, se)
		case r.Curve != "":
			addPoint(&sampling, r.Curve, r.Draws, e.Value, se)
		}
	}
	panels := []figure.CurvePanel{sampling}
	if len(annealing.Curves) > 0 {
		panels = append(panels, annealing)
	}
	return figure.CurvePanels(title, "log p (nats per row)", panels, references)
}

// addPoint adds a point to the curve of this name, which is made where it is new.
func addPoint(p *figure.CurvePanel, name string, x int, y, se float64) {
	last := len(p.Curves) - 1
	if last < 0 || p.Curves[last].Name != name {
		p.Curves = append(p.Curves, figure.Curve{Name: name})
		last++
	}
	c := &p.Curves[last]
	c.X, c.Y, c.StdErr = append(c.X, float64(x)), append(c.Y, y), append(c.StdErr, se)
}
