package figure

import (
	"bytes"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Bad input is an error that says what is wrong, never a panic or an empty
// picture.
func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	points := mat.NewDense(3, 2, []float64{0, 0, 1, 1, 2, 0})
	holed := mat.NewDense(3, 2, []float64{0, 0, 1, nan, 2, 0})
	huge := mat.NewDense(2, 2, []float64{0, 0, 1e300, -1e300})
	names := [2]string{"a", "b"}
	constant := func(v float64) LogDensity {
		return func(_ []float64, x *mat.Dense) []float64 {
			n, _ := x.Dims()
			out := make([]float64, n)
			for i := range out {
				out[i] = v
			}
			return out
		}
	}
	fine := []Panel{{Title: "m", LogDensity: oneNormal.LogProb}}
	shape := ImageShape{Height: 2, Width: 1}
	score := func(v, se float64, kind density.Kind) []Score {
		return []Score{{"m", density.Estimate{Value: v, DataErr: se, Kind: kind}}}
	}
	curves := func(x, y, se []float64) []Curve { return []Curve{{Name: "m", X: x, Y: y, StdErr: se}} }

	for name, c := range map[string]struct {
		draw func() (*Figure, error)
		want error
		says string
	}{
		"no points":     {func() (*Figure, error) { return Densities("", &mat.Dense{}, fine, names) }, ErrEmpty, "data"},
		"nil points":    {func() (*Figure, error) { return Densities("", nil, fine, names) }, ErrEmpty, "data"},
		"NaN point":     {func() (*Figure, error) { return Densities("", holed, fine, names) }, density.ErrNonFinite, "row 2, column 2"},
		"huge point":    {func() (*Figure, error) { return Densities("", huge, fine, names) }, ErrShape, "1e+300"},
		"three columns": {func() (*Figure, error) { return Densities("", mat.NewDense(2, 3, nil), fine, names) }, ErrShape, "3 columns"},
		"no panels":     {func() (*Figure, error) { return Densities("", points, nil, names) }, ErrEmpty, "densities"},
		"NaN outline": {func() (*Figure, error) {
			return Densities("", points, []Panel{{Title: "m", LogDensity: oneNormal.LogProb, Outlines: []*mat.Dense{mat.NewDense(1, 2, []float64{nan, 1})}}}, names)
		}, density.ErrNonFinite, "an outline of m"},
		"no log-density": {func() (*Figure, error) { return Densities("", points, []Panel{{Title: "m"}}, names) }, ErrEmpty, "m has no log-density"},
		"NaN density": {func() (*Figure, error) {
			return Densities("", points, []Panel{{Title: "m", LogDensity: constant(nan)}}, names)
		}, density.ErrNonFinite, "log-density of m"},
		"no mass": {func() (*Figure, error) {
			return Densities("", points, []Panel{{Title: "m", LogDensity: constant(-inf)}}, names)
		}, ErrEmpty, "m has no density"},
		"infinite spike": {func() (*Figure, error) {
			return Densities("", points, []Panel{{Title: "m", LogDensity: constant(inf)}}, names)
		}, density.ErrNonFinite, "m"},
		"too few values": {func() (*Figure, error) {
			return Densities("", points, []Panel{{Title: "m", LogDensity: func([]float64, *mat.Dense) []float64 { return nil }}}, names)
		}, ErrShape, "0 values"},
		"1-D empty":     {func() (*Figure, error) { return Density1D("", nil, fine, "a") }, ErrEmpty, "data"},
		"1-D NaN":       {func() (*Figure, error) { return Density1D("", []float64{0, nan}, fine, "a") }, density.ErrNonFinite, "value 2"},
		"1-D no panels": {func() (*Figure, error) { return Density1D("", []float64{0, 1}, nil, "a") }, ErrEmpty, "densities"},
		"1-D NaN density": {func() (*Figure, error) {
			return Density1D("", []float64{0, 1}, []Panel{{Title: "m", LogDensity: constant(nan)}}, "a")
		}, density.ErrNonFinite, "m"},
		"1-D overflow": {func() (*Figure, error) {
			return Density1D("", []float64{0, 1}, []Panel{{Title: "m", LogDensity: constant(1000)}}, "a")
		}, ErrShape, "too large"},
		"1-D no function": {func() (*Figure, error) { return Density1D("", []float64{0, 1}, []Panel{{Title: "m"}}, "a") }, ErrEmpty, "m has no log-density"},
		"no rows":         {func() (*Figure, error) { return Images("", nil, shape) }, ErrEmpty, "images"},
		"no images":       {func() (*Figure, error) { return Images("", []ImageRow{{"r", "", &mat.Dense{}}}, shape) }, ErrEmpty, `"r"`},
		"image size":      {func() (*Figure, error) { return Images("", []ImageRow{{"r", "", mat.NewDense(1, 3, nil)}}, shape) }, ErrShape, "want 2"},
		"image shape":     {func() (*Figure, error) { return Images("", []ImageRow{{"r", "", points}}, ImageShape{}) }, ErrShape, "0×0"},
		"image NaN":       {func() (*Figure, error) { return Images("", []ImageRow{{"r", "", holed}}, shape) }, density.ErrNonFinite, `"r"`},
		"grey NaN":        {func() (*Figure, error) { return Images("", []ImageRow{{"r", "", points}}, ImageShape{2, 1, nan, 1}) }, density.ErrNonFinite, "grey"},
		"manifold size":   {func() (*Figure, error) { return Manifold("", points, 2, shape) }, ErrShape, "2×2"},
		"codes NaN":       {func() (*Figure, error) { return Codes("", holed, nil) }, density.ErrNonFinite, "codes"},
		"codes labels":    {func() (*Figure, error) { return Codes("", points, []string{"a"}) }, ErrShape, "1 labels"},
		"no histories":    {func() (*Figure, error) { return Histories("", nil) }, ErrEmpty, "histories"},
		"no steps":        {func() (*Figure, error) { return Histories("", []History{{Title: "m"}}) }, ErrEmpty, "m has no steps"},
		"history NaN":     {func() (*Figure, error) { return Histories("", []History{{Title: "m", Train: []float64{1, nan}}}) }, density.ErrNonFinite, "history of m, value 2"},
		"history lengths": {func() (*Figure, error) {
			return Histories("", []History{{Title: "m", Train: []float64{1, 2}, Valid: []float64{1}}})
		}, ErrShape, "history of m"},
		"history best": {func() (*Figure, error) {
			return Histories("", []History{{Title: "m", Train: []float64{1, 2}, Best: 3}})
		}, ErrShape, "step 3 of 2"},
		"no scores":     {func() (*Figure, error) { return Scores("", "test rows", nil) }, ErrEmpty, "scores"},
		"score NaN":     {func() (*Figure, error) { return Scores("", "test rows", score(nan, 1, 0)) }, density.ErrNonFinite, "m"},
		"score +∞":      {func() (*Figure, error) { return Scores("", "test rows", score(inf, 1, 0)) }, density.ErrNonFinite, "m"},
		"score error":   {func() (*Figure, error) { return Scores("", "test rows", score(1, inf, 0)) }, density.ErrNonFinite, "m"},
		"score kind":    {func() (*Figure, error) { return Scores("", "test rows", score(1, 1, 9)) }, ErrShape, "kind"},
		"scores all −∞": {func() (*Figure, error) { return Scores("", "test rows", score(-inf, nan, 0)) }, ErrEmpty, "−∞"},
		"one column":    {func() (*Figure, error) { return Pairs("", []string{"a"}, nil) }, ErrShape, "1 columns"},
		"no groups":     {func() (*Figure, error) { return Pairs("", names[:], nil) }, ErrEmpty, "points"},
		"group NaN":     {func() (*Figure, error) { return Pairs("", names[:], []Group{{Name: "g", Points: holed}}) }, density.ErrNonFinite, `"g"`},
		"group width": {func() (*Figure, error) {
			return Pairs("", names[:], []Group{{Name: "g", Points: mat.NewDense(1, 3, nil)}})
		}, ErrShape, `"g"`},
		"no gaps":     {func() (*Figure, error) { return Gaps("", nil) }, ErrEmpty, "gaps"},
		"no parts":    {func() (*Figure, error) { return Gaps("", []Gap{{Name: "m"}}) }, ErrEmpty, "m"},
		"gap NaN":     {func() (*Figure, error) { return Gaps("", []Gap{{"m", []GapPart{{"p", nan, 0}}}}) }, density.ErrNonFinite, "p gap of m"},
		"no curves":   {func() (*Figure, error) { return Curves("", CurvesAxes{}, nil, nil) }, ErrEmpty, "curves"},
		"empty curve": {func() (*Figure, error) { return Curves("", CurvesAxes{}, curves(nil, nil, nil), nil) }, ErrEmpty, "m"},
		"curve lengths": {func() (*Figure, error) {
			return Curves("", CurvesAxes{}, curves([]float64{1}, []float64{1}, []float64{1, 2}), nil)
		}, ErrShape, "2 errors"},
		"curve NaN": {func() (*Figure, error) {
			return Curves("", CurvesAxes{}, curves([]float64{1}, []float64{nan}, nil), nil)
		}, density.ErrNonFinite, "m"},
		"curve order": {func() (*Figure, error) {
			return Curves("", CurvesAxes{}, curves([]float64{1, 1}, []float64{1, 2}, nil), nil)
		}, ErrShape, "ascend"},
		"curve log": {func() (*Figure, error) {
			return Curves("", CurvesAxes{LogX: true}, curves([]float64{0, 1}, []float64{1, 2}, nil), nil)
		}, ErrShape, "logarithmic"},
		"reference NaN": {func() (*Figure, error) {
			return Curves("", CurvesAxes{}, curves([]float64{0, 1}, []float64{1, 2}, nil), []Reference{{"r", nan, 0}})
		}, density.ErrNonFinite, "r"},
		"no criteria": {func() (*Figure, error) { return Criteria("", "BIC", false, nil) }, ErrEmpty, "curves"},
		"criterion NaN": {func() (*Figure, error) {
			return Criteria("", "BIC", false, curves([]float64{0, 1}, []float64{1, nan}, nil))
		}, density.ErrNonFinite, "m"},
		"best of nothing": {func() (*Figure, error) { return Criteria("", "BIC", true, curves(nil, nil, nil)) }, ErrEmpty, "m"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := c.draw()
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
			require.True(t, strings.HasPrefix(err.Error(), "figure: "), err.Error())
			require.Nil(t, f)
		})
	}
	require.Panics(t, func() { ManifoldCodes(0) })
}

