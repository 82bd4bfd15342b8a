package report

import (
	"fmt"
	"math"
	"strings"

	"likely/figure"
	"likely/results"
)

// drawSelection draws the criterion against the number of components.
func drawSelection(s *results.Selection, name string) (*figure.Figure, error) {
	var curves []figure.Curve
	index := make(map[string]int)
	for _, c := range s.Candidates {
		if _, seen := index[c.Covariance]; !seen {
			index[c.Covariance] = len(curves)
			curves = append(curves, figure.Curve{Name: c.Covariance})
		}
	}
	most := 0
	for _, c := range s.Candidates {
		most = max(most, c.Components)
	}
	for k := 1; k <= most; k++ {
		for _, c := range s.Candidates {
			if v := c.Ranked(s.Criterion); c.Components == k && v != nil && !math.IsInf(*v, 0) {
				curve := &curves[index[c.Covariance]]
				curve.X, curve.Y = append(curve.X, float64(k)), append(curve.Y, *v)
				if chosen := s.Candidates[0]; c.Covariance == chosen.Covariance && k == chosen.Components {
					curve.Best = len(curve.X)
				}
			}
		}
	}
	kept := curves[:0]
	for _, c := range curves {
		if len(c.X) > 0 {
			kept = append(kept, c)
		}
	}
	label, unit := s.Criterion, "nats"
	switch label {
	case "bic", "aic", "icl":
		label = strings.ToUpper(label)
	default:
		label, unit = "held-out log p", "nats per row"
	}
	return figure.Criteria("Number and family of components: "+name, fmt.Sprintf("%s (%s, larger is better)", label, unit), false, kept)
}
