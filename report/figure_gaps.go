package report

import (
	"likely/compare"
	"likely/figure"
	"likely/results"
)

func gapDrawings(o *compare.Outcome) []drawing {
	gaps := gapFigure(o.Results)
	if len(gaps) == 0 {
		return nil
	}
	return []drawing{{"gaps", func() (*figure.Figure, error) {
		return figure.Gaps("Why the bound is below log p: "+o.Data.All.Name, gaps)
	}}}
}

// gapFigure returns the parts of the models' gaps, or nothing where none was
// divided.
func gapFigure(r *results.Results) []figure.Gap {
	var gaps []figure.Gap
	for _, m := range r.Models {
		g := m.Gap
		if !g.Divided() {
			continue
		}
		part := func(name string, nats, se *float64) figure.GapPart {
			p := figure.GapPart{Name: name, Nats: *nats}
			if se != nil {
				p.StdErr = *se
			}
			return p
		}
		gaps = append(gaps, figure.Gap{Name: m.Name, Parts: []figure.GapPart{
			part("approximation", g.Approximation, g.ApproximationSE),
			part("amortisation", g.Amortization, g.AmortizationSE),
		}})
	}
	return gaps
}
