package figure

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// bump is a normal density with independent columns, in one or two
// dimensions.
type bump struct {
	weight   float64
	mean, sd []float64
	turn     float64 // radians, in two dimensions
}

// mixture is an exact density to draw, with its own formula rather than that
// of any model of this project.
type mixture []bump

func (m mixture) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	terms := make([]float64, len(m))
	for i := range n {
		row := x.RawRowView(i)
		for k, b := range m {
			offset := make([]float64, len(row))
			for j := range row {
				offset[j] = row[j] - b.mean[j]
			}
			if len(row) == 2 {
				s, c := math.Sincos(b.turn)
				offset[0], offset[1] = c*offset[0]+s*offset[1], c*offset[1]-s*offset[0]
			}
			terms[k] = math.Log(b.weight)
			for j, o := range offset {
				o /= b.sd[j]
				terms[k] -= o*o/2 + math.Log(b.sd[j]) + math.Log(2*math.Pi)/2
			}
		}
		dst[i] = density.LogSumExp(terms)
	}
	return dst
}

func (m mixture) sample(n int, src rand.Source) *mat.Dense {
	rng := rand.New(src)
	d := len(m[0].mean)
	x := mat.NewDense(n, d, nil)
	for i := range n {
		u, k := rng.Float64(), 0
		for k < len(m)-1 && u > m[k].weight {
			u -= m[k].weight
			k++
		}
		offset := make([]float64, d)
		for j := range offset {
			offset[j] = m[k].sd[j] * rng.NormFloat64()
		}
		if d == 2 {
			s, c := math.Sincos(m[k].turn)
			offset[0], offset[1] = c*offset[0]-s*offset[1], s*offset[0]+c*offset[1]
		}
		for j, o := range offset {
			x.Set(i, j, m[k].mean[j]+o)
		}
	}
	return x
}

// geyser resembles the Old Faithful data: two tilted clusters.
var geyser = mixture{
	{weight: 0.36, mean: []float64{2.04, 54.5}, sd: []float64{0.26, 5.8}, turn: -0.01},
	{weight: 0.64, mean: []float64{4.29, 80}, sd: []float64{0.38, 5.9}, turn: -0.025},
}

var oneNormal = mixture{{weight: 1, mean: []float64{3.49, 70.9}, sd: []float64{1.13, 13.5}, turn: -0.075}}

// arcs is a curved density in many pieces.
var arcs = func() mixture {
	var m mixture
	for k := range 12 {
		a := math.Pi * float64(k) / 11
		m = append(m, bump{weight: 1.0 / 12, mean: []float64{2.04 + 2.2*math.Sin(a/2), 55 + 25*(1-math.Cos(a))/2}, sd: []float64{0.3, 4}})
	}
	return m
}()

// blobs returns n images of a bright spot, its place and size drawn at
// random.
func blobs(n, side int, noise float64, src rand.Source) *mat.Dense {
	rng := rand.New(src)
	x := mat.NewDense(n, side*side, nil)
	for i := range n {
		u, v, r := float64(side)*(0.3+0.4*rng.Float64()), float64(side)*(0.3+0.4*rng.Float64()), float64(side)*(0.1+0.1*rng.Float64())
		for p := range side * side {
			dx, dy := float64(p%side)-u, float64(p/side)-v
			x.Set(i, p, 16*math.Exp(-(dx*dx+dy*dy)/(2*r*r))+noise*rng.NormFloat64())
		}
	}
	return x
}

// outlines returns an ellipse of 80 % around each component of a mixture, over two of
// its columns.
func (m mixture) outlines(a, b int) []*mat.Dense {
	var curves []*mat.Dense
	for _, c := range m {
		curves = append(curves, oval(c.mean[a], c.mean[b], 1.794*c.sd[a], 1.794*c.sd[b], c.turn))
	}
	return curves
}

