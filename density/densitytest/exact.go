package densitytest

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Exact tests a model with a closed form; see the package comment. If the model
// is a density.Gradient, its gradient is tested too.
func Exact(t testing.TB, m density.Exact, c Config) {
	t.Helper()
	d := m.Dim()
	c = c.resolve(d)
	l := law{name: "p(x)", d: d, draw: m.Rand, log: func(x *mat.Dense) []float64 { return m.LogProb(nil, x) }, binary: c.Binary}
	checkLaw(t, l, c)
	checkDraws(t, l, c)
	checkCount(t, m)

	x := mat.NewDense(37, d, nil)
	m.Rand(x, c.source("rows"))
	logs := checkFill(t, "LogProb", 37, func(dst []float64) []float64 { return m.LogProb(dst, x) })
	if logs == nil {
		return
	}
	checkChunks(t, "LogProb", logs, func(from, to int) []float64 { return m.LogProb(nil, density.Rows(x, from, to)) })
	mustPanic(t, "LogProb of rows of a wrong width", func() { m.LogProb(nil, wider(x)) })
	if g, ok := m.(density.Gradient); ok && !c.Binary {
		checkGradient(t, "log p(x)", x, c, l.log, func(grad, x *mat.Dense) []float64 { return g.LogProbGrad(nil, grad, x) })
	}
	if !c.Binary {
		checkShift(t, m, x, logs)
	}
}

// checkShift checks that the density of a·x is lower by D ln a than that of x.
func checkShift(t testing.TB, m density.Exact, x *mat.Dense, logs []float64) {
	t.Helper()
	const a = 1024
	transform := density.NewIdentity(m.Dim())
	for j := range transform.Scale {
		transform.Scale[j] = a
	}
	scaled := density.Transformed(m, transform)
	drop := float64(m.Dim()) * math.Log(a)
	for i, v := range scaled.LogProb(nil, transform.Invert(nil, x)) {
		if want := logs[i] - drop; !(math.Abs(v-want) <= 1e-9*(1+math.Abs(want))) {
			t.Errorf("in units 1024 times smaller log p of row %d is %v instead of %v", i+1, v, want)
			return
		}
	}
}

// Scaling tests a way of fitting a model: with the data x (N×D) multiplied by a
// power of two, each row's log-density must fall by exactly D ln a, within
// tolerance. A floor or a step size in absolute units shows here.
func Scaling(t testing.TB, fit func(x *mat.Dense) density.Exact, x *mat.Dense, tolerance float64) {
	t.Helper()
	_, d := x.Dims()
	logs := fit(x).LogProb(nil, x)
	for _, a := range []float64{1024, 1.0 / 4096} {
		y := mat.DenseCopyOf(x)
		y.Scale(a, y)
		for i, v := range fit(y).LogProb(nil, y) {
			if want := logs[i] - float64(d)*math.Log(a); !(math.Abs(v-want) <= tolerance) {
				t.Errorf("fitted to %v times the data, log p of row %d is %v instead of %v", a, i+1, v, want)
				break
			}
		}
	}
}