// Small and degenerate inputs draw.
func TestEdges(t *testing.T) {
	one := mat.NewDense(1, 2, []float64{1, 1})
	far := mat.NewDense(2, 2, []float64{1e12, 1e-12, 1e12 + 1, 2e-12})
	unit := mixture{{weight: 1, mean: []float64{1, 1}, sd: []float64{1, 1}}}
	flat := func(_ []float64, x *mat.Dense) []float64 { n, _ := x.Dims(); return make([]float64, n) }
	long := strings.Repeat("a very long name ", 20)
	line := func(v ...float64) mixture { return mixture{{weight: 1, mean: v[:1], sd: v[1:]}} }
	for name, draw := range map[string]func() (*Figure, error){
		"one point": func() (*Figure, error) {
			return Densities("", one, []Panel{{Title: "m", LogDensity: unit.LogProb}}, [2]string{})
		},
		"other scales": func() (*Figure, error) {
			return Densities("", far, []Panel{{Title: "m", LogDensity: flat}}, [2]string{"x", "y"})
		},
		"seven panels": func() (*Figure, error) {
			panels := make([]Panel, 7)
			for i := range panels {
				panels[i] = Panel{Title: long, Subtitle: long, LogDensity: unit.LogProb}
			}
			return Densities(long, one, panels, [2]string{"x", "y"})
		},
		"one value": func() (*Figure, error) {
			return Density1D("", []float64{3}, []Panel{{Title: "m", LogDensity: line(3, 1).LogProb}}, "x")
		},
		"one image": func() (*Figure, error) {
			return Images(long, []ImageRow{{long, long, one}}, ImageShape{Height: 1, Width: 2})
		},
		"ragged rows": func() (*Figure, error) {
			return Images("", []ImageRow{{"a", "", mat.NewDense(40, 2, nil)}, {"b", "", one}}, ImageShape{Height: 2, Width: 1})
		},
		"one cell":  func() (*Figure, error) { return Manifold("", one, 1, ImageShape{Height: 1, Width: 2}) },
		"no labels": func() (*Figure, error) { return Codes("", one, nil) },
		"one step": func() (*Figure, error) {
			return Histories("", []History{{Title: "m", Unit: "epoch", Train: []float64{-3}, Best: 1}})
		},
		"one score": func() (*Figure, error) {
			return Scores("", "test rows", []Score{{long, density.Estimate{Value: -3, DataErr: math.NaN(), Rows: 1}}})
		},
		"a score of −∞": func() (*Figure, error) {
			return Scores("", "test rows", []Score{{"a", density.Estimate{Value: math.Inf(-1), DataErr: math.NaN()}}, {"b", density.Estimate{Value: -1, DataErr: 0.1}}})
		},
		"eight columns": func() (*Figure, error) {
			return Pairs("", strings.Split("abcdefgh", ""), []Group{{Name: "g", Points: mat.NewDense(1, 8, nil)}})
		},
		"long labels, pairs": func() (*Figure, error) {
			x := mat.NewDense(2, 8, nil)
			x.Set(0, 2, 1234567.000125)
			x.Set(1, 2, 1234567.000126)
			x.Set(0, 3, 1e-9)
			return Pairs("", []string{long, long, long, long, long, long, long, long}, []Group{{Name: long, Points: x}})
		},
		"long labels, densities": func() (*Figure, error) {
			return Densities(long, one, []Panel{{Title: "m", LogDensity: unit.LogProb}, {Title: "m", LogDensity: unit.LogProb}, {Title: "m", LogDensity: unit.LogProb}, {Title: "m", LogDensity: unit.LogProb}}, [2]string{long, long})
		},
		"long labels, 1-D": func() (*Figure, error) {
			return Density1D(long, []float64{1, 2}, []Panel{{Title: long, Subtitle: long, LogDensity: line(1, 1).LogProb}}, long)
		},
		"long labels, histories": func() (*Figure, error) {
			h := History{Title: long, Subtitle: long, Unit: long, Quantity: long, Train: []float64{1, 2}, Best: 2}
			return Histories(long, []History{h, h, h})
		},
		"long labels, scores": func() (*Figure, error) {
			return Scores(long, long, []Score{{long, density.Estimate{Value: -123456.789, DataErr: 1e-3}}, {"b", density.Estimate{Value: -1, DataErr: 0.1}}})
		},
		"long labels, gaps": func() (*Figure, error) { return Gaps(long, []Gap{{long, []GapPart{{long, 1, 1}}}}) },
		"long labels, curves": func() (*Figure, error) {
			return Curves(long, CurvesAxes{X: long, Y: long}, []Curve{{Name: long, X: []float64{1, 2}, Y: []float64{1, 2}}}, []Reference{{long, 1, 1}})
		},
		"long labels, codes": func() (*Figure, error) { return Codes(long, one, []string{long}) },
		"a gap of 0":         func() (*Figure, error) { return Gaps("", []Gap{{"m", []GapPart{{"p", 0, math.NaN()}}}}) },
		"one place": func() (*Figure, error) {
			return Curves("", CurvesAxes{LogX: true}, []Curve{{Name: "m", X: []float64{5}, Y: []float64{1}}}, nil)
		},
		"smaller": func() (*Figure, error) {
			return Criteria("", "−BIC", true, []Curve{{Name: "m", X: []float64{1, 2, 3}, Y: []float64{900, 10, 11}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			f := build(t, draw)
			require.NoError(t, f.Encode(&b, "svg"))
			requireSVG(t, b.Bytes())
			if !testing.Short() {
				require.NoError(t, f.Encode(io.Discard, "png"))
			}
			w, h := f.Size()
			require.Greater(t, float64(w), 0.0)
			require.Greater(t, float64(h), 0.0)
			if *look != "" {
				require.NoError(t, f.Save(filepath.Join(*look, "edge "+name+".png")))
			}
		})
	}
}
