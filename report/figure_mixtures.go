package report

import (
	"likely/compare"
	"likely/figure"
	"likely/results"
)

// mixtureDrawings draws each model that was set beside finite mixtures of its outputs.
func mixtureDrawings(o *compare.Outcome) []drawing {
	var list []drawing
	for _, m := range o.Results.Models {
		if m.Mixtures != nil {
			list = append(list, drawing{m.Name + "-mixtures", func() (*figure.Figure, error) {
				return drawMixtures("A finite mixture nears log p: "+m.Name+", "+o.Data.All.Name, m.Mixtures)
			}})
		}
	}
	return list
}

// drawMixtures draws log p against the number of codes, with what it nears as a line.
func drawMixtures(title string, x *results.Mixtures) (*figure.Figure, error) {
	var curves []figure.Curve
	for _, one := range []struct {
		name  string
		curve *results.MixtureCurve
	}{{"draws from the prior", x.Draws}, {"evenly spread codes", x.Even}} {
		if one.curve == nil {
			continue
		}
		c := figure.Curve{Name: one.name}
		for _, p := range one.curve.Points {
			if p.Nats != nil && p.SE != nil {
				c.X, c.Y, c.StdErr = append(c.X, float64(p.Codes)), append(c.Y, *p.Nats), append(c.StdErr, *p.SE)
			}
		}
		if len(c.X) > 0 {
			curves = append(curves, c)
		}
	}
	name := "log p, estimated"
	if x.Exact {
		name = "log p, by quadrature"
	}
	var references []figure.Reference
	if x.Reference != nil {
		references = []figure.Reference{{Name: name, Value: *x.Reference}}
	}
	return figure.Curves(title, figure.CurvesAxes{X: "codes S", Y: "log p (nats per row)", LogX: true}, curves, references)
}
