package report

import (
	"encoding/base64"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/saved"
	"likely/vae"
)

// Plane holds the densities of data of one or two columns over the range of the rows,
// and how they came about.
type Plane struct {
	// From and To are the corners, one number for each column, and Nodes the number of
	// nodes along each side; At are the rows.
	From  []float64    `json:"from"`
	To    []float64    `json:"to"`
	Nodes int          `json:"nodes"`
	At    [][]nullable `json:"at"`
	// High is the largest log density of the last frames, in nats: the top of the
	// colour scale, which ends Depth nats below.
	High   float64      `json:"high_nats"`
	Depth  float64      `json:"depth_nats"`
	Models []PlaneModel `json:"models"`
}

// PlaneModel is the course of one model.
type PlaneModel struct {
	Name string `json:"name"`
	// Unit is what the frames count: iteration or epoch; "" for a model without a
	// course.
	Unit   string       `json:"unit,omitempty"`
	Frames []PlaneFrame `json:"frames"`
}

// PlaneFrame is a model at one time.
type PlaneFrame struct {
	At int `json:"at"`
	// Field holds log p at the nodes, the last column running fastest: a byte each in
	// base64, 255 for High, 1 for High − Depth, 0 for less.
	Field string `json:"field"`
	// Ellipses are the components of a mixture, as flat lists of x and y.
	Ellipses [][]nullable `json:"ellipses,omitempty"`
}

const (
	planeNodes   = 56  // along each side of a plane
	lineNodes    = 240 // along a line
	planeDepth   = 10  // nats
	planePadding = 0.15
	// planeCodes is the number of codes, along each side of a grid, of a model on the
	// way; that of the fitted model is the one of the pictures.
	planeCodes   = 40
	planeEllipse = 48 // points of an ellipse
)

// newPlane evaluates the densities of data of one or two columns; nil for others.
func newPlane(o *compare.Outcome, shown *compare.Part) *Plane {
	rows := points(o.Data)
	if rows == nil || o.Data.All.Dim() > 2 {
		return nil
	}
	p := &Plane{Depth: planeDepth, Nodes: planeNodes}
	d := o.Data.All.Dim()
	if d == 1 {
		p.Nodes = lineNodes
	}
	for j := range d {
		column := mat.Col(nil, j, rows)
		low, high := slices.Min(column), slices.Max(column)
		margin := planePadding * (high - low)
		p.From, p.To = append(p.From, low-margin), append(p.To, high+margin)
	}
	for i := range shown.Rows() {
		p.At = append(p.At, numbers(shown.X.RawRowView(i)))
	}
	grid := p.grid()
	var fields [][][]float64
	p.High = math.Inf(-1)
	for _, fit := range o.Fits {
		one, logs := planeModel(fit, grid)
		if len(logs) == 0 {
			continue
		}
		for _, v := range logs[len(logs)-1] {
			if !math.IsInf(v, 1) {
				p.High = max(p.High, v)
			}
		}
		p.Models, fields = append(p.Models, one), append(fields, logs)
	}
	if len(p.Models) == 0 || math.IsInf(p.High, 0) {
		return nil
	}
	for i := range p.Models {
		for k := range p.Models[i].Frames {
			p.Models[i].Frames[k].Field = p.encode(fields[i][k])
		}
	}
	return p
}

// grid returns the nodes, the last column running fastest.
func (p *Plane) grid() *mat.Dense {
	node := func(j, k int) float64 { return p.From[j] + (p.To[j]-p.From[j])*float64(k)/float64(p.Nodes-1) }
	if len(p.From) == 1 {
		x := mat.NewDense(p.Nodes, 1, nil)
		for k := range p.Nodes {
			x.Set(k, 0, node(0, k))
		}
		return x
	}
	x := mat.NewDense(p.Nodes*p.Nodes, 2, nil)
	for i := range p.Nodes {
		for k := range p.Nodes {
			x.SetRow(i*p.Nodes+k, []float64{node(0, i), node(1, k)})
		}
	}
	return x
}

// encode turns log densities into bytes.
func (p *Plane) encode(logs []float64) string {
	bytes := make([]byte, len(logs))
	for i, v := range logs {
		if t := 1 + (v-p.High)/p.Depth; t >= 0 {
			bytes[i] = uint8(1 + 254*min(t, 1) + 0.5)
		}
	}
	return base64.StdEncoding.EncodeToString(bytes)
}

// planeModel returns the course of a fit with its log densities at the nodes.
func planeModel(fit *compare.Fit, grid *mat.Dense) (PlaneModel, [][]float64) {
	one := PlaneModel{Name: fit.Model.Name, Unit: fit.History.Unit}
	frames := fit.Course
	if len(frames) < 2 {
		one.Unit, frames = "", []compare.Frame{{Model: fit.Model.Fitted}}
	}
	var fields [][]float64
	t := fit.Model.Preparation.Transform
	for i, frame := range frames {
		m := &saved.Model{Name: fit.Model.Name, Fitted: frame.Model, Preparation: fit.Model.Preparation}
		draw := drawable
		if i < len(frames)-1 {
			draw = sketch
		}
		exact, ok := draw(m)
		if !ok {
			continue
		}
		f := PlaneFrame{At: frame.At}
		if mixture, is := frame.Model.(*gmm.Model); is && mixture.Dim() == 2 && mixture.Components() > 1 {
			for _, curve := range outlinesOf(mixture, t) {
				f.Ellipses = append(f.Ellipses, numbers(curve.RawMatrix().Data))
			}
		}
		one.Frames = append(one.Frames, f)
		fields = append(fields, density.Transformed(exact, t).LogProb(nil, grid))
	}
	return one, fields
}

// sketch is drawable for a model on the way, at less cost.
func sketch(m *saved.Model) (density.Exact, bool) {
	network, ok := m.Fitted.(*vae.Model)
	if !ok || network.Config().Prior != vae.StandardNormal || network.LatentDim() != 2 {
		return drawable(m)
	}
	mixture, err := network.MixtureAt(figure.ManifoldCodes(planeCodes))
	return mixture, err == nil
}

// outlinesOf returns the ellipses of the components of a mixture of two columns.
func outlinesOf(m *gmm.Model, t density.Transform) []*mat.Dense {
	curves := make([]*mat.Dense, m.Components())
	for k := range curves {
		curve := m.Ellipse(k, ellipseShare, planeEllipse)
		curves[k] = t.Invert(curve, curve)
	}
	return curves
}
