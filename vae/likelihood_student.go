package vae

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"likely/internal/kernel"
)

// StudentT columns follow Student's t, for heavy tails, with the degrees of freedom
// of Settings.Freedom. [Sigma] then stands for the scale, and the log-variance of a
// saved model for the logarithm of its square.
var StudentT = Likelihood{&studentForm}

var studentForm = likelihoodForm{
	name:      "student-t",
	measures:  continuous,
	scaled:    true,
	configure: func(c *Config, s *Settings) { c.Freedom = s.Freedom },
	check: func(c *Config) error {
		if !(c.Freedom > 0) || math.IsInf(c.Freedom, 0) {
			return fmt.Errorf("vae: Student's t with %v degrees of freedom; want a positive number", c.Freedom)
		}
		return nil
	},
	observe: func(c *Config) observation { return student{freedom: c.Freedom} },
}

// student is the likelihood of heavy-tailed columns, Student's t with ν degrees of
// freedom, location loc and squared scale exp(s),
//
//	log p(x|z) = Σ ln Γ((ν+1)/2) − ln Γ(ν/2) − ½ ln(νπ) − ½s
//	               − (ν+1)/2 · ln(1 + (x − loc)²·exp(−s)/ν)
//
// For ν > 2 the variance is exp(s)·ν/(ν − 2).
type student struct {
	located
	freedom float64
}

// logNorm returns the terms that depend on ν alone.
func (t student) logNorm() float64 {
	a, _ := math.Lgamma((t.freedom + 1) / 2)
	b, _ := math.Lgamma(t.freedom / 2)
	return a - b - 0.5*math.Log(t.freedom*math.Pi)
}

func (t student) logProb(x, loc, s, w, _ []float64) float64 {
	sum := float64(len(x)) * t.logNorm()
	for j, v := range x {
		r := v - loc[j]
		sum -= 0.5*s[j] + 0.5*(t.freedom+1)*math.Log1p(r*r*w[j]/t.freedom)
	}
	return sum
}

func (student) mean(dst, loc, _ []float64) { copy(dst, loc) }

func (t student) noise(dst []float64, random *rand.Rand) {
	d := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: t.freedom, Src: random}
	for j := range dst {
		dst[j] = d.Rand()
	}
}

func (student) sample(dst, loc, s []float64) { gaussian{}.sample(dst, loc, s) }

func (t student) transformed() observation { return t }

func (t student) gradient32() gradient[float32] { return studentGradient[float32]{t} }

func (t student) gradient64() gradient[float64] { return studentGradient[float64]{t} }

type studentGradient[T kernel.Float] struct{ student }

func (t studentGradient[T]) grad(x, loc, s, w, dloc, ds []T) float64 {
	freedom := T(t.freedom)
	sum := float64(len(x)) * t.logNorm()
	for j, v := range x {
		r := v - loc[j]
		q := r * r * w[j]
		weight := (freedom + 1) / (freedom + q)
		dloc[j] = weight * r * w[j]
		ds[j] = 0.5 * (weight*q - 1)
		sum -= 0.5*float64(s[j]) + 0.5*(t.freedom+1)*math.Log1p(float64(q)/t.freedom)
	}
	return sum
}

func (t student) quantile(dst []float64, p float64, loc, s []float64) {
	for j, l := range loc {
		dst[j] = distuv.StudentsT{Mu: l, Sigma: math.Exp(0.5 * s[j]), Nu: t.freedom}.Quantile(p)
	}
}

// information is w(ν+1)/(ν+3) on the location and ν/(2(ν+3)) on s.
func (t student) information(byLoc, byS, both, _, _, w []float64) {
	for j, v := range w {
		byLoc[j] = v * (t.freedom + 1) / (t.freedom + 3)
		byS[j], both[j] = t.freedom/(2*(t.freedom+3)), 0
	}
}
