package densitytest

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// reference is a density h fitted to draws, with lighter tails.
type reference interface {
	log(x []float64) float64
}

// checkReciprocal checks E[h(x)/p(x)] = 1 over draws of the law.
func checkReciprocal(t testing.TB, l law, h reference, c Config) {
	t.Helper()
	if h == nil {
		return
	}
	x := drawn(l, c, l.name+".moments")
	ratios := l.log(x)
	var sum, squares float64
	for i, v := range ratios {
		ratios[i] = math.Exp(h.log(x.RawRowView(i)) - v)
		sum += ratios[i]
		squares += ratios[i] * ratios[i]
	}
	if !(sum*sum/squares >= 50) {
		t.Errorf("%s: the draws do not lie where the density does, or too unevenly for a check in %d columns (%.3g effective draws); take a smaller instance of the model", l.name, l.d, sum*sum/squares)
		return
	}
	if mean, err := meanErr(ratios); !(math.Abs(mean-1) <= deviations*err+c.Tolerance) {
		t.Errorf("%s: 1/∫p, from draws, is %v ± %v", l.name, mean, err)
	}
}

// bell is a normal distribution.
type bell struct {
	frame    frame
	u        []float64
	constant float64
	shrink   float64
}

// newBell fits a normal with 0.8 of the covariance of draws: the variance of
// h/p is smallest, for a normal p, at the covariance of p itself, and grows
// fast above it and slowly below.
func newBell(t testing.TB, l law, c Config) reference {
	t.Helper()
	f, ok := newFrame(drawn(l, c, l.name+".frame"))
	if !ok {
		t.Errorf("%s: draws have a singular covariance", l.name)
		return nil
	}
	const shrink = 0.8
	d := float64(l.d)
	return &bell{frame: f, u: make([]float64, l.d), shrink: shrink, constant: -0.5*d*math.Log(2*math.Pi*shrink) - f.log}
}

func (b *bell) log(x []float64) float64 {
	b.frame.in(b.u, x)
	var square float64
	for _, v := range b.u {
		square += v * v
	}
	return b.constant - 0.5*square/b.shrink
}

// coins are independent bits.
type coins struct{ p []float64 }

func newCoins(l law, c Config) reference {
	x := drawn(l, c, l.name+".frame")
	h := coins{make([]float64, l.d)}
	for j := range h.p {
		h.p[j] = (mat.Sum(x.ColView(j)) + 0.5) / (float64(c.Draws) + 1)
	}
	return h
}

func (h coins) log(x []float64) float64 {
	var sum float64
	for j, p := range h.p {
		sum += x[j]*math.Log(p) + (1-x[j])*math.Log1p(-p)
	}
	return sum
}
