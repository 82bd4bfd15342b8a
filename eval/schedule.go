package eval

import (
	"fmt"
	"math"
)

// Schedule says how the temperatures of annealing are spaced.
type Schedule int

const (
	// Sigmoid temperatures lie densely near both ends (Wu et al. 2017,
	// appendix).
	Sigmoid Schedule = iota
	// LinearSchedule temperatures are equally spaced.
	LinearSchedule
	// AdaptiveSchedule temperatures are spaced, for each row, by what a first
	// round found: so that each step costs the same share of the effective
	// sample size.
	AdaptiveSchedule
)

var scheduleNames = [...]string{"sigmoid", "linear", "adaptive"}

// String returns sigmoid, linear or adaptive.
func (s Schedule) String() string {
	if s < 0 || int(s) >= len(scheduleNames) {
		return fmt.Sprintf("Schedule(%d)", int(s))
	}
	return scheduleNames[s]
}

// betas returns 0 = β₀ < … < β_T = 1.
func (s Schedule) betas(t int) []float64 {
	out := make([]float64, t+1)
	const spread = 4 // δ of Wu et al.
	sigmoid := func(u float64) float64 { return 1 / (1 + math.Exp(-spread*u)) }
	low, high := sigmoid(-1), sigmoid(1)
	for i := range out {
		u := float64(i) / float64(t)
		out[i] = u
		if s != LinearSchedule {
			out[i] = (sigmoid(2*u-1) - low) / (high - low)
		}
	}
	out[t] = 1
	return out
}

// respace moves the temperatures so that spread·Δβ is the same for all steps,
// where spread[i] is the standard deviation of log p(x,z) − log q₀(z|x) under
// p_β at β = old[i], i < T. To second order a step from β costs a share
// (spread·Δβ)² of the effective sample size, so each then costs the same; the
// length Σ spread·Δβ that is divided equally is the thermodynamic one (Gelman &
// Meng 1998).
func respace(old, spread []float64) []float64 {
	t := len(old) - 1
	lengths := make([]float64, t+1) // accumulated
	var total float64
	for i, s := range spread {
		total += s * (old[i+1] - old[i])
	}
	for i, s := range spread {
		// A tenth is spread evenly: a spread estimated as 0 is no licence to
		// jump.
		lengths[i+1] = lengths[i] + 0.9*s*(old[i+1]-old[i]) + 0.1*total/float64(t)
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return old
	}
	out := make([]float64, t+1)
	k := 0
	for i := 1; i < t; i++ {
		target := lengths[t] * float64(i) / float64(t)
		for lengths[k+1] < target {
			k++
		}
		out[i] = old[k] + (old[k+1]-old[k])*(target-lengths[k])/(lengths[k+1]-lengths[k])
	}
	out[t] = 1
	return out
}

// interpolate returns the values, known at from[1…], at the temperatures of to.
func interpolate(values, from, to []float64) []float64 {
	out := make([]float64, len(values))
	k := 0
	for i := range out {
		at := to[i+1]
		for k < len(values)-1 && from[k+1] < at {
			k++
		}
		out[i] = values[k]
	}
	return out
}
