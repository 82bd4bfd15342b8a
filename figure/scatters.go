package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ScatterPanel is one of several scatter plots on shared axes.
type ScatterPanel struct {
	Title, Subtitle string
	// Groups are the points, each group in a colour and a shape of its own. Groups of one
	// name look the same in all panels.
	Groups []Group
	// Outlines are closed curves over the points (n×2 each), and OutlineName says in the
	// legend what they hold; nil: none.
	Outlines    []*mat.Dense
	OutlineName string
}

// Scatters draws scatter plots side by side: the same step for several models, or several
// steps of one. All panels share their axes, whose labels are columns. Outlines of groups
// are not drawn; those of the panels are.
func Scatters(title string, panels []ScatterPanel, columns [2]string) (*Figure, error) {
	if len(panels) == 0 {
		return nil, fmt.Errorf("figure: no panels of points: %w", ErrEmpty)
	}
	across := columnsFor(len(panels), 3)
	f := frame{title: title, width: pageWidth}
	if across > 2 {
		f.width = 9.5 * vg.Inch
	}
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	reach := func(points *mat.Dense) {
		for j := range low {
			a, b := columnRange(points, j)
			low[j], high[j] = min(low[j], a), max(high[j], b)
		}
	}
	colors := make(map[string]int)
	var outlined []entry
	drawn := make([]panel, len(panels))
	side := f.width / vg.Length(across)
	for i, one := range panels {
		if len(one.Groups) == 0 {
			return nil, fmt.Errorf("figure: the panel %q has no points: %w", one.Title, ErrEmpty)
		}
		labels := columns
		if i%across > 0 {
			labels[1] = "" // the scale is that of the first
		}
		if i+across < len(panels) {
			labels[0] = "" // and that of the panel below
		}
		p := newPlot(labels[0], labels[1], side-vg.Inch, side-vg.Inch)
		p.Add(grid(true, true))
		all := 0
		for _, g := range one.Groups {
			if err := checkPoints(fmt.Sprintf("points %q", g.Name), g.Points, 2); err != nil {
				return nil, err
			}
			n, _ := g.Points.Dims()
			all += n
			reach(g.Points)
		}
		for _, g := range one.Groups {
			k, known := colors[g.Name]
			if !known {
				k = len(colors)
				colors[g.Name] = k
				f.legend = append(f.legend, entry{g.Name, glyphThumb(scatterStyle(k, 1))})
			}
			n, _ := g.Points.Dims()
			rows, note := thin(n, mostPoints)
			if note != "" {
				f.notes = append(f.notes, fmt.Sprintf("%s, %s: %s", one.Title, g.Name, note))
			}
			s := scatter{style: scatterStyle(k, all)}
			for _, row := range rows {
				s.points = append(s.points, point{g.Points.At(row, 0), g.Points.At(row, 1)})
			}
			p.Add(s)
		}
		if one.Outlines != nil {
			o, err := newOutlines(one.Title, one.Outlines, ink)
			if err != nil {
				return nil, err
			}
			for _, curve := range one.Outlines {
				reach(curve)
			}
			p.Add(o)
			outlined = append(outlined, entry{one.OutlineName, lineThumb(o.style)})
		}
		drawn[i] = panel{one.Title, one.Subtitle, p}
	}
	for _, e := range outlined {
		f.addEntry(e)
	}
	for _, one := range drawn {
		one.plot.X.Min, one.plot.X.Max = pad(low[0], high[0], 0.06)
		one.plot.Y.Min, one.plot.Y.Max = pad(low[1], high[1], 0.06)
	}
	rows := (len(panels) + across - 1) / across
	f.height = vg.Length(rows)*(min(side*0.86, 4*vg.Inch)+head(drawn)+panelGap) - panelGap
	f.body = func(c draw.Canvas) { drawPanels(c, drawn, across) }
	return f.figure(), nil
}

// scatterStyle returns how one of n points of the k-th group is drawn, in a colour and a
// shape of its own.
func scatterStyle(k, n int) draw.GlyphStyle {
	style := codeStyle(k, n)
	style.Shape = shapes[k%len(shapes)]
	return style
}
