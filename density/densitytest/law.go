package densitytest

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// maxBinary is the largest number of binary columns whose rows are enumerated.
const maxBinary = 16

// checkLaw checks that a law's density integrates to 1 and is that of its draws.
func checkLaw(t testing.TB, l law, c Config) {
	t.Helper()
	c = c.resolve(l.d)
	switch {
	case l.states != nil:
		checkStates(t, l, l.states, c)
	case l.binary && l.d <= maxBinary:
		checkStates(t, l, binaries(l.d), c)
	case l.binary:
		checkReciprocal(t, l, newCoins(l, c), c)
	case l.d <= 2:
		checkGrid(t, l, c)
	default:
		checkReciprocal(t, l, newBell(t, l, c), c)
	}
}

// drawn returns draws of the law for a purpose.
func drawn(l law, c Config, purpose string) *mat.Dense {
	x := mat.NewDense(c.Draws, l.d, nil)
	l.draw(x, c.source(purpose))
	return x
}

// checkStates sums over all values that a row can have, and compares the share
// of draws at each with its probability.
func checkStates(t testing.TB, l law, states *mat.Dense, c Config) {
	t.Helper()
	logs := l.log(states)
	var total float64
	index := make(map[string]int)
	for i, v := range logs {
		total += math.Exp(v)
		index[key(states.RawRowView(i))] = i
	}
	if !(math.Abs(total-1) <= 1e-9) {
		t.Errorf("%s sums to %v over its %d values", l.name, total, len(logs))
	}
	counts := make([]float64, len(logs))
	x := drawn(l, c, l.name+".states")
	for i := range c.Draws {
		k, ok := index[key(x.RawRowView(i))]
		if !ok {
			t.Errorf("%s: draw %d, %v, is not among the values", l.name, i+1, x.RawRowView(i))
			return
		}
		counts[k]++
	}
	for i, v := range logs {
		// The square root of a count is normal with variance ¼ even for
		// small counts (Anscombe 1948).
		p, n := math.Exp(v), float64(c.Draws)
		if d := 2 * (math.Sqrt(counts[i]+0.375) - math.Sqrt(n*p+0.375)); !(math.Abs(d) <= deviations) {
			t.Errorf("%s: %v is drawn %v times in %v, with probability %v", l.name, states.RawRowView(i), counts[i], n, p)
		}
	}
}

func key(row []float64) string {
	b := make([]byte, 0, 8*len(row))
	for _, v := range row {
		bits := math.Float64bits(v + 0) // −0 is 0
		for range 8 {
			b = append(b, byte(bits))
			bits >>= 8
		}
	}
	return string(b)
}

// checkGrid integrates over a grid, and compares the draws' means of bounded
// functions with their integrals; unlike moments they exist for any density.
func checkGrid(t testing.TB, l law, c Config) {
	t.Helper()
	f, ok := newFrame(drawn(l, c, l.name+".frame"))
	if !ok {
		t.Errorf("%s: draws have a singular covariance", l.name)
		return
	}
	names := []string{"1", "tanh u", "tanh² u"}
	g := func(dst, u []float64) {
		a := math.Tanh(u[0])
		dst[0], dst[1], dst[2] = 1, a, a*a
	}
	if l.d == 2 {
		names = []string{"1", "tanh u", "tanh² u", "tanh v", "tanh² v", "tanh u tanh v"}
		g = func(dst, u []float64) {
			a, b := math.Tanh(u[0]), math.Tanh(u[1])
			dst[0], dst[1], dst[2], dst[3], dst[4], dst[5] = 1, a, a*a, b, b*b, a*b
		}
	}
	integrals := f.integrate(c.Points, len(names), l.log, g)
	if !(math.Abs(integrals[0]-1) <= c.Tolerance) {
		t.Errorf("%s integrates to %v", l.name, integrals[0])
	}
	x := drawn(l, c, l.name+".moments")
	values := make([][]float64, len(names))
	u, row := make([]float64, l.d), make([]float64, len(names))
	for i := range c.Draws {
		f.in(u, x.RawRowView(i))
		g(row, u)
		for k, v := range row {
			values[k] = append(values[k], v)
		}
	}
	for k, name := range names[1:] {
		mean, err := meanErr(values[k+1])
		if d := mean - integrals[k+1]; !(math.Abs(d) <= deviations*err+c.Tolerance) {
			t.Errorf("%s: the mean of %s over draws is %v ± %v, its integral %v", l.name, name, mean, err, integrals[k+1])
		}
	}
}
