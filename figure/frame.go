package figure

import (
	"image/color"
	"sort"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frame is what all figures have around their body: a title, a legend in
// rows above the body, where it can cover nothing, and notes below it.
type frame struct {
	title         string
	legend        []entry
	notes         []string
	width, height vg.Length // of the body
	body          func(draw.Canvas)
}

// entry is a line of a legend.
type entry struct {
	label string
	thumb thumb
}

// thumb is the sample of a legend entry.
type thumb struct {
	width vg.Length
	draw  func(draw.Canvas) // onto a canvas of that width
}

// Sizes of legends.
const (
	thumbHeight = vg.Length(9)
	thumbGap    = vg.Length(5)
	entryGap    = vg.Length(16)
	lineHeight  = vg.Length(13)
)

// figure lays out the frame.
func (f frame) figure() *Figure {
	note := writing(bodySize-1, pencil, false)
	var lines []string
	for _, n := range f.notes {
		lines = append(lines, wrap(n, note, f.width)...)
	}
	rows := f.legendRows()

	var top, bottom vg.Length
	if f.title != "" {
		top += titleSize + 8
	}
	if len(rows) > 0 {
		top += vg.Length(len(rows))*lineHeight + 10
	}
	if len(lines) > 0 {
		bottom += vg.Length(len(lines))*(lineHeight-2) + 6
	}
	width, height := f.width+2*margin, f.height+top+bottom+2*margin

	return &Figure{width: width, height: height, draw: func(c draw.Canvas) {
		c.SetColor(paper)
		c.Fill(c.Rectangle.Path())
		left, y := c.Min.X+margin, c.Max.Y-margin
		if f.title != "" {
			y -= titleSize
			c.FillText(writing(titleSize, ink, true), vg.Point{X: left, Y: y}, shorten(f.title, writing(titleSize, ink, true), f.width))
			y -= 8
		}
		label := writing(bodySize, ink, false)
		for _, row := range rows {
			y -= lineHeight
			x := left
			for _, e := range row {
				e.thumb.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
					Min: vg.Point{X: x, Y: y},
					Max: vg.Point{X: x + e.thumb.width, Y: y + thumbHeight},
				}})
				x += e.thumb.width + thumbGap
				c.FillText(label, vg.Point{X: x, Y: y + 1}, e.label)
				x += label.Width(e.label) + entryGap
			}
		}
		f.body(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: left, Y: c.Min.Y + margin + bottom},
			Max: vg.Point{X: left + f.width, Y: c.Min.Y + margin + bottom + f.height},
		}})
		y = c.Min.Y + margin + vg.Length(len(lines))*(lineHeight-2)
		for _, line := range lines {
			y -= lineHeight - 2
			c.FillText(note, vg.Point{X: left, Y: y + 2}, line)
		}
	}}
}

// legendRows breaks the legend into rows that fit the width of the body.
func (f frame) legendRows() [][]entry {
	label := writing(bodySize, ink, false)
	var rows [][]entry
	x := vg.Length(0)
	for _, e := range f.legend {
		e.label = shorten(e.label, label, f.width-e.thumb.width-thumbGap)
		w := e.thumb.width + thumbGap + label.Width(e.label)
		if len(rows) == 0 || x+w > f.width {
			rows = append(rows, nil)
			x = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		x += w + entryGap
	}
	return rows
}

// wrap breaks s into lines no wider than width, at spaces. A word that is wider is
// cut.
func wrap(s string, style text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		word = shorten(word, style, width)
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && style.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// longest is how many characters of a text are looked at: more are nowhere in sight.
const longest = 500

// shorten cuts s so that it is no wider than width.
func shorten(s string, style text.Style, width vg.Length) string {
	runes := []rune(s)
	if len(runes) > longest {
		runes = runes[:longest]
	} else if style.Width(s) <= width {
		return s
	}
	// The most characters that fit, by bisection.
	kept := sort.Search(len(runes), func(n int) bool { return style.Width(string(runes[:n+1])+"…") > width })
	return strings.TrimSpace(string(runes[:kept])) + "…"
}

// lineThumb, fillThumb and glyphThumb are samples of a line, an area and a
// mark.
func lineThumb(s draw.LineStyle) thumb {
	return thumb{20, func(c draw.Canvas) { c.StrokeLine2(s, c.Min.X, c.Center().Y, c.Max.X, c.Center().Y) }}
}

func fillThumb(fill color.Color, edge draw.LineStyle) thumb {
	return thumb{16, func(c draw.Canvas) {
		c.SetColor(fill)
		c.Fill(c.Rectangle.Path())
		if edge.Width > 0 {
			c.SetLineStyle(edge)
			c.Stroke(c.Rectangle.Path())
		}
	}}
}

func glyphThumb(s draw.GlyphStyle) thumb {
	return thumb{2*s.Radius + 2, func(c draw.Canvas) { c.DrawGlyphNoClip(s, c.Center()) }}
}

// panel is a plot with two lines of text above it.
type panel struct {
	title, subtitle string
	plot            *plot.Plot
}

// Room for the lines above a panel.
const (
	panelTitle    = panelSize + 5
	panelSubtitle = bodySize + 4
	panelGap      = vg.Length(18)
)

// head returns the height of the text above panels.
func head(panels []panel) vg.Length {
	var h vg.Length
	for _, p := range panels {
		switch {
		case p.subtitle != "":
			h = max(h, panelTitle+panelSubtitle+2)
		case p.title != "":
			h = max(h, panelTitle+2)
		}
	}
	return h
}

// drawPanels draws panels in rows of the given number of columns, with data
// areas of one size.
func drawPanels(c draw.Canvas, panels []panel, columns int) {
	rows := (len(panels) + columns - 1) / columns
	plots := make([][]*plot.Plot, rows)
	for i := range plots {
		plots[i] = make([]*plot.Plot, columns)
	}
	for i, p := range panels {
		plots[i/columns][i%columns] = p.plot
	}
	text := head(panels)
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadTop: text, PadX: panelGap, PadY: text + panelGap}
	bold, plain := writing(panelSize, ink, true), writing(bodySize, pencil, false)
	for i, row := range plot.Align(plots, tiles, c) {
		for j, tile := range row {
			if plots[i][j] == nil {
				continue
			}
			plots[i][j].Draw(tile)
			p := panels[i*columns+j]
			area := plots[i][j].DataCanvas(tile)
			width := area.Max.X - area.Min.X
			y := area.Max.Y + 5
			if p.subtitle != "" {
				c.FillText(plain, vg.Point{X: area.Min.X, Y: y}, shorten(p.subtitle, plain, width))
				y += panelSubtitle
			}
			c.FillText(bold, vg.Point{X: area.Min.X, Y: y}, shorten(p.title, bold, width))
		}
	}
}

// columnsFor returns in how many columns n panels look balanced.
func columnsFor(n, most int) int {
	rows := (n + most - 1) / most
	return (n + rows - 1) / rows
}

// shaped crops c on the right or on top so that the data area of p has the
// given ratio of height to width.
func shaped(p *plot.Plot, c draw.Canvas, ratio float64) draw.Canvas {
	size := p.DataCanvas(c).Size()
	if excess := size.Y - size.X*vg.Length(ratio); excess > 0 {
		return draw.Crop(c, 0, 0, 0, -excess)
	}
	return draw.Crop(c, 0, size.Y/vg.Length(ratio)-size.X, 0, 0)
}
