package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// The same input gives the same bytes, and every SVG is well-formed, free of
// NaN and keeps everything inside its view box by construction of the frame.
func TestEncodeIsDeterministic(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			formats := []string{"svg", "png"}
			if testing.Short() {
				formats = formats[:1]
			}
			for _, format := range formats {
				var first, second bytes.Buffer
				require.NoError(t, build(t, c.draw).Encode(&first, format))
				require.NoError(t, build(t, c.draw).Encode(&second, format))
				require.True(t, bytes.Equal(first.Bytes(), second.Bytes()), "two encodings of one %s differ", format)
				if format == "svg" {
					requireSVG(t, first.Bytes())
				}
			}
		})
	}
}

func requireSVG(t *testing.T, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	texts := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "text" {
			texts++
		}
		for _, a := range start.Attr {
			if a.Name.Local != "href" {
				require.False(t, strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"), "%.200s", a.Value)
			}
		}
	}
	require.Positive(t, texts, "a figure without words")
}

func TestSave(t *testing.T) {
	f := build(t, cases[6].draw)
	dir := t.TempDir()
	require.NoError(t, f.SaveAll(dir, "scores"))
	for _, c := range []struct{ name, magic string }{{"scores.png", "\x89PNG"}, {"scores.svg", "<?xml"}} {
		content, err := os.ReadFile(filepath.Join(dir, c.name))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(content), c.magic))
	}
	require.NoError(t, f.Save(filepath.Join(dir, "UPPER.PNG")))

	path := filepath.Join(dir, "scores.pdf")
	require.ErrorContains(t, f.Save(path), path)
	path = filepath.Join(dir, "absent", "scores.png")
	require.ErrorContains(t, f.Save(path), path)
	require.ErrorContains(t, f.SaveAll(filepath.Join(dir, "absent"), "scores"), "scores.png")
	require.ErrorContains(t, f.Encode(io.Discard, "gif"), "gif")

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "nothing but the finished files")
}

// A file that cannot take its name leaves nothing behind.
func TestSaveFailsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken.png")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "by a folder"), 0o755))
	require.ErrorContains(t, build(t, cases[6].draw).Save(path), path)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// The codes have the quantiles of the standard normal, in the order in which
// a page is read.
func TestManifoldCodes(t *testing.T) {
	z := ManifoldCodes(3)
	// Φ⁻¹(1/6) = −0.96742156610…
	const q = 0.967421566101701
	want := mat.NewDense(9, 2, []float64{
		-q, q, 0, q, q, q,
		-q, 0, 0, 0, q, 0,
		-q, -q, 0, -q, q, -q,
	})
	require.True(t, mat.EqualApprox(want, z, 1e-12), "%v", mat.Formatted(z))
}

// The scores are listed from the best to the worst, each with its own mark.
func TestScoresOrder(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, build(t, cases[6].draw).Encode(&b, "svg"))
	svg := b.String()
	last := -1
	for _, number := range []string{"−4.163 ± 0.061", "−4.212 ± 0.066", "−4.288 ± 0.066", "−4.741 ± 0.052"} {
		at := strings.Index(svg, number)
		require.Greater(t, at, last, number)
		last = at
	}
	for _, kind := range []string{"exact", "lower bound", "estimate"} {
		require.Contains(t, svg, kind)
	}
	require.NotContains(t, svg, "upper bound", "no score is one")
}

// A late improvement of a thousandth of a nat does not fill the frame; early
// steps that are far off leave it.
func TestHistoryWindow(t *testing.T) {
	steps := make([]float64, 100)
	for i := range steps {
		steps[i] = -4 - 50*math.Exp(-float64(i)) - 1e-5*float64(100-i)
	}
	low, high := History{Train: steps}.window()
	require.InDelta(t, 0.1, high-low, 1e-3)
	require.Equal(t, steps[99], high)
	for i := range steps {
		steps[i] = -4 - float64(100-i)/100
	}
	low, high = History{Train: steps}.window()
	require.Equal(t, steps[0], low)
	require.Equal(t, steps[99], high)
	// An error that falls is cut at the top.
	for i := range steps {
		steps[i] = 1 + 50*math.Exp(-float64(i))
	}
	low, high = History{Train: steps}.window()
	require.Less(t, high, 2.0)
	require.Equal(t, steps[99], low)
}

// Hundreds of noisy steps are summed up in blocks, a smooth course is not; no
// step is lost, and the blocks lie where their steps are.
func TestHistoryBlocks(t *testing.T) {
	noisy, smooth := make([]float64, 1403), make([]float64, 1403)
	for i := range noisy {
		noisy[i], smooth[i] = float64(i%7), -1/float64(i+1)
	}
	require.Equal(t, 1, History{Train: smooth}.block())
	require.Equal(t, 1, History{Train: noisy[:300]}.block())
	require.Equal(t, 15, History{Train: smooth, Valid: noisy}.block())
	u := newCourse(noisy, 15, trainLine, categories[0])
	require.Len(t, u.x, 94)
	require.Equal(t, 8.0, u.x[0])
	require.Equal(t, 1399.5, u.x[93], "steps 1396 to 1403")
	require.Equal(t, []float64{0, 3, 6}, []float64{u.low[0], u.median[0], u.high[0]})
	u = newCourse(smooth, 1, trainLine, categories[0])
	require.Equal(t, smooth, u.median)
	require.Equal(t, smooth, u.low)
	require.Equal(t, 1403.0, u.x[1402])
}

// In a quantity that is not in nats, the window has no least height.
func TestHistoryWindowOfErrors(t *testing.T) {
	steps := make([]float64, 100)
	for i := range steps {
		steps[i] = -math.Exp(-float64(i)) - 1e-5*float64(100-i)
	}
	low, high := History{Train: steps, Quantity: "squared error"}.window()
	require.Less(t, high-low, 0.002)
}

// The circles hold half and 95 % of a standard normal: the square of the
// radius is exponential with mean 2.
func TestPriorRadii(t *testing.T) {
	require.InDelta(t, 0.5, math.Exp(-priorRadii[0]*priorRadii[0]/2), 1e-12)
	require.InDelta(t, 0.05, math.Exp(-priorRadii[1]*priorRadii[1]/2), 1e-12)
}

// Histograms have area 1 and lose no value.
func TestBars(t *testing.T) {
	for _, values := range [][]float64{{1, 2, 3, 4, 10}, {5}, {-1e-9, 1e-9}, {1e9, 1e9 + 1, 1e9 + 2}} {
		b := newBars(values)
		var area float64
		for k, h := range b.heights {
			area += h * (b.edges[k+1] - b.edges[k])
		}
		require.InDelta(t, 1, area, 1e-9)
	}
}

// No stack hides a negative part.
func TestStack(t *testing.T) {
	s := stack(Gap{"m", []GapPart{{"a", 2, 0.1}, {"b", -0.5, math.NaN()}, {"c", 1, 0}}})
	require.Equal(t, []float64{0, 0, 2}, []float64{s[0].from, s[1].from, s[2].from})
	require.Equal(t, []float64{2, -0.5, 3}, []float64{s[0].to, s[1].to, s[2].to})
	require.Equal(t, []float64{0.1, 0, 0}, []float64{s[0].error, s[1].error, s[2].error})
}
