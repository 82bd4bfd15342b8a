package figure

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ManifoldCodes returns the k²×2 codes at which Manifold expects images. They are the
// grid of the quantiles (i+½)/k of a standard normal along both axes. Each cell then
// stands for the same mass 1/k² of the prior. Codes run from left to right (z₁
// ascending), and from the top down (z₂ descending).
func ManifoldCodes(k int) *mat.Dense {
	if k < 1 {
		panic("figure: a manifold needs at least one code a side")
	}
	z := mat.NewDense(k*k, 2, nil)
	for j := range k {
		for i := range k {
			z.SetRow(j*k+i, []float64{quantile(i, k), quantile(k-1-j, k)})
		}
	}
	return z
}

// quantile returns the (i+½)/k quantile of the standard normal.
func quantile(i, k int) float64 {
	if 2*i+1 == k {
		return 0 // exactly, where the inverse would round
	}
	return distuv.UnitNormal.Quantile((float64(i) + 0.5) / float64(k))
}

// Manifold draws what a model with a code of two dimensions makes of each
// part of its prior: image (j, i) is the decoded code of row j·k+i of
// ManifoldCodes(k). images is k² × Height·Width.
func Manifold(title string, images *mat.Dense, k int, shape ImageShape) (*Figure, error) {
	if err := checkImages("the manifold", images, shape); err != nil {
		return nil, err
	}
	if n, _ := images.Dims(); n != k*k {
		return nil, fmt.Errorf("figure: a manifold of %d images, want %d×%d: %w", n, k, k, ErrShape)
	}
	shape = shape.withGreys(images)
	picture := montage(images, k, k, shape)

	p := newPlot("z₁", "z₂", pageWidth, pageWidth)
	var marks plot.ConstantTicks
	stride := (k + 12) / 13
	for i := range k {
		// Symmetric, and with 0 where there is one.
		if from := min(i, k-1-i); k%2 == 0 && from%stride == 0 || k%2 == 1 && (k/2-from)%stride == 0 {
			marks = append(marks, plot.Tick{Value: float64(i), Label: formatTick(quantile(i, k), 0.01)})
		}
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Min, a.Max = -0.5, float64(k)-0.5
		a.Tick.Marker = marks
		a.LineStyle.Width = 0
	}
	p.Add(picturePlot{picture})
	// The picture is as wide or high as the page allows, whatever the
	// shape of an image, and what the axes need is added.
	ratio := float64(shape.Height) / float64(shape.Width)
	width := 4.8 * vg.Inch / vg.Length(max(1, ratio))
	return frame{
		title: title, width: width + 48, height: width*vg.Length(ratio) + 34,
		notes: []string{fmt.Sprintf("Codes lie at quantiles of the standard normal prior; each image stands for 1/%d of its mass.", k*k)},
		body:  func(c draw.Canvas) { p.Draw(shaped(p, c, ratio)) },
	}.figure(), nil
}
