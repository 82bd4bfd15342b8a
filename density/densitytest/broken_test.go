package densitytest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// recorder is a testing.TB that keeps what it is told.
type recorder struct {
	testing.TB
	messages []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

// altered is an Exact with parts replaced.
type altered struct {
	density.Exact
	log  func(dst []float64, x *mat.Dense) []float64
	draw func(dst *mat.Dense, src rand.Source)
}

func (a altered) LogProb(dst []float64, x *mat.Dense) []float64 {
	if a.log != nil {
		return a.log(dst, x)
	}
	return a.Exact.LogProb(dst, x)
}

func (a altered) Rand(dst *mat.Dense, src rand.Source) {
	if a.draw != nil {
		a.draw(dst, src)
		return
	}
	a.Exact.Rand(dst, src)
}

type alteredGradient struct {
	altered
	grad func(dst []float64, grad, x *mat.Dense) []float64
}

func (a alteredGradient) LogProbGrad(dst []float64, grad, x *mat.Dense) []float64 {
	return a.grad(dst, grad, x)
}

// shifted adds c to each log-density.
func shifted(m density.Exact, c float64) altered {
	return altered{Exact: m, log: func(dst []float64, x *mat.Dense) []float64 {
		dst = m.LogProb(dst, x)
		for i := range dst {
			dst[i] += c
		}
		return dst
	}}
}

// wide draws rows with standard deviations larger by a factor.
func wide(m density.Exact, factor float64) altered {
	return altered{Exact: m, draw: func(dst *mat.Dense, src rand.Source) {
		m.Rand(dst, src)
		dst.Scale(factor, dst)
	}}
}

func TestExactCatches(t *testing.T) {
	line, plane, space := density.StandardNormal(1), density.StandardNormal(2), density.StandardNormal(5)
	bits, err := density.NewBernoulli([]float64{0.2, 0.5, 0.7})
	require.NoError(t, err)
	other, err := density.NewBernoulli([]float64{0.2, 0.5, 0.6})
	require.NoError(t, err)
	long := make([]float64, 20)
	for j := range long {
		long[j] = 0.5
	}
	many, err := density.NewBernoulli(long)
	require.NoError(t, err)
	calls := 0
	for name, c := range map[string]struct {
		m      density.Exact
		binary bool
		want   string
	}{
		"constant on a line":      {shifted(line, 0.001), false, "integrates to"},
		"constant in a plane":     {shifted(plane, 0.001), false, "integrates to"},
		"constant in space":       {shifted(space, 0.2), false, "1/∫p"},
		"constant of bits":        {shifted(bits, 1e-6), true, "sums to"},
		"constant of many bits":   {shifted(many, 0.2), true, "1/∫p"},
		"no half in the square":   {altered{Exact: line, log: func(dst []float64, x *mat.Dense) []float64 { return squares(dst, x, 1) }}, false, "integrates to"},
		"draws too wide":          {wide(line, 1.1), false, "over draws"},
		"draws of a plane":        {wide(plane, 1.1), false, "over draws"},
		"draws in space":          {wide(space, 1.3), false, "1/∫p"},
		"draws of bits":           {altered{Exact: bits, draw: other.Rand}, true, "is drawn"},
		"grey values":             {altered{Exact: bits, draw: plane3}, true, "not among the values"},
		"NaN":                     {altered{Exact: line, log: nan}, false, "integrates to"},
		"dst is not used":         {altered{Exact: line, log: func(_ []float64, x *mat.Dense) []float64 { return line.LogProb(nil, x) }}, false, "does not store in dst"},
		"batch mean":              {altered{Exact: line, log: batchMean(line)}, false, "in a batch of"},
		"any dst":                 {altered{Exact: line, log: anyLength(line)}, false, "wrong length does not panic"},
		"any width":               {altered{Exact: line, log: firstColumn(line)}, false, "wrong width does not panic"},
		"any width drawn":         {altered{Exact: line, draw: fillColumns}, false, "drawing rows of a wrong width does not panic"},
		"random state":            {altered{Exact: line, draw: func(dst *mat.Dense, _ rand.Source) { line.Rand(dst, rand.NewPCG(uint64(calls), 1)); calls++ }}, false, "the same source gives other draws"},
		"source is not used":      {altered{Exact: line, draw: func(dst *mat.Dense, _ rand.Source) { line.Rand(dst, rand.NewPCG(1, 1)) }}, false, "another source gives the same draws"},
		"gradient of wrong sign":  {alteredGradient{altered{Exact: plane}, negative(plane)}, false, "by finite differences"},
		"gradient with one slice": {alteredGradient{altered{Exact: plane}, overwrite(plane)}, false, "changes its argument"},
		"value of the gradient":   {alteredGradient{altered{Exact: plane}, doubled(plane)}, false, "comes with the value"},
		"constant columns":        {altered{Exact: plane, draw: func(dst *mat.Dense, _ rand.Source) { dst.Zero() }}, false, "singular covariance"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			Exact(r, c.m, Config{Binary: c.binary})
			require.Contains(t, strings.Join(r.messages, "\n"), c.want)
		})
	}
}

