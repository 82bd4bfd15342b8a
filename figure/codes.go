package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shapes of categories; with eight colours they repeat after 24.
var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}}

// Codes draws where the examples lie in a code of two dimensions (N×2), such as the
// means of q(z|x). Each label has a colour and a shape, and is written at the median of
// its codes. Circles hold 50 and 95 % of a standard normal, the prior of most codes.
// Codes in a speck at their centre tell nothing about the data, and codes far outside
// are hardly ever drawn. labels has length N, or is nil where there are none.
func Codes(title string, codes *mat.Dense, labels []string) (*Figure, error) {
	if err := checkPoints("the codes", codes, 2); err != nil {
		return nil, err
	}
	n, _ := codes.Dims()
	if labels != nil && len(labels) != n {
		return nil, fmt.Errorf("figure: %d labels for %d codes: %w", len(labels), n, ErrShape)
	}
	rows, note := thin(n, 3*mostPoints)
	p := newPlot("z₁", "z₂", pageWidth, pageWidth)
	p.Add(grid(true, true), circles(priorRadii))
	f := frame{title: title, width: 5 * vg.Inch, height: 5 * vg.Inch}
	if note != "" {
		f.notes = []string{note}
	}
	groups := groupLabels(labels)
	member := make([][]point, len(groups))
	index := make(map[string]int)
	for g, name := range groups {
		index[name] = g
	}
	for _, i := range rows {
		g := 0
		if labels != nil {
			g = index[labels[i]]
		}
		member[g] = append(member[g], point{codes.At(i, 0), codes.At(i, 1)})
	}
	for g, points := range member {
		p.Add(scatter{points, codeStyle(g, len(rows))})
	}
	if labels != nil {
		for g, name := range groups {
			f.legend = append(f.legend, entry{name, glyphThumb(codeStyle(g, 1))})
			if len(member[g]) > 0 {
				p.Add(tag{medianPoint(member[g]), shorten(name, writing(panelSize+1, ink, true), vg.Inch)})
			}
		}
	}
	f.legend = append(f.legend, entry{"50 % and 95 % of a standard normal", lineThumb(circleLine)})
	// One unit has one length on both axes: the prior is round.
	outer := priorRadii[len(priorRadii)-1]
	x0, x1 := columnRange(codes, 0)
	y0, y1 := columnRange(codes, 1)
	x0, x1, y0, y1 = min(x0, -outer), max(x1, outer), min(y0, -outer), max(y1, outer)
	half := max(x1-x0, y1-y0) / 2 * 1.06
	p.X.Min, p.X.Max = (x0+x1)/2-half, (x0+x1)/2+half
	p.Y.Min, p.Y.Max = (y0+y1)/2-half, (y0+y1)/2+half
	f.body = func(c draw.Canvas) { p.Draw(shaped(p, c, 1)) }
	return f.figure(), nil
}

// groupLabels returns the distinct labels in ascending order, numbers by their
// value; a single nameless group for nil.
func groupLabels(labels []string) []string {
	if labels == nil {
		return []string{""}
	}
	groups := slices.Clone(labels)
	slices.SortFunc(groups, func(a, b string) int {
		u, errA := strconv.ParseFloat(a, 64)
		v, errB := strconv.ParseFloat(b, 64)
		switch {
		case errA == nil && errB == nil && u != v:
			return cmp.Compare(u, v)
		case (errA == nil) != (errB == nil):
			return cmp.Compare(btoi(errA != nil), btoi(errB != nil)) // numbers first
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(groups)
}

// btoi returns 1 for true.
func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// codeStyle returns how one of n codes of group g is drawn.
func codeStyle(g, n int) draw.GlyphStyle {
	style := pointStyle(n)
	_, _, _, alpha := style.Color.RGBA()
	style.Color = fade(category(g), min(1, float64(alpha)/0xFFFF+0.1))
	style.Radius *= 1.2
	style.Shape = shapes[g/len(categories)%len(shapes)]
	return style
}

// medianPoint returns the median of each coordinate.
func medianPoint(points []point) point {
	median := func(coordinate func(point) float64) float64 {
		values := make([]float64, len(points))
		for i, p := range points {
			values[i] = coordinate(p)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return point{
		median(func(p point) float64 { return p.x }),
		median(func(p point) float64 { return p.y }),
	}
}

// tag writes a word at a place, with a rim of paper around the letters.
type tag struct {
	at   point
	word string
}

// Plot implements plot.Plotter.
func (t tag) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	at := vg.Point{X: tx(t.at.x), Y: ty(t.at.y)}
	style := writing(panelSize+1, paper, true)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	for _, d := range []vg.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}, {X: 0.7, Y: 0.7}, {X: -0.7, Y: 0.7}, {X: 0.7, Y: -0.7}, {X: -0.7, Y: -0.7}} {
		c.FillText(style, at.Add(d), t.word)
	}
	style.Color = ink
	c.FillText(style, at, t.word)
}

// priorRadii are the radii of the circles around 0 that hold 50 and 95 % of a
// standard normal in the plane, √(−2 ln(1−q)).
var priorRadii = []float64{math.Sqrt(2 * math.Ln2), math.Sqrt(2 * math.Log(20))}

var circleLine = stroke(pencil, 0.9, 4, 3)

// circles draws circles of these radii around 0.
type circles []float64

// Plot implements plot.Plotter.
func (r circles) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, radius := range r {
		line := make([]vg.Point, 181)
		for i := range line {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(line)-1))
			line[i] = vg.Point{X: tx(radius * cos), Y: ty(radius * sin)}
		}
		c.StrokeLines(circleLine, line)
	}
}
