package figure

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// square is a field of four nodes on the unit square, row by row.
func square(logp ...float64) field {
	return field{x: []float64{0, 1}, y: []float64{0, 1}, logp: logp}
}

// A field that rises as x does from 0 to 1 is above ¼ where x is: its region ends
// there, not in the middle of the cell.
func TestContoursCrossWhereTheLevelIs(t *testing.T) {
	loops := square(0, 1, 0, 1).region(0.25)
	require.Len(t, loops, 1)
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range loops[0].points {
		low, high = min(low, p.x), max(high, p.x)
	}
	require.InDelta(t, 0.25, low, 1e-12)
	require.InDelta(t, 1, high, 1e-12)
}

// Two opposite corners are high. Above the mean of the four they are two regions, below
// it they are one.
func TestSaddles(t *testing.T) {
	g := square(2, 0, 0, 2)
	require.Len(t, g.region(1.2), 2)
	require.Len(t, g.region(0.8), 1)
	require.Len(t, square(0, 2, 2, 0).region(1.2), 2)
	require.Len(t, square(0, 2, 2, 0).region(0.8), 1)
	require.Empty(t, g.region(2.5))
}

// A density of 1 has the mass 1 on the unit square and 6 on one of 2 by 3, where nodes
// at the edge stand for half a cell.
func TestMassOfAField(t *testing.T) {
	require.InDelta(t, 1, square(0, 0, 0, 0).mass(), 1e-12)
	g := field{x: []float64{0, 1, 2}, y: []float64{0, 1.5, 3}, logp: make([]float64, 9)}
	require.InDelta(t, 6, g.mass(), 1e-12)
	g.logp[4] = math.Log(3) // the middle stands for a whole cell of 1.5
	require.InDelta(t, 6+2*1.5, g.mass(), 1e-12)
}

// Of nine nodes on a square the middle one has a quarter of the area. It is ten times
// as dense as the others, and has 10 of 13 parts of the mass: half of the mass lies
// above a level between the two.
func TestThresholdsByHand(t *testing.T) {
	g := field{x: []float64{0, 1, 2}, y: []float64{0, 1, 2}, logp: make([]float64, 9)}
	g.logp[4] = math.Log(10)
	levels := g.thresholds([]float64{0.5, 0.95})
	require.InDelta(t, math.Log(10), levels[0], 1e-12)
	require.InDelta(t, 0, levels[1], 1e-12)
}

// The width of bars is 2·IQR/∛n (Freedman & Diaconis 1981): of 1000 values from 0 to 1,
// half of which lie within 0.12, it is 0.024, and 42 bars cover them.
func TestWidthOfBars(t *testing.T) {
	values := make([]float64, 1000)
	for i := range values {
		switch u := (float64(i) + 0.5) / 1000; {
		case u < 0.25:
			values[i] = u / 0.25 * 0.44
		case u < 0.75:
			values[i] = 0.44 + (u-0.25)/0.5*0.12
		default:
			values[i] = 0.56 + (u-0.75)/0.25*0.44
		}
	}
	require.Len(t, binEdges(values, 1000), 42+1)
}

// The best of a criterion is its smallest value where smaller is better, else its
// largest: the picture is that of the point marked by hand.
func TestCriteriaMarkTheBest(t *testing.T) {
	draw := func(smaller bool, best int) string {
		curves := []Curve{{Name: "a", X: []float64{1, 2, 3}, Y: []float64{5, 9, 7}}, {Name: "b", X: []float64{1, 2, 3}, Y: []float64{6, 2, 8}}}
		if best > 0 && smaller {
			curves[1].Best = best
		} else {
			curves[0].Best = best
		}
		f, err := Criteria("title", "criterion", smaller, curves)
		require.NoError(t, err)
		var svg bytes.Buffer
		require.NoError(t, f.Encode(&svg, "svg"))
		return svg.String()
	}
	require.Equal(t, draw(true, 2), draw(true, 0), "2 is the smallest of all")
	require.NotEqual(t, draw(true, 3), draw(true, 0))
	require.Equal(t, draw(false, 2), draw(false, 0), "9 is the largest of all")
}
