package report

import (
	"math"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/figure"
)

// codeDrawings returns the pictures of a 2-D code: what it decodes to, and where
// the training rows lie in it.
func codeDrawings(o *compare.Outcome, fit *compare.Fit) []drawing {
	d := o.Data
	m, ok := fit.Model.Fitted.(coded)
	if !ok || m.LatentDim() != 2 {
		return nil
	}
	list := []drawing{{fit.Model.Name + "-codes", func() (*figure.Figure, error) {
		return figure.Codes("Where the encoder puts the training rows: "+fit.Model.Name, m.Encode(nil, d.Train.Model), labels(d))
	}}}
	if d.All.IsImage() {
		const side = 15
		list = append(list, drawing{fit.Model.Name + "-manifold", func() (*figure.Figure, error) {
			images := m.DecodeMean(nil, manifoldCodes(m, side))
			return figure.Manifold("What each code decodes to: "+fit.Model.Name, d.Preparation.Transform.Invert(images, images), side, imageShape(d))
		}})
	}
	return list
}

// manifoldCodes returns the codes of a picture of the manifold, at the quantiles of
// a normal with the mean and the standard deviations of the prior.
func manifoldCodes(m coded, side int) *mat.Dense {
	z := figure.ManifoldCodes(side)
	mean, covariance := m.Prior().Moments()
	z.Apply(func(_, j int, v float64) float64 { return mean[j] + math.Sqrt(covariance.At(j, j))*v }, z)
	return z
}

// labels returns the class names of the training rows, or nil.
func labels(d *compare.Data) []string { return classNames(d, d.Train.Labels) }

// classNames returns the names of classes, or nil where rows have none.
func classNames(d *compare.Data, classes []int) []string {
	if classes == nil {
		return nil
	}
	names := make([]string, len(classes))
	for i, k := range classes {
		names[i] = strconv.Itoa(k)
		if k < len(d.All.LabelNames) {
			names[i] = d.All.LabelNames[k]
		}
	}
	return names
}
