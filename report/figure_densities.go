package report

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/figure"
	"likely/saved"
	"likely/vae"
)

// densityDrawings draws the densities of data with one or two columns.
func densityDrawings(o *compare.Outcome) []drawing {
	d := o.Data
	rows, list := points(d), panels(o)
	if rows == nil || len(list) == 0 {
		return nil
	}
	switch d.All.Dim() {
	case 1:
		return []drawing{{"densities", func() (*figure.Figure, error) {
			return figure.Density1D("Densities: "+d.All.Name, mat.Col(nil, 0, rows), list, d.All.Columns[0])
		}}}
	case 2:
		return []drawing{{"densities", func() (*figure.Figure, error) {
			return figure.Densities("Densities: "+d.All.Name, rows, list, [2]string{d.All.Columns[0], d.All.Columns[1]})
		}}}
	}
	return nil
}

// panels returns the densities to draw, in the units of the data.
func panels(o *compare.Outcome) []figure.Panel {
	if o.Data.All.Dim() > 2 {
		return nil
	}
	var list []figure.Panel
	for i, fit := range o.Fits {
		m, ok := drawable(fit.Model)
		if !ok {
			continue
		}
		s, where := o.Results.Models[i].Test, "test"
		if s == nil {
			s, where = o.Results.Models[i].Train, "train"
		}
		t := fit.Model.Preparation.Transform
		p := figure.Panel{
			Title:      fit.Model.Name,
			Subtitle:   fmt.Sprintf("%s: %s nats (%s)", where, natsText(s), strings.SplitN(kindText(s), ",", 2)[0]),
			LogDensity: density.Transformed(m, t).LogProb,
		}
		components(&p, fit.Model.Fitted, t)
		list = append(list, p)
	}
	return list
}

// drawnCodes is the number of codes along each side of the grid that stands for
// the prior of a 2-D code in a picture, and its square that of random codes for
// other codes.
const drawnCodes = 64

// drawsOfCode is how many draws each code of one dimension stands for: so even codes are
// a quadrature, whose error no line shows.
const drawsOfCode = 64

// evenly sets z (n×1) to the quantiles of draws (kn×1), which it sorts: the middle of each
// k in order.
func evenly(z, draws *mat.Dense) {
	values := draws.RawMatrix().Data
	slices.Sort(values)
	n, _ := z.Dims()
	k := len(values) / n
	for i := range n {
		z.Set(i, 0, (values[i*k+(k-1)/2]+values[i*k+k/2])/2)
	}
}

// drawable returns a density that can be evaluated at every node of a grid: the
// model itself if it is exact, or a VAE as a finite mixture.
func drawable(m *saved.Model) (density.Exact, bool) {
	switch f := m.Fitted.(type) {
	case *vae.Model:
		if marginal, ok, err := f.Marginal(); ok && err == nil {
			return marginal, true
		}
		z := figure.ManifoldCodes(drawnCodes)
		if f.LatentDim() != 2 || f.Config().Prior != vae.StandardNormal {
			z = mat.NewDense(drawnCodes*drawnCodes, f.LatentDim(), nil)
			source := density.NewSource(m.Preparation.Seed, "comparison.drawable")
			if f.LatentDim() == 1 {
				many := mat.NewDense(drawnCodes*drawnCodes*drawsOfCode, 1, nil)
				f.RandPrior(many, source)
				evenly(z, many)
			} else {
				f.RandPrior(z, source)
			}
		}
		mixture, err := f.MixtureAt(z)
		return mixture, err == nil
	case density.Exact:
		return f, true
	}
	return nil, false
}
