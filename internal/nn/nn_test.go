package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/kernel"
)

// kinds calls f for networks of every nonlinearity, with and without normalisation.
func kinds(f func(act kernel.Activation, norm bool)) {
	for _, act := range allActivations {
		f(act, false)
		f(act, true)
	}
}

var allActivations = []kernel.Activation{
	kernel.Identity, kernel.Tanh, kernel.ReLU, kernel.ELU, kernel.GELU, kernel.Softplus, kernel.Sigmoid,
}

func source(seed uint64) rand.Source { return rand.NewPCG(seed, 7) }

func normals[T kernel.Float](n int, src rand.Source) []T {
	random := rand.New(src)
	x := make([]T, n)
	for i := range x {
		x[i] = T(random.NormFloat64())
	}
	return x
}

// net builds a network with random weights and biases, a tape of rows with
// random input, and fixed random coefficients c for the loss Σ c·output.
func net[T kernel.Float](act kernel.Activation, norm bool, rows int, widths ...int) (n *MLP[T], theta []T, tape *Tape[T], c []T) {
	var layout Layout
	n = NewMLP[T](&layout, widths, act, norm)
	theta = normals[T](layout.Size(), source(1))
	for i := range theta {
		theta[i] *= 0.5
	}
	tape = n.NewTape(rows, true)
	copy(tape.Input, normals[T](len(tape.Input), source(2)))
	return n, theta, tape, normals[T](rows*n.Out(), source(3))
}

func loss[T kernel.Float](n *MLP[T], theta []T, tape *Tape[T], c []T) float64 {
	n.Forward(theta, tape, 0, len(c)/n.Out())
	var sum float64
	for i, v := range tape.Output() {
		sum += float64(c[i]) * float64(v)
	}
	return sum
}

// gradient runs the backward pass and returns the whole gradient.
func gradient[T kernel.Float](n *MLP[T], theta []T, tape *Tape[T], c []T) []T {
	rows := len(c) / n.Out()
	n.Forward(theta, tape, 0, rows)
	copy(tape.OutputGrad(), c)
	n.Backward(theta, tape, 0, rows)
	grad := make([]T, len(theta))
	for _, p := range n.Pieces() {
		n.Gradient(p, tape, rows, grad)
	}
	return grad
}

// central returns the derivative by *v of f, by central differences that are
// extrapolated once (error O(h⁴)). Where f has kinks, h must be small enough
// not to step over one.
func central(h float64, v *float64, f func() float64) float64 {
	at, slope := *v, [2]float64{}
	for i, h := range [...]float64{h, h / 2} {
		*v = at + h
		up := f()
		*v = at - h
		slope[i] = (up - f()) / (2 * h)
		*v = at
	}
	return (4*slope[1] - slope[0]) / 3
}

func TestGradient(t *testing.T) {
	kinds(func(act kernel.Activation, norm bool) {
		h := 1e-3
		if norm {
			h = 1e-4 // where a row's units are nearly equal the curvature is large
		}
		if act == kernel.ReLU || act == kernel.ELU {
			h = 1e-6
		}
		for _, widths := range [][]int{{3, 2}, {5, 4, 3}, {4, 7, 1, 6, 3}} {
			n, theta, tape, c := net[float64](act, norm, 5, widths...)
			grad := gradient(n, theta, tape, c)
			inputGrad := slices.Clone(tape.InputGrad)
			used := 0
			for _, d := range n.Layers {
				for _, span := range d.Parameters() {
					for i := span.From; i < span.From+span.Len; i++ {
						want := central(h, &theta[i], func() float64 { return loss(n, theta, tape, c) })
						require.InDelta(t, want, grad[i], 1e-6*math.Max(1, math.Abs(want)), "%v %v parameter %d", act, widths, i)
						used++
					}
				}
			}
			require.NotZero(t, used)
			for i := range tape.Input {
				want := central(h, &tape.Input[i], func() float64 { return loss(n, theta, tape, c) })
				require.InDelta(t, want, inputGrad[i], 1e-6*math.Max(1, math.Abs(want)), "%v %v input %d", act, widths, i)
			}
		}
	})
}

