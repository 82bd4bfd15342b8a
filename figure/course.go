package figure

import (
	"image/color"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// course is a history that may be summed up in blocks of steps: a line through
// their medians, on a band of their range.
type course struct {
	x, low, median, high []float64
	line                 draw.LineStyle
	fill                 color.NRGBA
}

// block returns how many steps of the history one point of its lines stands for. It is
// 1, unless there are hundreds of steps that go up and down so often that a line
// through all of them would be a smear.
func (h History) block() int {
	const most = 300 // steps that can be told apart in a panel
	n := len(h.Train)
	if n <= most {
		return 1
	}
	for _, values := range [][]float64{h.Train, h.Valid} {
		turns := 0
		for i := 2; i < len(values); i++ {
			if (values[i]-values[i-1])*(values[i-1]-values[i-2]) < 0 {
				turns++
			}
		}
		if turns > n/8 {
			return (n + most/3 - 1) / (most / 3)
		}
	}
	return 1
}

// newCourse sums up values in blocks of the given size; the last may be
// smaller.
func newCourse(values []float64, size int, line draw.LineStyle, fill color.NRGBA) course {
	u := course{line: line, fill: fade(fill, 0.22)}
	for from := 0; from < len(values); from += size {
		steps := slices.Sorted(slices.Values(values[from:min(from+size, len(values))]))
		// Steps are counted from 1.
		u.x = append(u.x, float64(from)+float64(len(steps)+1)/2)
		u.low = append(u.low, steps[0])
		u.median = append(u.median, steps[len(steps)/2])
		u.high = append(u.high, steps[len(steps)-1])
	}
	return u
}

// Plot implements plot.Plotter: it draws the line.
func (u course) Plot(c draw.Canvas, p *plot.Plot) {
	c.StrokeLines(u.line, c.ClipLinesXY(trace(c, p, u.x, u.median))...)
}

// band returns what draws the range of the blocks.
func (u course) band() plot.Plotter { return courseBand{u} }

type courseBand struct{ course }

// Plot implements plot.Plotter.
func (b courseBand) Plot(c draw.Canvas, p *plot.Plot) {
	if floats.Equal(b.low, b.high) {
		return // every block is one step
	}
	outline := trace(c, p, b.x, b.high)
	below := trace(c, p, b.x, b.low)
	slices.Reverse(below)
	c.FillPolygon(b.fill, c.ClipPolygonXY(append(outline, below...)))
}

// trace returns the places of points on a canvas.
func trace(c draw.Canvas, p *plot.Plot, x, y []float64) []vg.Point {
	tx, ty := p.Transforms(&c)
	points := make([]vg.Point, len(x))
	for i := range points {
		points[i] = vg.Point{X: tx(x[i]), Y: ty(y[i])}
	}
	return points
}
