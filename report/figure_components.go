package report

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/saved"
)

// ellipseShare is the probability that an ellipse around a component holds of it in
// the two columns shown, the second of the shares that densities are drawn in.
const (
	ellipseShare  = 0.8
	ellipsesName  = "components, 80 % of each"
	ellipsePoints = 90
)

// ellipses returns the confidence ellipses of the components in columns a and b, in the
// units of the data.
func ellipses(m *gmm.Model, t density.Transform, a, b int) []*mat.Dense {
	two := m.Marginal(a, b)
	units := density.Transform{Shift: []float64{t.Shift[a], t.Shift[b]}, Scale: []float64{t.Scale[a], t.Scale[b]}}
	curves := make([]*mat.Dense, two.Components())
	for k := range curves {
		curve := two.Ellipse(k, ellipseShare, ellipsePoints)
		curves[k] = units.Invert(curve, curve)
	}
	return curves
}

// parts returns the weighted log densities of the components of a mixture in one
// column, in the units of the data.
func parts(m *gmm.Model, t density.Transform) []figure.LogDensity {
	var list []figure.LogDensity
	for k, w := range m.Weights() {
		if w == 0 {
			continue
		}
		one, err := gmm.New([]float64{1}, mat.NewDense(1, 1, []float64{m.Means().At(k, 0)}), []mat.Symmetric{m.Covariance(k)})
		if err != nil {
			continue // the picture shows the sum all the same
		}
		logs := density.Transformed(one, t).LogProb
		list = append(list, func(dst []float64, x *mat.Dense) []float64 {
			dst = logs(dst, x)
			for i := range dst {
				dst[i] += math.Log(w)
			}
			return dst
		})
	}
	return list
}

// outline adds the ellipses of a mixture's components to rows drawn from it.
func outline(g *figure.Group, m density.Model, t density.Transform) {
	if mixture, ok := m.(*gmm.Model); ok {
		g.Outlines = func(a, b int) []*mat.Dense { return ellipses(mixture, t, a, b) }
		g.OutlineName = ellipsesName
	}
}

// components adds the components of a mixture of one or two columns to a panel. A
// VAE that is drawn as a finite mixture has none to speak of.
func components(p *figure.Panel, m saved.Fitted, t density.Transform) {
	mixture, ok := m.(*gmm.Model)
	if !ok || mixture.Components() < 2 {
		return
	}
	switch mixture.Dim() {
	case 1:
		p.Parts, p.OutlineName = parts(mixture, t), "components of "+p.Title
	case 2:
		p.Outlines, p.OutlineName = ellipses(mixture, t, 0, 1), ellipsesName
	}
}
