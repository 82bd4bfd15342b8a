package figure

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"likely/internal/wholefile"
)

// ErrEmpty reports that there is nothing to draw.
var ErrEmpty = errors.New("nothing to draw")

// ErrShape reports inputs whose sizes do not fit together.
var ErrShape = errors.New("sizes do not fit together")

// resolution of PNG files, in dots per inch.
const resolution = 150

// svgFixes mends what vgsvg writes. A reader without the Liberation fonts falls back on
// fonts of the same metrics instead of a serif default. Pictures are PNG and say so,
// since some readers believe the label.
var svgFixes = strings.NewReplacer(
	"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;",
	"data:image/jpg;base64,", "data:image/png;base64,",
)

// A Figure is a finished picture that can be saved in several formats, one
// after the other.
type Figure struct {
	width, height vg.Length
	draw          func(draw.Canvas)
}

// Size returns the width and height of the figure.
func (f *Figure) Size() (width, height vg.Length) { return f.width, f.height }

// ErrDraw reports a figure that the drawing library could not draw.
var ErrDraw = errors.New("cannot be drawn")

// Encode writes the figure to w in the format "png" (150 dots per inch) or
// "svg". The same figure gives the same bytes. Characters that XML has not, from
// names of columns or files, become � in "svg". What the library below cannot draw
// is an error that wraps [ErrDraw].
func (f *Figure) Encode(w io.Writer, format string) (err error) {
	defer func() {
		// It panics on axes that it cannot lay out; a picture less is no reason
		// to lose a run.
		if r := recover(); r != nil {
			err = fmt.Errorf("figure: %v: %w", r, ErrDraw)
		}
	}()
	switch format {
	case "png":
		c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(resolution))
		f.draw(draw.New(c))
		_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
		return err
	case "svg":
		c := vgsvg.New(f.width, f.height)
		f.draw(draw.New(c))
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := svgFixes.WriteString(w, strings.Map(inXML, b.String()))
		return err
	default:
		return fmt.Errorf("figure: unknown format %q; want png or svg", format)
	}
}

// inXML returns the character, or � for one that XML 1.0 has not (section 2.2). An
// invalid byte of UTF-8 arrives as � already.
func inXML(r rune) rune {
	if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
		return '\uFFFD'
	}
	return r
}

// Save writes the figure to path, whole or not at all, in the format that its
// extension (.png or .svg) names. The folder must exist. Errors name path.
func (f *Figure) Save(path string) error {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	if format != "png" && format != "svg" {
		return fmt.Errorf("figure: cannot save %s: the extension %q is neither .png nor .svg", path, filepath.Ext(path))
	}
	return wholefile.Write(path, func(w io.Writer) error { return f.Encode(w, format) })
}

// SaveAll saves the figure as name.png and name.svg in the folder dir, which
// must exist.
func (f *Figure) SaveAll(dir, name string) error {
	for _, extension := range []string{".png", ".svg"} {
		if err := f.Save(filepath.Join(dir, name+extension)); err != nil {
			return err
		}
	}
	return nil
}
