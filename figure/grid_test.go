package figure

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// normalField returns a tilted normal density on a grid that holds all but
// 1e-5 of its mass, and its log-density at the mode.
func normalField(t testing.TB, sx, sy, turn float64) (field, float64) {
	t.Helper()
	m := mixture{{weight: 1, mean: []float64{2, -1}, sd: []float64{sx, sy}, turn: turn}}
	reach := 5 * max(sx, sy)
	g, err := newField("normal", m.LogProb, [2]float64{2 - reach, 2 + reach}, [2]float64{-1 - reach, -1 + reach}, 201)
	require.NoError(t, err)
	return g, -math.Log(2 * math.Pi * sx * sy)
}

// For a normal in the plane, the region with a share q of the mass is bounded
// by the density (1−q)·p(mode), and is an ellipse of area −2π·σ₁σ₂·ln(1−q).
func TestThresholdsOfNormal(t *testing.T) {
	for _, turn := range []float64{0, 0.4} {
		g, mode := normalField(t, 1.2, 0.7, turn)
		require.InDelta(t, 1, g.mass(), 1e-4)
		for k, level := range g.thresholds(shares) {
			q := shares[k]
			require.InDelta(t, mode+math.Log(1-q), level, 0.02, "share %v", q)
			area := -2 * math.Pi * 1.2 * 0.7 * math.Log(1-q)
			require.InEpsilon(t, area, regionArea(g.region(level)), 0.01, "share %v", q)
		}
	}
}

// A frame that cuts off a third of a normal does not move its thresholds: the
// mass around the frame counts. Without it, the 95 % region would be too small.
func TestThresholdsCountTheMassAround(t *testing.T) {
	m := mixture{{weight: 1, mean: []float64{0.3, 0}, sd: []float64{1, 1}}}
	g, err := newField("normal", m.LogProb, [2]float64{-1.5, 1.5}, [2]float64{-1.5, 1.5}, gridNodes)
	require.NoError(t, err)
	mode := -math.Log(2 * math.Pi)
	last := len(shares) - 2
	require.Greater(t, g.thresholds(shares)[last], mode+math.Log(1-shares[last])+0.5)
	require.NoError(t, g.lookAround("normal", m.LogProb))
	require.InDelta(t, 1, g.mass()+g.massAround(), 0.005)
	for k, level := range g.thresholds(shares) {
		require.InDelta(t, mode+math.Log(1-shares[k]), level, 0.06, "share %v", shares[k])
	}
	require.Contains(t, g.massNote(), "outside the frame.")
}

func TestMassNote(t *testing.T) {
	at := func(sd, x, y float64) field {
		m := mixture{{weight: 1, mean: []float64{x, y}, sd: []float64{sd, sd}}}
		g, err := newField("normal", m.LogProb, [2]float64{-4, 4}, [2]float64{-4, 4}, gridNodes)
		require.NoError(t, err)
		require.NoError(t, g.lookAround("normal", m.LogProb))
		return g
	}
	require.Empty(t, at(0.7, 0, 0).massNote())
	require.Equal(t, "50 % of the mass lies outside the frame.", at(0.7, 4, 0).massNote())
	require.Contains(t, at(0.7, 40, 0).massNote(), "100 % of the mass lies outside the frame or in peaks")
	// A node lies half a cell, 4/159, from the centre: a peak of a tenth of
	// that is invisible, and one that a node hits counts far too much.
	require.Contains(t, at(0.0025, 0, 0).massNote(), "outside the frame or in peaks narrower")
	require.Contains(t, at(0.0025, 4.0/159, 4.0/159).massNote(), "the density has peaks narrower")
}

// The share of the mass that the drawn polygons enclose, counted by the winding number
// of independent midpoints, is the share that the legend promises. This also holds for
// two separate clusters and for a ring with a hole.
func TestRegionsEncloseTheirShare(t *testing.T) {
	ring := func(_ []float64, x *mat.Dense) []float64 {
		n, _ := x.Dims()
		dst := make([]float64, n)
		for i := range dst {
			r := math.Hypot(x.At(i, 0), x.At(i, 1))
			dst[i] = -(r - 2) * (r - 2) / (2 * 0.3 * 0.3)
		}
		return dst
	}
	for name, c := range map[string]struct {
		f    LogDensity
		x, y [2]float64
	}{
		"clusters": {geyser.LogProb, [2]float64{0, 7}, [2]float64{20, 120}},
		"ring":     {ring, [2]float64{-4, 4}, [2]float64{-4, 4}},
		"cut off":  {geyser.LogProb, [2]float64{2, 7}, [2]float64{50, 120}},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := newField(name, c.f, c.x, c.y, gridNodes)
			require.NoError(t, err)
			const n = 101
			probe := mat.NewDense(n*n, 2, nil)
			for k := range n * n {
				probe.SetRow(k, []float64{
					c.x[0] + (c.x[1]-c.x[0])*(float64(k%n)+0.5)/n,
					c.y[0] + (c.y[1]-c.y[0])*(float64(k/n)+0.5)/n,
				})
			}
			logp := c.f(nil, probe)
			for k, level := range g.thresholds(shares) {
				loops := g.region(level)
				var inside, total float64
				for i, v := range logp {
					w := windings(loops, point{probe.At(i, 0), probe.At(i, 1)})
					require.Contains(t, []int{0, 1}, w)
					total += math.Exp(v)
					inside += float64(w) * math.Exp(v)
				}
				require.InDelta(t, shares[k], inside/total, 0.01)
			}
		})
	}
}

