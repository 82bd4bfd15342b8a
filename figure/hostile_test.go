package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"likely/density"
)

// hostile are names that a file may give its columns.
var hostile = []string{
	"plain", "", "a\x00b", "bell\a\x1b[31mred", "invalid \xff\xfe utf8", "half \xed\xa0\x80 surrogate", "\ufffe\uffff",
	`<script>&"'`, "]]>", "line\nbreak\ttab\r", strings.Repeat("x", 15_000), strings.Repeat("word ", 3000), strings.Repeat("ü", 9000),
}

func exact(v float64) density.Estimate { return density.Estimate{Value: v, Kind: density.ExactValue} }

// hostileFigures draws one of every kind whose texts come from data.
func hostileFigures(name string) []func() (*Figure, error) {
	x := mat.NewDense(6, 2, []float64{0, 1, 1, 3, 2, 2, 3, 5, 4, 1, 5, 0})
	normal := func(dst []float64, x *mat.Dense) []float64 {
		n, d := x.Dims()
		for i := range n {
			var sum float64
			for j := range d {
				sum += x.At(i, j) * x.At(i, j)
			}
			dst = append(dst, -sum/2)
		}
		return dst
	}
	return []func() (*Figure, error){
		func() (*Figure, error) {
			return Pairs(name, []string{name, name}, []Group{{Name: name, Points: x}, {Name: name, Points: x}})
		},
		func() (*Figure, error) {
			return Densities(name, x, []Panel{{Title: name, Subtitle: name, LogDensity: normal}}, [2]string{name, name})
		},
		func() (*Figure, error) {
			return Codes(name, x, []string{name, "a", "b", "a", "b", name})
		},
		func() (*Figure, error) {
			return Scores(name, name, []Score{{Name: name, Estimate: exact(-3)}})
		},
	}
}

// Whatever the names, an SVG is well-formed XML of valid text.
func TestHostileNames(t *testing.T) {
	for k, name := range hostile {
		if testing.Short() && k%3 != 1 {
			continue
		}
		for i, drawn := range hostileFigures(name) {
			f, err := drawn()
			if err != nil {
				require.Less(t, len(err.Error()), 20_000)
				continue
			}
			for _, format := range []string{"png", "svg"} {
				var b bytes.Buffer
				require.NoError(t, f.Encode(&b, format), "figure %d of %.20q", i, name)
				if format == "png" {
					continue
				}
				require.True(t, utf8.Valid(b.Bytes()), "figure %d of %.20q", i, name)
				d := xml.NewDecoder(&b)
				for {
					_, err := d.Token()
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err, "figure %d of %.20q", i, name)
				}
			}
		}
	}
}

// Numbers that cannot be drawn are an error, in any place, and never a panic.
func TestHostileNumbers(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e149, -1e149, 1e308, 5e-324, 1e-300, 1e99} {
		x := mat.NewDense(4, 2, []float64{0, 1, 1, v, 2, 2, v, 0})
		for i, drawn := range []func() (*Figure, error){
			func() (*Figure, error) { return Pairs("", []string{"a", "b"}, []Group{{Name: "g", Points: x}}) },
			func() (*Figure, error) { return Codes("", x, nil) },
			func() (*Figure, error) {
				return Scores("", "rows", []Score{{Name: "s", Estimate: exact(v)}, {Name: "t", Estimate: exact(-1)}})
			},
			func() (*Figure, error) {
				return Histories("", []History{{Title: "h", Unit: "epoch", Train: []float64{-2, v, -1}}})
			},
		} {
			require.NotPanics(t, func() {
				f, err := drawn()
				if err != nil {
					return
				}
				for _, format := range []string{"png", "svg"} {
					err := f.Encode(io.Discard, format)
					require.True(t, err == nil || errors.Is(err, ErrDraw))
				}
			}, fmt.Sprintf("figure %d with %v", i, v))
		}
	}
}

// What the drawing library panics about is an error.
func TestDrawingPanics(t *testing.T) {
	f := &Figure{width: 100, height: 100, draw: func(draw.Canvas) { panic("no such axis") }}
	err := f.Encode(io.Discard, "svg")
	require.ErrorIs(t, err, ErrDraw)
	require.ErrorContains(t, err, "no such axis")
}

// A text that is cut is the longest that fits.
func TestShorten(t *testing.T) {
	style := writing(9, ink, false)
	for _, s := range []string{"", "a", "a few words that are longer", strings.Repeat("i", 600), strings.Repeat("W", 600)} {
		for _, width := range []vg.Length{1, 30, 200, 1000} {
			got := shorten(s, style, width)
			if got == s {
				require.LessOrEqual(t, style.Width(s), width)
				continue
			}
			kept := strings.TrimSuffix(got, "…")
			require.True(t, kept == "" || style.Width(got) <= width, "%.10q in %v", s, width)
			longer := s[:len(kept)+1]
			require.True(t, style.Width(longer+"…") > width || len(kept) >= longest || strings.HasSuffix(longer, " "), "%.10q in %v", s, width)
		}
	}
}
