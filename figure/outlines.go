package figure

import (
	"fmt"
	"image/color"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// outlines draws closed curves: the fainter, the more there are.
type outlines struct {
	curves []*mat.Dense
	style  draw.LineStyle
}

// newOutlines checks the curves of a model.
func newOutlines(title string, curves []*mat.Dense, c color.NRGBA) (outlines, error) {
	for _, curve := range curves {
		if err := checkPoints(fmt.Sprintf("an outline of %s", title), curve, 2); err != nil {
			return outlines{}, err
		}
	}
	return outlines{curves, stroke(fade(c, 0.35+0.5/float64(1+len(curves)/8)), 0.9, 3, 2)}, nil
}

// Plot implements plot.Plotter.
func (o outlines) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, curve := range o.curves {
		n, _ := curve.Dims()
		line := make([]vg.Point, 0, n+1)
		for i := range n + 1 {
			line = append(line, vg.Point{X: tx(curve.At(i%n, 0)), Y: ty(curve.At(i%n, 1))})
		}
		c.StrokeLines(o.style, c.ClipLinesXY(line)...)
	}
}

// addEntry adds an entry to the legend unless it is there.
func (f *frame) addEntry(e entry) {
	for _, old := range f.legend {
		if old.label == e.label {
			return
		}
	}
	f.legend = append(f.legend, e)
}
