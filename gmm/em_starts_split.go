package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Split starts from a mixture with fewer components than are wanted: a warm start for
// the next size. Components that have many rows and are unlike a Gaussian along the axis
// in which they are widest are cut in two across it, one after another, until there are
// enough.
func Split(m *Model) Start { return splitStart{m} }

type splitStart struct{ m *Model }

func (splitStart) String() string { return "split" }

func (s splitStart) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (splitStart) repeats() bool { return false }

func (f splitStart) assign(_ context.Context, e *EM, _ int, _ rand.Source) error {
	if f.m.k > e.k || f.m.d != e.d {
		return density.SettingErrorf(ErrSettings, "gmm: {Start} has %d components in %d columns to split for %d in %d: {err}", f.m.k, f.m.d, e.k, e.d)
	}
	from := e.scaled.responsibilitiesOf(f.m)
	resp := mat.NewDense(e.moments.n, e.k, e.moments.resp)
	resp.Zero()
	resp.Slice(0, e.moments.n, 0, f.m.k).(*mat.Dense).Copy(from)
	halves := make([]*half, 0, e.k)
	for c := range f.m.k {
		halves = append(halves, e.halves(c))
	}
	for next := f.m.k; next < e.k; next++ {
		at := 0
		for c, h := range halves {
			if h.gain > halves[at].gain {
				at = c
			}
		}
		for i := range e.moments.n {
			if halves[at].side(e.scaled.row(i)) > 0 {
				resp.Set(i, next, resp.At(i, at))
				resp.Set(i, at, 0)
			}
		}
		halves[at] = e.halves(at)
		halves = append(halves, e.halves(next))
	}
	return nil
}

// half is where a component would be cut: through its mean, across its widest axis.
type half struct {
	mean, axis []float64
	gain       float64
}

// side returns how far a row lies from the cut.
func (h *half) side(row []float64) float64 {
	var sum float64
	for j, v := range row {
		sum += (v - h.mean[j]) * h.axis[j]
	}
	return sum
}

const (
	axisRounds = 15 // of the power method, which need not find the axis exactly
	// plainGain is what cutting a Gaussian is worth, beside what splitGain has for a
	// component that is unlike one: of components that are alike the largest is cut.
	plainGain = 0.05
)

// halves returns the cut of component c under its present responsibilities.
func (e *EM) halves(c int) *half {
	h := &half{mean: make([]float64, e.d), axis: make([]float64, e.d)}
	var count float64
	squares := make([]float64, e.d)
	for i := range e.moments.n {
		r := e.moments.resp[i*e.k+c]
		count += r
		floats.AddScaled(h.mean, r, e.scaled.row(i))
	}
	if !(count > 0) {
		return h
	}
	floats.Scale(1/count, h.mean)
	e.eachDeviation(c, h.mean, func(r float64, deviation []float64) {
		for j, v := range deviation {
			squares[j] += r * v * v
		}
	})
	h.axis[slices.Index(squares, slices.Max(squares))] = 1
	next := make([]float64, e.d)
	for range axisRounds {
		clear(next)
		e.eachDeviation(c, h.mean, func(r float64, deviation []float64) {
			floats.AddScaled(next, r*floats.Dot(deviation, h.axis), deviation)
		})
		length := floats.Norm(next, 2)
		if !(length > 0) {
			return h // all its rows are one point
		}
		floats.ScaleTo(h.axis, 1/length, next)
	}
	var square, distance float64
	e.eachDeviation(c, h.mean, func(r float64, deviation []float64) {
		s := floats.Dot(deviation, h.axis)
		square += r * s * s
		distance += r * math.Abs(s)
	})
	if square > 0 {
		h.gain = count * (max(distance*distance/(count*square)-2/math.Pi, 0) + plainGain)
	}
	return h
}

// eachDeviation calls f with each row that component c has a share in, less mean.
func (e *EM) eachDeviation(c int, mean []float64, f func(r float64, deviation []float64)) {
	deviation := make([]float64, e.d)
	for i := range e.moments.n {
		if r := e.moments.resp[i*e.k+c]; r > 1e-6 {
			floats.SubTo(deviation, e.scaled.row(i), mean)
			f(r, deviation)
		}
	}
}