// oval returns an ellipse that is turned.
func oval(x, y, wide, high, turn float64) *mat.Dense {
	curve := mat.NewDense(60, 2, nil)
	for i := range 60 {
		sin, cos := math.Sincos(float64(i) * math.Pi / 30)
		s, c := math.Sincos(turn)
		curve.SetRow(i, []float64{x + c*wide*cos - s*high*sin, y + s*wide*cos + c*high*sin})
	}
	return curve
}

// ovals returns curves over two columns of flowers.
func ovals(a, b int) []*mat.Dense {
	low, high := []float64{5, 3.4, 1.5, 0.3}, []float64{6.3, 2.9, 4.9, 1.7}
	return []*mat.Dense{oval(low[a], low[b], 0.6, 0.4, 0), oval(high[a], high[b], 1, 0.7, 0)}
}

// cases are the pictures that the golden files hold and the examples show.
var cases = []struct {
	name string
	draw func() (*Figure, error)
}{
	{"densities", func() (*Figure, error) {
		points := geyser.sample(272, density.NewSource(1, "points"))
		return Densities("Old Faithful, imitated", points, []Panel{
			{Title: "gaussian", Subtitle: "−4.74 ± 0.05 nats (exact)", LogDensity: oneNormal.LogProb},
			{Title: "gmm", Subtitle: "−4.16 ± 0.05 nats (exact)", LogDensity: geyser.LogProb, Outlines: geyser.outlines(0, 1), OutlineName: "components, 80 % of each"},
			{Title: "vae", Subtitle: "−4.21 ± 0.06 nats (estimate)", LogDensity: arcs.LogProb},
		}, [2]string{"eruption (min)", "waiting (min)"})
	}},
	{"density1d", func() (*Figure, error) {
		truth := mixture{
			{weight: 0.1, mean: []float64{9.7}, sd: []float64{0.4}},
			{weight: 0.9, mean: []float64{21}, sd: []float64{2.6}},
		}
		wide := mixture{{weight: 1, mean: []float64{20}, sd: []float64{4.5}}}
		values := truth.sample(82, density.NewSource(2, "points")).RawMatrix().Data
		return Density1D("Galaxies, imitated", values, []Panel{
			{Title: "gaussian", Subtitle: "−2.95 ± 0.09 nats (exact)", LogDensity: wide.LogProb},
			{Title: "gmm", Subtitle: "−2.61 ± 0.10 nats (exact)", LogDensity: truth.LogProb, Parts: []LogDensity{truth[:1].LogProb, truth[1:].LogProb}, OutlineName: "components of gmm"},
		}, "velocity (1000 km/s)")
	}},
	{"images", func() (*Figure, error) {
		data := blobs(10, 8, 0.5, density.NewSource(3, "data"))
		return Images("Spots, 8×8", []ImageRow{
			{"data", "test rows", data},
			{"gmm", "samples", blobs(10, 8, 2, density.NewSource(3, "gmm"))},
			{"vae", "samples (means)", blobs(10, 8, 0, density.NewSource(3, "vae"))},
			{"vae", "reconstructions", data},
		}, ImageShape{Height: 8, Width: 8, Black: 0, White: 16})
	}},
	{"manifold", func() (*Figure, error) {
		const k, side = 12, 8
		z := ManifoldCodes(k)
		x := mat.NewDense(k*k, side*side, nil)
		for i := range k * k {
			for p := range side * side {
				dx := float64(p%side) - 3.5 - 1.2*z.At(i, 0)
				dy := 3.5 - float64(p/side) - 1.2*z.At(i, 1)
				x.Set(i, p, math.Exp(-(dx*dx+dy*dy)/4))
			}
		}
		return Manifold("vae: the two-dimensional code", x, k, ImageShape{Height: side, Width: side})
	}},
	{"codes", func() (*Figure, error) {
		rng := rand.New(density.NewSource(4, "codes"))
		z := mat.NewDense(1200, 2, nil)
		labels := make([]string, 1200)
		for i := range 1200 {
			digit := i % 10
			a := 2 * math.Pi * float64(digit) / 10
			z.SetRow(i, []float64{1.4*math.Cos(a) + 0.3*rng.NormFloat64(), 1.4*math.Sin(a) + 0.3*rng.NormFloat64()})
			labels[i] = strconv.Itoa(digit)
		}
		return Codes("vae: posterior means of the test rows", z, labels)
	}},
	{"histories", func() (*Figure, error) {
		em := make([]float64, 38)
		for i := range em {
			em[i] = -4.16 - 0.6*math.Exp(-float64(i)/4) - 0.08/(1+math.Exp(float64(i-20)/2))
		}
		rng := rand.New(density.NewSource(5, "noise"))
		train, valid := make([]float64, 120), make([]float64, 120)
		for i := range train {
			e := float64(i)
			train[i] = -4.1 - 30*math.Exp(-e/1.5) - 0.8*math.Exp(-e/18) + 0.01*rng.NormFloat64()
			valid[i] = train[i] - 0.05 - 0.002*math.Max(0, e-60) + 0.02*rng.NormFloat64()
		}
		best := 0
		for i, v := range valid {
			if v > valid[best] {
				best = i
			}
		}
		return Histories("Course of the fits", []History{
			{Title: "gmm", Subtitle: "exact mean log-likelihood under EM", Unit: "iteration", Train: em},
			{Title: "vae", Subtitle: "evidence lower bound", Unit: "epoch", Train: train, Valid: valid, Best: best + 1},
		})
	}},
	{"scores", func() (*Figure, error) {
		return Scores("Old Faithful, imitated", "test rows", []Score{
			{"gaussian", density.Estimate{Value: -4.741, DataErr: 0.052, Kind: density.ExactValue, Rows: 54}},
			{"gmm", density.Estimate{Value: -4.163, DataErr: 0.061, Kind: density.ExactValue, Rows: 54}},
			{"vae", density.Estimate{Value: -4.212, DataErr: 0.066, SampleErr: 0.004, Kind: density.Consistent, Rows: 54, Samples: 5000}},
			{"vae (bound)", density.Estimate{Value: -4.288, DataErr: 0.066, SampleErr: 0.004, Kind: density.LowerBound, Rows: 54, Samples: 5000}},
		})
	}},
	{"pairs", func() (*Figure, error) {
		data := flowers(0.1, 150, density.NewSource(6, "data"))
		return Pairs("Iris, imitated", []string{"sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"}, []Group{
			{Name: "data", Points: data},
			{Name: "gmm samples", Points: flowers(0.25, 300, density.NewSource(6, "gmm")), Outlines: ovals, OutlineName: "components, 80 % of each"},
		})
	}},
	{"gaps", func() (*Figure, error) {
		return Gaps("Why the bound falls short", []Gap{
			{"2-200-200", []GapPart{{"approximation", 1.43, 0.08}, {"amortization", 1.34, 0.05}}},
			{"50-200-200", []GapPart{{"approximation", 3.06, 0.12}, {"amortization", 4.22, 0.11}}},
			{"linear", []GapPart{{"approximation", -0.02, 0.04}, {"amortization", 0.31, 0.03}}},
		})
	}},
	{"scatters", func() (*Figure, error) {
		m := mixture{{0.5, []float64{2, 55}, []float64{0.3, 5}, 0}, {0.5, []float64{4.3, 80}, []float64{0.4, 6}, 0}}
		x := m.sample(700, rand.NewPCG(5, 6))
		return Scatters("Draws", []ScatterPanel{
			{Title: "20 draws", Groups: []Group{{Name: "first", Points: mat.DenseCopyOf(x.Slice(0, 10, 0, 2))}, {Name: "second", Points: mat.DenseCopyOf(x.Slice(10, 20, 0, 2))}}},
			{Title: "700 draws", Subtitle: "with an outline", Groups: []Group{{Name: "second", Points: x}},
				Outlines: []*mat.Dense{mat.NewDense(4, 2, []float64{1, 40, 5, 40, 5, 95, 1, 95})}, OutlineName: "the frame"},
		}, [2]string{"eruption (min)", "waiting (min)"})
	}},
	{"curves", func() (*Figure, error) {
		var k, iwae, ais, se []float64
		for _, samples := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000} {
			k = append(k, samples)
			iwae = append(iwae, -86.3-2.4/math.Sqrt(samples))
			ais = append(ais, -86.2-4/(1+samples/30))
			se = append(se, 0.25/math.Pow(samples, 0.25))
		}
		return Curves("Bounds against their cost", CurvesAxes{X: "samples K, or AIS steps", Y: "nats per row", LogX: true}, []Curve{
			{Name: "importance-weighted bound", X: k, Y: iwae, StdErr: se},
			{Name: "AIS", X: k, Y: ais, StdErr: se},
		}, []Reference{{"quadrature", -86.24, 0.05}})
	}},
	{"curvepanels", func() (*Figure, error) {
		var k, iwae, se, steps, annealed, wide []float64
		for _, samples := range []float64{1, 5, 10, 50, 100, 500, 1000, 5000} {
			k = append(k, samples)
			iwae = append(iwae, -86.3-2.4/math.Sqrt(samples))
			se = append(se, 0.2/math.Pow(samples, 0.25))
		}
		for _, t := range []float64{10, 30, 100} {
			steps = append(steps, t)
			annealed = append(annealed, -86.25-8/t)
			wide = append(wide, 3/t)
		}
		return CurvePanels("How bounds approach log p", "log p (nats per row)", []CurvePanel{
			{Title: "Importance sampling", Subtitle: "draws from the encoder", X: "samples K", Curves: []Curve{{Name: "K-sample bound", X: k, Y: iwae, StdErr: se}}},
			{Title: "Annealed importance sampling", Subtitle: "Hamiltonian Monte Carlo", X: "temperatures", Curves: []Curve{
				{Name: "AIS from p(z)", X: steps, Y: annealed, StdErr: wide},
				{Name: "AIS from the refined q", X: steps, Y: []float64{-86.4, -86.3, -86.26}, StdErr: []float64{0.05, 0.03, 0.02}},
			}},
		}, []Reference{{"refined ELBO", -86.9, 0.03}, {"log p, quadrature", -86.24, 0}})
	}},
	{"criteria", func() (*Figure, error) {
		var k, full, tied, diag []float64
		for c := 1.0; c <= 9; c++ {
			k = append(k, c)
			full = append(full, -2322-0.5*math.Pow(math.Abs(c-2), 1.5)*14-260*math.Exp(-3*(c-1)))
			tied = append(tied, -2314-0.5*math.Pow(math.Abs(c-3), 1.4)*7-270*math.Exp(-2.4*(c-1)))
			diag = append(diag, -2330-0.5*math.Pow(math.Abs(c-4), 1.4)*6-700*math.Exp(-2*(c-1)))
		}
		return Criteria("Old Faithful, imitated", "BIC (nats ×2, larger is better)", false, []Curve{
			{Name: "full", X: k, Y: full}, {Name: "tied", X: k, Y: tied}, {Name: "diagonal", X: k, Y: diag},
		})
	}},
}

// flowers returns n rows in three clusters of four correlated columns.
func flowers(spread float64, n int, src rand.Source) *mat.Dense {
	rng := rand.New(src)
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		species := i % 3
		mean := [][]float64{{5.0, 3.4, 1.5, 0.25}, {5.9, 2.8, 4.3, 1.3}, {6.6, 3.0, 5.6, 2.0}}[species]
		size := rng.NormFloat64()
		for j, s := range []float64{0.45, 0.25, 0.3 * float64(species+1) / 2, 0.2} {
			x.Set(i, j, mean[j]+s*size+spread*rng.NormFloat64())
		}
	}
	return x
}

func build(t testing.TB, draw func() (*Figure, error)) *Figure {
	t.Helper()
	f, err := draw()
	require.NoError(t, err)
	return f
}
