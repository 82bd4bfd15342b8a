package compare

import (
	"slices"
	"strings"

	"likely/density"
	"likely/figure"
)

// drawEstimators draws the bounds against the effort put into each: the number of
// samples inside the logarithm, and the number of temperatures of annealing. The
// best values that are known are lines across both.
func drawEstimators(title string, list []EstimatorResult) (*figure.Figure, error) {
	exact := slices.ContainsFunc(list, func(r EstimatorResult) bool { return r.Kind == density.ExactValue && r.Nats != nil })
	several := figure.Curve{Name: "K-sample bound"}
	prior := figure.Curve{Name: "AIS from p(z)"}
	refined := figure.Curve{Name: "AIS from the refined q"}
	var references []figure.Reference
	for _, r := range list {
		if r.Nats == nil {
			continue
		}
		se := 0.0
		if r.SESamples != nil {
			se = *r.SESamples
		}
		add := func(c *figure.Curve, x int) {
			c.X, c.Y, c.StdErr = append(c.X, float64(x)), append(c.Y, *r.Nats), append(c.StdErr, se)
		}
		switch {
		case r.Name == nameIWAE:
			add(&several, r.Draws)
		case r.Name == nameAIS:
			add(&prior, r.Temperatures)
		case r.Name == nameAISRefined:
			add(&refined, r.Temperatures)
		case r.Name == nameRefined:
			references = append(references, figure.Reference{Name: "refined ELBO", Value: *r.Nats, StdErr: se})
		case r.Kind == density.ExactValue && r.Name != nameELBO:
			references = append(references, figure.Reference{Name: "log p, " + strings.ReplaceAll(r.Name, nameExact, "closed form"), Value: *r.Nats})
		case r.Name == nameImportance && !exact:
			references = append(references, figure.Reference{Name: "log p, importance sampling", Value: *r.Nats, StdErr: se})
		}
	}
	panels := []figure.CurvePanel{{Title: "Importance sampling", Subtitle: "draws from the encoder", X: "samples K", Curves: []figure.Curve{several}}}
	annealing := figure.CurvePanel{Title: "Annealed importance sampling", Subtitle: "Hamiltonian Monte Carlo", X: "temperatures"}
	for _, c := range []figure.Curve{prior, refined} {
		if len(c.X) > 0 {
			annealing.Curves = append(annealing.Curves, c)
		}
	}
	if len(annealing.Curves) > 0 {
		panels = append(panels, annealing)
	}
	return figure.CurvePanels(title, "log p (nats per row)", panels, references)
}
