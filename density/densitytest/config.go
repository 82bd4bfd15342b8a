package densitytest

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Config says how to test a model. The zero value works.
type Config struct {
	// Seed is what all draws are derived from.
	Seed uint64
	// Draws is the number of draws that moments are compared with; 0: 10000.
	Draws int
	// Points is the number of nodes an axis of a grid has; 0: 4001 on a
	// line, 401 on each axis of a plane.
	Points int
	// Tolerance is the largest distance of an integral over a grid from 1;
	// 0: 1e-6.
	Tolerance float64
	// GradientTolerance is the largest difference from finite differences,
	// relative to 1 + |gradient|; 0: 1e-6.
	GradientTolerance float64
	// Binary says that rows are from {0,1}^D.
	Binary bool
	// Reference is a density of rows on the measure of the model that is about as wide,
	// which [Latent] compares with where that is no density against Lebesgue measure;
	// nil: one is made.
	Reference density.Exact
	// States are all values of a code (M×L) where there are finitely many.
	// [Latent] finds them itself.
	States *mat.Dense
}

// deviations is the number of standard errors that draws may be off.
const deviations = 5

func (c Config) resolve(columns int) Config {
	if c.Draws == 0 {
		c.Draws = 10000
	}
	if c.Points == 0 {
		c.Points = 4001
		if columns == 2 {
			c.Points = 401
		}
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	if c.GradientTolerance == 0 {
		c.GradientTolerance = 1e-6
	}
	return c
}

// source returns the stream of the suite for a purpose.
func (c Config) source(purpose string) rand.Source {
	return density.NewSource(c.Seed, "densitytest."+purpose)
}

// sameBits reports whether two slices hold the same bits.
func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return true
}

// meanErr returns the mean of values and its standard error.
func meanErr(values []float64) (mean, err float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		err += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(err / (n * (n - 1)))
}
