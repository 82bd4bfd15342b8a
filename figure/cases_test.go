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

// cases are the pictures that the golden files hold and the examples show.
var cases = []struct {
	name string
	draw func() (*Figure, error)
}{
	{"densities", func() (*Figure, error) {
		points := geyser.sample(272, density.NewSource(1, "points"))
		return Densities("Old Faithful, imitated", points, []Panel{
			{"gaussian", "−4.74 ± 0.05 nats (exact)", oneNormal.LogProb},
			{"gmm", "−4.16 ± 0.05 nats (exact)", geyser.LogProb},
			{"vae", "−4.21 ± 0.06 nats (estimate)", arcs.LogProb},
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
			{"gaussian", "−2.95 ± 0.09 nats (exact)", wide.LogProb},
			{"gmm", "−2.61 ± 0.10 nats (exact)", truth.LogProb},
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
}

func build(t testing.TB, draw func() (*Figure, error)) *Figure {
	t.Helper()
	f, err := draw()
	require.NoError(t, err)
	return f
}