func TestPrecisionsAgree(t *testing.T) {
	kinds(func(act kernel.Activation, norm bool) {
		n64, theta64, tape64, c64 := net[float64](act, norm, 9, 20, 30, 10)
		n32, theta32, tape32, c32 := net[float32](act, norm, 9, 20, 30, 10)
		want, got := gradient(n64, theta64, tape64, c64), gradient(n32, theta32, tape32, c32)
		for i := range want {
			require.InDelta(t, want[i], float64(got[i]), 2e-4*math.Max(1, math.Abs(want[i])), "%v parameter %d", act, i)
		}
	})
}

// The rows of a batch may be cut anywhere without changing a bit.
func TestRowsAreIndependent(t *testing.T) {
	for _, norm := range []bool{false, true} {
		rowsAreIndependent(t, norm)
	}
}

func rowsAreIndependent(t *testing.T, norm bool) {
	const rows = 13
	n, theta, tape, c := net[float32](kernel.Tanh, norm, rows, 19, 33, 21)
	want := gradient(n, theta, tape, c)
	out, in := slices.Clone(tape.Output()), slices.Clone(tape.InputGrad)
	for _, cuts := range [][]int{{0, 1, 13}, {0, 6, 7, 13}, {0, 4, 9, 12, 13}} {
		other := n.NewTape(rows, true)
		copy(other.Input, tape.Input)
		copy(other.OutputGrad(), c)
		for i := range len(cuts) - 1 {
			n.Forward(theta, other, cuts[i], cuts[i+1])
			n.Backward(theta, other, cuts[i], cuts[i+1])
		}
		require.Equal(t, out, other.Output())
		require.Equal(t, in, other.InputGrad)
		got := make([]float32, len(theta))
		for _, p := range n.Pieces() {
			n.Gradient(p, other, rows, got)
		}
		require.Equal(t, want, got)
	}
}

func TestPiecesCoverAllParametersOnce(t *testing.T) {
	var layout Layout
	n := NewMLP[float32](&layout, []int{784, 200, 7001, 3}, kernel.Tanh, true)
	tape := n.NewTape(1, false)
	seen, grad := make([]int, layout.Size()), make([]float32, layout.Size())
	for _, p := range n.Pieces() {
		s := n.Gradient(p, tape, 1, grad)
		for i := s.From; i < s.From+s.Len; i++ {
			seen[i]++
		}
	}
	total := 0
	for _, d := range n.Layers {
		for _, s := range d.Parameters() {
			for i := s.From; i < s.From+s.Len; i++ {
				require.Equal(t, 1, seen[i])
			}
			total += s.Len
		}
	}
	require.Equal(t, 784*200+3*200+200*7001+3*7001+7001*3+3, total)
}

func TestFrozenMatchesForward(t *testing.T) {
	kinds(func(act kernel.Activation, norm bool) {
		for _, widths := range [][]int{{3, 2}, {5, 40, 3}, {4, 17, 1, 36, 3}} {
			const rows = 11
			n, theta, tape, _ := net[float64](act, norm, rows, widths...)
			n.Forward(theta, tape, 0, rows)
			f := n.Freeze(theta)
			got := make([]float64, rows*n.Out())
			f.Apply(rows, tape.Input, got, f.Scratch(rows))
			for i, want := range tape.Output() {
				require.InDelta(t, want, got[i], 1e-12*math.Max(1, math.Abs(want)))
			}
			one := make([]float64, n.Out())
			for i := range rows {
				f.Apply(1, tape.Input[i*n.In():], one, f.Scratch(1))
				require.Equal(t, got[i*n.Out():(i+1)*n.Out()], one)
			}
		}
	})
}

// Normalisation undoes scale and shift of the affine part, and gains and shifts
// have the moments of their definition.
func TestNormalization(t *testing.T) {
	var layout Layout
	n := NewMLP[float64](&layout, []int{3, 50, 1}, kernel.Identity, true)
	theta := make([]float64, layout.Size())
	n.Start(theta, source(6))
	tape := n.NewTape(2, false)
	copy(tape.Input, []float64{0.3, -1, 2, 0.3, -1, 2})
	for i := range 3 {
		tape.Input[3+i] *= 1e4 // the second row is the first in another unit
	}
	n.Forward(theta, tape, 0, 2)
	out := tape.Activations(0)
	for row := range 2 {
		var sum, squares float64
		for _, v := range out[row*50 : (row+1)*50] {
			sum += v
			squares += v * v
		}
		require.InDelta(t, 0, sum/50, 1e-12)
		require.InDelta(t, 1, squares/50, 1e-4)
	}
	require.InDelta(t, tape.Output()[0], tape.Output()[1], 1e-4)
	require.NotZero(t, tape.Output()[0])
	for j := range 50 {
		theta[n.Layers[0].Gain.From+j], theta[n.Layers[0].Shift.From+j] = 3, float64(j)
	}
	before := slices.Clone(out[:50])
	n.Forward(theta, tape, 0, 1)
	for j, v := range before {
		require.InDelta(t, 3*v+float64(j), out[j], 1e-12)
	}
}

