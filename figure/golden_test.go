package figure

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	regenerate = flag.Bool("regenerate", false, "write the golden images anew; look at them before committing")
	look       = flag.String("look", "", "also save every test picture, full size, in this existing `folder`")
)

// TestGolden compares every picture with a small version of it in testdata.
// Shrinking averages the edges of letters away, which differ between versions
// of the font renderer; what stays is the layout, the colours and the curves.
func TestGolden(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := build(t, c.draw)
			if *look != "" {
				require.NoError(t, f.SaveAll(*look, c.name))
			}
			var b bytes.Buffer
			require.NoError(t, f.Encode(&b, "png"))
			full, err := png.Decode(&b)
			require.NoError(t, err)
			got := shrink(full, 4)
			path := filepath.Join("testdata", c.name+".png")
			if *regenerate {
				var out bytes.Buffer
				require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, got))
				require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
				return
			}
			file, err := os.Open(path)
			require.NoError(t, err, "run go test ./figure -regenerate once, and look at the result")
			defer file.Close()
			want, err := png.Decode(file)
			require.NoError(t, err)
			require.Equal(t, want.Bounds(), got.Bounds())
			mean, worst := difference(want, got)
			require.Less(t, mean, 0.001, "mean difference of the channels, of 1")
			require.Less(t, worst, 0.1, "largest difference of a block of 4×4 pixels, of 1")
		})
	}
}

// shrink averages blocks of k×k pixels.
func shrink(m image.Image, k int) *image.NRGBA {
	b := m.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx()/k, b.Dy()/k))
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			var sum [3]uint32
			for j := range k {
				for i := range k {
					r, g, b, _ := m.At(x*k+i, y*k+j).RGBA()
					sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
				}
			}
			n := uint32(k * k)
			out.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255})
		}
	}
	return out
}

// difference returns the mean absolute difference of two pictures of one
// size, and the largest of any block of 4×4 pixels, in parts of full scale.
func difference(a, b image.Image) (mean, worst float64) {
	bounds := a.Bounds()
	blocks := 0.0
	for y := 0; y+4 <= bounds.Dy(); y += 4 {
		for x := 0; x+4 <= bounds.Dx(); x += 4 {
			var sum float64
			for j := range 4 {
				for i := range 4 {
					r, g, bl, _ := a.At(x+i, y+j).RGBA()
					u, v, w, _ := b.At(x+i, y+j).RGBA()
					for _, d := range []float64{float64(r) - float64(u), float64(g) - float64(v), float64(bl) - float64(w)} {
						sum += math.Abs(d) / 0xFFFF / 48
					}
				}
			}
			mean += sum
			blocks++
			worst = max(worst, sum)
		}
	}
	return mean / blocks, worst
}