func squares(dst []float64, x *mat.Dense, half float64) []float64 {
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		dst[i] = -0.5*math.Log(2*math.Pi) - half*x.At(i, 0)*x.At(i, 0)
	}
	return dst
}

func nan(dst []float64, x *mat.Dense) []float64 {
	dst = squares(dst, x, 0.5)
	for i := range dst {
		dst[i] = math.NaN()
	}
	return dst
}

func plane3(dst *mat.Dense, src rand.Source) { density.StandardNormal(3).Rand(dst, src) }

func batchMean(m density.Exact) func(dst []float64, x *mat.Dense) []float64 {
	return func(dst []float64, x *mat.Dense) []float64 {
		dst = m.LogProb(dst, x)
		var mean float64
		for _, v := range dst {
			mean += v / float64(len(dst))
		}
		for i := range dst {
			dst[i] = dst[i] / mean * mean // rounds as the batch has it
		}
		return dst
	}
}

func anyLength(m density.Exact) func(dst []float64, x *mat.Dense) []float64 {
	return func(dst []float64, x *mat.Dense) []float64 {
		n, _ := x.Dims()
		if dst == nil {
			dst = make([]float64, n)
		}
		m.LogProb(dst[:n], x)
		return dst[:n]
	}
}

func firstColumn(m density.Exact) func(dst []float64, x *mat.Dense) []float64 {
	return func(dst []float64, x *mat.Dense) []float64 {
		n, _ := x.Dims()
		return m.LogProb(dst, x.Slice(0, n, 0, 1).(*mat.Dense))
	}
}

func fillColumns(dst *mat.Dense, src rand.Source) {
	_, d := dst.Dims()
	density.StandardNormal(d).Rand(dst, src)
}

type gradient = func(dst []float64, grad, x *mat.Dense) []float64

func negative(m density.Gradient) gradient {
	return func(dst []float64, grad, x *mat.Dense) []float64 {
		dst = m.LogProbGrad(dst, grad, x)
		grad.Scale(-1, grad)
		return dst
	}
}

func overwrite(m density.Gradient) gradient {
	return func(dst []float64, grad, x *mat.Dense) []float64 {
		dst = m.LogProbGrad(dst, grad, x)
		x.Copy(grad)
		return dst
	}
}

func doubled(m density.Gradient) gradient {
	return func(dst []float64, grad, x *mat.Dense) []float64 {
		dst = m.LogProbGrad(dst, grad, x)
		for i := range dst {
			dst[i] *= 2
		}
		return dst
	}
}

func TestScalingCatchesAnAbsoluteFloor(t *testing.T) {
	x := mat.NewDense(50, 2, nil)
	density.StandardNormal(2).Rand(x, density.NewSource(6, "x"))
	r := &recorder{TB: t}
	Scaling(r, func(x *mat.Dense) density.Exact {
		mean, variance := density.Moments(x)
		for j := range variance {
			variance[j] += 1e-6
		}
		n, err := density.NewDiagonalNormal(mean, variance)
		require.NoError(t, err)
		return n
	}, x, 1e-9)
	require.Len(t, r.messages, 2)
}
