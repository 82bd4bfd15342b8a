package figure

import (
	"image/color"
	"math"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes that all figures share.
const (
	bodySize  = vg.Length(9) // ticks, legends, notes
	titleSize = vg.Length(12)
	panelSize = vg.Length(10)
	margin    = vg.Length(12)
	pageWidth = 7 * vg.Inch
)

var (
	ink    = color.NRGBA{0x22, 0x22, 0x22, 0xFF}
	pencil = color.NRGBA{0x60, 0x60, 0x60, 0xFF} // secondary text, axes
	faint  = color.NRGBA{0xE4, 0xE4, 0xE4, 0xFF} // grid lines
	paper  = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
	silver = color.NRGBA{0xBB, 0xBB, 0xBB, 0xFF} // histograms of data
)

// writing returns the sans-serif style of the given size and colour.
func writing(size vg.Length, c color.Color, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return text.Style{Color: c, Font: f, Handler: plot.DefaultTextHandler, XAlign: draw.XLeft, YAlign: draw.YBottom}
}

// newPlot returns an empty plot in the common theme. Labels are cut to the
// given lengths: gonum/plot cannot lay out one that is longer than its axis.
func newPlot(x, y string, width, height vg.Length) *plot.Plot {
	p := plot.New()
	plain := writing(bodySize, ink, false)
	p.X.Label.Text, p.Y.Label.Text = shorten(x, plain, width), shorten(y, plain, height)
	p.X.Tick.Label.YAlign = draw.YTop
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		label := plain
		label.XAlign, label.YAlign = draw.XCenter, draw.YBottom
		a.Label.TextStyle = label
		a.Label.Padding = 4
		a.Padding = 0
		a.LineStyle = stroke(pencil, 0.7)
		a.Tick.LineStyle = stroke(pencil, 0.7)
		a.Tick.Length = 3.5
		a.Tick.Label.Font = plain.Font
		a.Tick.Label.Color = ink
		a.Tick.Marker = ticks{}
	}
	return p
}

// grid returns faint lines at the ticks of the axes asked for.
func grid(vertical, horizontal bool) *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical, g.Horizontal = draw.LineStyle{}, draw.LineStyle{}
	if vertical {
		g.Vertical = stroke(faint, 0.6)
	}
	if horizontal {
		g.Horizontal = stroke(faint, 0.6)
	}
	return g
}

// stroke returns a line style.
func stroke(c color.Color, width vg.Length, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dashes}
}

// pad widens the interval [low, high] by the given share on both sides; an
// empty one gets a width that suits its magnitude.
func pad(low, high, share float64) (float64, float64) {
	width := high - low
	if scale := max(math.Abs(low), math.Abs(high)); scale == 0 {
		return -1, 1
	} else if !(width > 1e-12*scale) {
		return low - 0.1*scale, high + 0.1*scale
	}
	return low - share*width, high + share*width
}