// On any grid, also one full of saddles, exactly the nodes at or above the
// level are inside.
func TestRegionHoldsTheRightNodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(2, 6).Draw(t, "w"), rapid.IntRange(2, 6).Draw(t, "h")
		g := field{logp: make([]float64, w*h)}
		for i := range w {
			g.x = append(g.x, float64(i))
		}
		for j := range h {
			g.y = append(g.y, float64(j))
		}
		for k := range g.logp {
			g.logp[k] = rapid.SampledFrom([]float64{math.Inf(-1), -40, -1.5, -0.5, 0.25, 3}).Draw(t, "logp")
		}
		loops := g.region(0)
		for k, v := range g.logp {
			// The border of the grid is part of the region's boundary, so
			// nodes there are probed a little to the inside.
			p := point{float64(k % w), float64(k / w)}
			p.x = min(max(p.x, 1e-9), float64(w-1)-1e-9)
			p.y = min(max(p.y, 1e-9), float64(h-1)-1e-9)
			want := 0
			if v >= 0 {
				want = 1
			}
			if got := windings(loops, p); got != want {
				t.Fatalf("node %d with value %v is enclosed %d times", k, v, got)
			}
		}
		for _, l := range loops {
			for _, q := range l.points {
				if math.IsNaN(q.x) || math.IsNaN(q.y) {
					t.Fatal("NaN in a contour")
				}
			}
		}
	})
}

// Lines follow the level and never the frame, and join at their ends.
func TestRunsLeaveOutTheFrame(t *testing.T) {
	g, err := newField("cut off", geyser.LogProb, [2]float64{2, 4.5}, [2]float64{50, 80}, 80)
	require.NoError(t, err)
	onFrame := func(p point) bool {
		return p.x == g.x[0] || p.x == g.x[79] || p.y == g.y[0] || p.y == g.y[79]
	}
	pieces := 0
	for _, l := range g.region(g.thresholds([]float64{0.8})[0]) {
		for _, run := range l.runs() {
			pieces++
			require.Greater(t, len(run), 1)
			for i, p := range run {
				if i > 0 && i < len(run)-1 {
					require.False(t, onFrame(p), "%v", p)
				}
			}
			first, last := run[0], run[len(run)-1]
			require.True(t, first == last || onFrame(first) && onFrame(last), "%v … %v", first, last)
		}
	}
	require.Equal(t, 2, pieces, "one line for each of the two clusters that the frame cuts")
}

// regionArea returns the area by the shoelace formula; holes are negative.
func regionArea(loops []loop) float64 {
	var area float64
	for _, l := range loops {
		for i, p := range l.points {
			q := l.points[(i+1)%len(l.points)]
			area += (p.x*q.y - q.x*p.y) / 2
		}
	}
	return area
}

// windings returns how often the loops run around p, counter-clockwise.
func windings(loops []loop, p point) int {
	n := 0
	for _, l := range loops {
		for i, a := range l.points {
			b := l.points[(i+1)%len(l.points)]
			left := (b.x-a.x)*(p.y-a.y) - (p.x-a.x)*(b.y-a.y)
			switch {
			case a.y <= p.y && b.y > p.y && left > 0:
				n++
			case a.y > p.y && b.y <= p.y && left < 0:
				n--
			}
		}
	}
	return n
}

func TestTicks(t *testing.T) {
	labels := func(low, high float64, tk ticks) (out []string) {
		for _, m := range tk.Ticks(low, high) {
			require.GreaterOrEqual(t, m.Value, low-1e-9*(high-low))
			require.LessOrEqual(t, m.Value, high+1e-9*(high-low))
			out = append(out, m.Label)
		}
		return out
	}
	require.Equal(t, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}, labels(0, 1, ticks{}))
	require.Equal(t, []string{"−0.10", "−0.05", "0", "0.05", "0.10"}, labels(-0.1, 0.12, ticks{}))
	require.Equal(t, []string{"−1300", "−1200", "−1100"}, labels(-1300, -1080, ticks{want: 2}))
	require.Equal(t, []string{"1", "2", "3"}, labels(1, 3, ticks{integers: true}))
	require.Equal(t, []string{"0", "5e+06", "1e+07"}, labels(0, 1.2e7, ticks{want: 3}))
	require.Nil(t, labels(1, 1, ticks{}))
	require.Nil(t, labels(math.NaN(), 1, ticks{}))
	require.Nil(t, labels(1, math.Inf(1), ticks{}))

	var powers []string
	for _, m := range (logTicks{}).Ticks(1, 5000) {
		if !m.IsMinor() {
			powers = append(powers, m.Label)
		}
	}
	require.Equal(t, []string{"1", "10", "100", "1000"}, powers)
	require.Nil(t, (logTicks{}).Ticks(-1, 10))
}

// Whatever the interval, there are some marks, not too many, and no two have
// one label.
func TestTicksOnAnyInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		width := math.Pow(10, rapid.Float64Range(-6, 8).Draw(t, "log width"))
		marks := ticks{}.Ticks(low, low+width)
		if len(marks) < 2 || len(marks) > 9 {
			t.Fatalf("%d marks", len(marks))
		}
		seen := make(map[string]bool)
		for _, m := range marks {
			if seen[m.Label] {
				t.Fatalf("two marks are labelled %s: %s", m.Label, fmt.Sprint(marks))
			}
			seen[m.Label] = true
		}
	})
}
