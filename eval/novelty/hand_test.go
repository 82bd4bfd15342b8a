package novelty_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/eval/novelty"
)

func line(values ...float64) *mat.Dense { return mat.NewDense(len(values), 1, values) }

// Of the real rows 0, 1, 3 the nearest others are 1, 1 and 2 away, of the generated
// rows ½, 10, 10½ they are 9½, ½ and ½. So ½ lies in two real balls, and all real rows
// in the ball around ½.
func TestCoverageByHand(t *testing.T) {
	q, err := novelty.Coverage(t.Context(), line(0, 1, 3), line(0.5, 10, 10.5), 1)
	require.NoError(t, err)
	require.InDelta(t, 1./3, q.Precision, 1e-15)
	require.InDelta(t, 1, q.Recall, 1e-15)
	require.InDelta(t, 2./3, q.Density, 1e-15)
	require.InDelta(t, 2./3, q.Coverage, 1e-15)
	q, err = novelty.Coverage(t.Context(), line(0, 1, 3), line(0.5, 10, 10.5), 2)
	require.NoError(t, err)
	require.InDelta(t, 0.5, q.Density, 1e-15, "½ lies in all three balls of two neighbours, of 6 in the mean")
}

// In a cell of 10 held-out and 10 generated rows, the latter all nearer to a training
// row, z is −50/√(100·21/12). In one of 30 and 10, all farther, it is
// 150/√(300·41/12). The cells weigh as the held-out rows are, ¼ and ¾.
func TestCopyingByHand(t *testing.T) {
	var held, generated []float64
	for i := range 10 {
		generated = append(generated, 0.01*float64(i), 101+float64(i))
		held = append(held, 1+0.01*float64(i))
	}
	for i := range 30 {
		held = append(held, 100+0.01*float64(i))
	}
	c, err := novelty.Copying(t.Context(), line(0, 0, 0, 100, 100, 100), line(held...), line(generated...), 2, source(1))
	require.NoError(t, err)
	near, far := -50/math.Sqrt(100*21./12), 150/math.Sqrt(300*41./12)
	slices.Sort(c.Cells)
	require.InDeltaSlice(t, []float64{near, far}, c.Cells, 1e-12)
	require.InDelta(t, near/4+far*3/4, c.Statistic, 1e-12)
	require.Zero(t, c.Skipped)

	// A cell of 4 held-out rows is left out, and the others count alone.
	few := append(slices.Clone(held[10:]), 0.5, 0.6, 0.7, 0.8)
	c, err = novelty.Copying(t.Context(), line(0, 0, 0, 100, 100, 100), line(few...), line(generated...), 2, source(1))
	require.NoError(t, err)
	require.InDelta(t, far, c.Statistic, 1e-12)
	require.InDelta(t, 4./34, c.Skipped, 1e-15)
}

// Equal distances share their mean rank: of 5 and 1, 3 and 3 rows at the distances 1
// and 2 the generated ones have the rank sum 3·4½ + 3·10½, so U − 18 = 6, of variance
// 3·(13 − (504 + 60)/132).
func TestCopyingOfTies(t *testing.T) {
	c, err := novelty.Copying(t.Context(), line(0, 0), line(1, 1, 1, -1, 1, 2), line(1, -1, 1, 2, -2, 2), 1, source(1))
	require.NoError(t, err)
	require.InDelta(t, 6/math.Sqrt(3*(13-564./132)), c.Statistic, 1e-12)
}

// Of 12 training rows each of three bins has 4, of 12 others they have 2, 5 and 5: the
// pooled shares are ¼, ⅜ and ⅜, and z is −⅙/√(¼·¾/6) and 1/12/√(⅜·⅝/6).
func TestBinsByHand(t *testing.T) {
	train := line(0, 0, 0, 0, 100, 100, 100, 100, 200, 200, 200, 200)
	b, err := novelty.NewBins(t.Context(), train, line(0, 1, 100, 101, 102, 99, 98, 197, 198, 199, 201, 202), 3, source(1))
	require.NoError(t, err)
	few, many := -1./6/math.Sqrt(3./16/6), 1./12/math.Sqrt(15./64/6)
	slices.Sort(b.Z)
	require.InDeltaSlice(t, []float64{few, many, many}, b.Z, 1e-12)
	require.Zero(t, b.Different)
}

// The noise of a control has the bandwidth times the standard deviation of the training
// rows, here 0.1·2. Of 4000 draws the standard deviation is known to 1.2 %.
func TestNoiseOfControls(t *testing.T) {
	train := line(-2, 2, -2, 2)
	controls := novelty.Controls(train, train, 4000, []float64{0.1}, source(1))
	require.Equal(t, "kernel density, bandwidth 0.1", controls[3].Name)
	for at, want := range map[int]float64{0: 0, 1: 0, 2: 0.02, 3: 0.2} {
		var square float64
		for _, v := range mat.Col(nil, 0, controls[at].Rows) {
			e := math.Abs(v) - 2
			square += e * e / 4000
		}
		require.InDelta(t, want, math.Sqrt(square), 0.06*want+1e-15)
	}
}
