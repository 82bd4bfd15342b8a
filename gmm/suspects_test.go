package gmm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Numbers that lie below a bound are shown with the digits that tell them from it.
func TestSuspectsShowTheirDigits(t *testing.T) {
	for _, c := range []struct {
		rows []float64
		want string
	}{
		{[]float64{1.25}, "component 1 (1.25 rows)"},
		{[]float64{1.9996}, "component 1 (1.9996 rows)"},
		{[]float64{1.5, 1.99999999}, "components 1 and 2 (at most 1.99999999 rows)"},
	} {
		var s suspects
		for k, v := range c.rows {
			s.add(k, v)
		}
		require.Equal(t, c.want, s.below(2))
	}
	s := suspects{[]int{2, 5, 7}, []float64{3, 3.0001, 12.34}}
	require.Equal(t, "components 2, 5 and 7 (3 to 12.3 rows)", s.String())
	s.rows = []float64{3, 3, 3}
	require.Equal(t, "components 2, 5 and 7 (3 rows each)", s.String())
	require.Equal(t, "1, 2, 3, 4, 5, 6, 7, 8 and 2 more", list([]int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1}))
}

// Six components with one fault are one warning, which names settings for any reader.
func TestOneWarningForOneFault(t *testing.T) {
	x := mat.NewDense(60, 2, nil) // six points, ten times each
	for i := range 60 {
		x.SetRow(i, []float64{float64(i % 3), float64(i % 6 / 3)})
	}
	_, r := fit(t, x, Settings{Components: 6, Starts: 1}, 1)
	require.Len(t, r.Warnings, 1)
	require.Equal(t, []string{"Components", "Floor"}, r.Warnings[0].Settings())
	require.Equal(t, "components 1, 2, 3, 4, 5 and 6 (10 rows each) are held up by the variance floor: their likelihood measures the floor, not the data; a smaller Settings.Components, more rows or a larger Settings.Floor would help", r.Warnings[0].String())
}

// What a warning says in nats can be brought to other units.
func TestPassedOverInOtherUnits(t *testing.T) {
	x := open(t, "faithful")
	_, r := fit(t, x, Settings{Components: 3, Starts: 30}, 1)
	require.Len(t, r.Warnings, 1)
	near(t, -1114.44/272, r.Warnings[0].LogProb, 1e-4)
	require.Contains(t, r.Warnings[0].In(density.Field, 1), "the highest at -3.0972")
	_, _, err := Fit(context.Background(), x, Settings{Floor: 2}, density.NewSource(1, "t"))
	require.ErrorIs(t, err, ErrSettings)
	require.Equal(t, "gmm: --floor is 2: impossible settings; it is relative to the variance of a column, so want less than 1",
		density.ErrorIn(err, density.Flag(map[string]string{"Floor": "floor"})))
}