// Kingma & Ba, algorithm 1, written out; with weight decay, Loshchilov &
// Hutter, algorithm 2.
func TestAdam(t *testing.T) {
	a := NewAdam[float64](2)
	a.Decay = 0.1
	theta, m, v := []float64{1, -2}, [2]float64{}, [2]float64{}
	want := [2]float64{1, -2}
	for step := 1; step <= 50; step++ {
		grad := []float64{2 * theta[0], math.Sin(float64(step)) + theta[1]}
		for i, g := range grad {
			m[i] = 0.9*m[i] + 0.1*g
			v[i] = 0.999*v[i] + 0.001*g*g
			mHat := m[i] / (1 - math.Pow(0.9, float64(step)))
			vHat := v[i] / (1 - math.Pow(0.999, float64(step)))
			want[i] -= 0.01 * (mHat/(math.Sqrt(vHat)+1e-8) + 0.1*want[i])
		}
		a.Begin(0.01)
		a.Apply(theta, grad, Span{From: 0, Len: 1})
		a.Apply(theta, grad, Span{From: 1, Len: 1})
		for i := range want {
			require.InDelta(t, want[i], theta[i], 1e-12)
		}
	}
	require.Equal(t, 50, *a.Count())
	require.Equal(t, [][]float64{a.Mean, a.Square}, a.Moments())
}

func TestSGD(t *testing.T) {
	s := NewSGD[float64](1)
	s.Momentum, s.Decay = 0.9, 0.1
	theta, v, want := []float64{1}, 0.0, 1.0
	for range 20 {
		grad := []float64{3 * theta[0]}
		v = 0.9*v + grad[0]
		want -= 0.05 * (v + 0.1*want)
		s.Begin(0.05)
		s.Apply(theta, grad, Span{From: 0, Len: 1})
		require.InDelta(t, want, theta[0], 1e-12)
	}
	require.Equal(t, 20, *s.Count())
}

// The bounds are sharp: the largest of 10,000 uniform draws is above 0.999 of
// the bound except with probability 0.999^10000 < 1e-4.
func TestStartBounds(t *testing.T) {
	for _, c := range []struct {
		act  kernel.Activation
		want float64
	}{{kernel.Tanh, math.Sqrt(6.0 / 200)}, {kernel.ReLU, math.Sqrt(6.0 / 100)}} {
		var layout Layout
		n := NewMLP[float64](&layout, []int{100, 100, 1}, c.act, false)
		theta := make([]float64, layout.Size())
		n.Start(theta, source(5))
		weight := View(theta, n.Layers[0].Weight)
		require.LessOrEqual(t, slices.Max(weight), c.want)
		require.Greater(t, slices.Max(weight), 0.999*c.want)
		require.GreaterOrEqual(t, slices.Min(weight), -c.want)
		require.Less(t, slices.Min(weight), -0.999*c.want)
		require.Zero(t, slices.Max(View(theta, n.Layers[0].Bias)))
	}
}

func TestCrew(t *testing.T) {
	for _, size := range []int{1, 2, 5} {
		c := NewWorkers(size)
		require.Equal(t, size, c.Size())
		for parts := range 20 {
			counts := make([]atomic.Int32, parts)
			c.Run(parts, func(part int) { counts[part].Add(1) })
			for i := range counts {
				require.EqualValues(t, 1, counts[i].Load())
			}
		}
		var total atomic.Int64
		work := func(part int) { total.Add(int64(part)) }
		require.Zero(t, testing.AllocsPerRun(100, func() { c.Run(8, work) }))
		c.Close()
	}
}
