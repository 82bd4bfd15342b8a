package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// CurvePanel is a set of curves that share a setting.
type CurvePanel struct {
	// Title says what is varied, Subtitle how; either may be empty.
	Title, Subtitle string
	// X labels the setting, with its unit. All X must be positive: the axis is
	// logarithmic.
	X      string
	Curves []Curve
}

// CurvePanels draws one quantity against several settings side by side, on one vertical
// scale, for comparison: say, a bound by its number of samples beside a bound by the
// number of temperatures of annealing. quantity labels the vertical axis. References
// run through all panels; they may be nil.
func CurvePanels(title, quantity string, panels []CurvePanel, references []Reference) (*Figure, error) {
	if len(panels) == 0 {
		return nil, fmt.Errorf("figure: no panels of curves: %w", ErrEmpty)
	}
	f := frame{title: title, width: pageWidth}
	if len(panels) > 2 {
		f.width = 9.5 * vg.Inch
	}
	low, high := math.Inf(1), math.Inf(-1)
	var levels []plot.Plotter
	var legend []entry
	for k, r := range references {
		if err := checkValues("the reference "+r.Name, r.Value, r.StdErr); err != nil {
			return nil, err
		}
		low, high = min(low, r.Value-r.StdErr), max(high, r.Value+r.StdErr)
		style := stroke(pencil, 1.1, [][]vg.Length{{4, 2}, {1.5, 1.5}}[k%2]...)
		levels = append(levels, level{r, style})
		legend = append(legend, entry{r.Name, lineThumb(style)})
	}
	drawn := make([]panel, len(panels))
	color, banded := 0, false
	for i, one := range panels {
		if len(one.Curves) == 0 {
			return nil, fmt.Errorf("figure: the panel %s has no curves: %w", one.Title, ErrEmpty)
		}
		label := quantity
		if i > 0 {
			label = "" // the scale is that of the first
		}
		p := newPlot(one.X, label, f.width/vg.Length(len(panels))-vg.Inch, 2.5*vg.Inch)
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
		p.Add(grid(false, true))
		p.Add(levels...)
		left, right := math.Inf(1), math.Inf(-1)
		for _, c := range one.Curves {
			if err := c.check(true); err != nil {
				return nil, err
			}
			left, right = min(left, c.X[0]), max(right, c.X[len(c.X)-1])
			for k, y := range c.Y {
				se := 0.0
				if c.StdErr != nil {
					se = c.StdErr[k]
				}
				low, high = min(low, y-se), max(high, y+se)
			}
			banded = banded || c.StdErr != nil && floats.Max(c.StdErr) > 0
			style := stroke(category(color), 1.5, dashes(color)...)
			p.Add(curve{c, category(color), style, shapes[color%len(shapes)]})
			f.legend = append(f.legend, entry{c.Name, lineThumb(style)})
			color++
		}
		ratio := math.Pow(max(right/left, 1.1), 0.04)
		p.X.Min, p.X.Max = left/ratio, right*ratio
		drawn[i] = panel{one.Title, one.Subtitle, p}
	}
	low, high = pad(low, high, 0.06)
	for _, one := range drawn {
		one.plot.Y.Min, one.plot.Y.Max = low, high
	}
	f.legend = append(f.legend, legend...)
	if banded {
		f.notes = []string{"Bands: ± one standard error."}
	}
	f.height = 3.1*vg.Inch + head(drawn)
	f.body = func(c draw.Canvas) { drawPanels(c, drawn, len(drawn)) }
	return f.figure(), nil
}
