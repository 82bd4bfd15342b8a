package figure

import (
	"fmt"
	"image"
	"image/color"
	pixels "image/draw"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ImageShape says how a row of numbers is an image.
type ImageShape struct {
	// Height and Width are in pixels; a row holds Height lines of Width
	// values, from the top.
	Height, Width int
	// Black and White are the values drawn as black and as white; values
	// beyond them are cut off. If they are equal, they are taken from the
	// smallest and largest value of the first row of images.
	Black, White float64
}

// ImageRow is a labelled row of images.
type ImageRow struct {
	// Label names the row, such as "data" or "vae: samples".
	Label string
	// Detail is a second, smaller line; it may be empty.
	Detail string
	// Images has one image a row (N × Height·Width).
	Images *mat.Dense
}

// Images draws rows of grey images under each other, with their labels on the
// left: data, samples of each model, reconstructions. All images share one
// scale of greys. At most the first 16 images of a row are drawn.
func Images(title string, rows []ImageRow, shape ImageShape) (*Figure, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("figure: no images: %w", ErrEmpty)
	}
	across := 0
	for _, r := range rows {
		if err := checkImages(fmt.Sprintf("images %q", r.Label), r.Images, shape); err != nil {
			return nil, err
		}
		n, _ := r.Images.Dims()
		across = max(across, min(n, 16))
	}
	shape = shape.withGreys(rows[0].Images)

	bold, plain := writing(bodySize, ink, true), writing(bodySize-1, pencil, false)
	labels := vg.Length(0)
	for _, r := range rows {
		labels = max(labels, bold.Width(r.Label), plain.Width(r.Detail))
	}
	labels = min(labels, 2*vg.Inch)
	const gap = 10
	strip := pageWidth - labels - gap
	cell := min(strip/vg.Length(across), 60)
	line := cell*vg.Length(shape.Height)/vg.Length(shape.Width) + 3
	height := vg.Length(len(rows)) * line

	montages := make([]image.Image, len(rows))
	counts := make([]int, len(rows))
	for k, r := range rows {
		n, _ := r.Images.Dims()
		counts[k] = min(n, across)
		montages[k] = montage(r.Images, counts[k], 1, shape)
	}
	return frame{
		title: title, width: labels + gap + cell*vg.Length(across), height: height,
		body: func(c draw.Canvas) {
			for k, r := range rows {
				top := c.Max.Y - vg.Length(k)*line
				middle := top - line/2
				if r.Detail == "" {
					c.FillText(bold, vg.Point{X: c.Min.X, Y: middle - bodySize/2 + 2}, shorten(r.Label, bold, labels))
				} else {
					c.FillText(bold, vg.Point{X: c.Min.X, Y: middle + 1}, shorten(r.Label, bold, labels))
					c.FillText(plain, vg.Point{X: c.Min.X, Y: middle - bodySize - 1}, shorten(r.Detail, plain, labels))
				}
				left := c.Min.X + labels + gap
				c.DrawImage(vg.Rectangle{
					Min: vg.Point{X: left, Y: top - line + 3},
					Max: vg.Point{X: left + cell*vg.Length(counts[k]), Y: top},
				}, montages[k])
			}
		},
	}.figure(), nil
}

// checkImages returns an error unless x holds finite images of the shape.
func checkImages(what string, x *mat.Dense, shape ImageShape) error {
	if shape.Height < 1 || shape.Width < 1 {
		return fmt.Errorf("figure: images of %d×%d pixels: %w", shape.Height, shape.Width, ErrShape)
	}
	if err := checkValues("the grey scale", shape.Black, shape.White); err != nil {
		return err
	}
	return checkPoints(what, x, shape.Height*shape.Width)
}

// withGreys fills in the scale of greys from x where it is not given.
func (s ImageShape) withGreys(x *mat.Dense) ImageShape {
	if s.Black == s.White {
		s.Black, s.White = mat.Min(x), mat.Max(x)
	}
	if s.Black == s.White {
		s.White++ // images of a single value are black
	}
	return s
}

// montage places the first across·down images of x, row by row, in one
// picture with narrow gaps. Pixels are enlarged without
// smoothing, so that renderers that smooth do so at the edges only.
func montage(x *mat.Dense, across, down int, shape ImageShape) image.Image {
	zoom := max(1, 112/max(shape.Height, shape.Width))
	gap := max(2, zoom*max(shape.Height, shape.Width)/18)
	width, height := zoom*shape.Width+gap, zoom*shape.Height+gap
	out := image.NewNRGBA(image.Rect(0, 0, across*width, down*height))
	pixels.Draw(out, out.Bounds(), image.NewUniform(faint), image.Point{}, pixels.Src)
	for k := range across * down {
		row := x.RawRowView(k)
		left, top := k%across*width+gap/2, k/across*height+gap/2
		for j := range zoom * shape.Height {
			for i := range zoom * shape.Width {
				v := row[j/zoom*shape.Width+i/zoom]
				t := min(max((v-shape.Black)/(shape.White-shape.Black), 0), 1)
				g := uint8(math.Round(255 * t))
				out.SetNRGBA(left+i, top+j, color.NRGBA{g, g, g, 255})
			}
		}
	}
	return out
}

// picturePlot fills the data area of a plot with a picture.
type picturePlot struct{ picture image.Image }

// Plot implements plot.Plotter.
func (p picturePlot) Plot(c draw.Canvas, _ *plot.Plot) { c.DrawImage(c.Rectangle, p.picture) }
