package results

import (
	"math"

	"likely/density"
)

// The functions here are the only passage between estimates and what JSON holds of
// them, in both directions: numbers that do not exist, such as the standard error of
// a single row, are absent there.

// Optional returns a pointer to v, or nil for what JSON cannot hold.
func Optional(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Value returns the number behind v; NaN where it is absent.
func Value(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// parts returns what JSON holds of an estimate: its value and its two errors.
func parts(e density.Estimate) (value, data, draws *float64) {
	return Optional(e.Value), Optional(e.DataErr), Optional(e.SampleErr)
}

// estimate is the inverse of parts. Errors that are absent become NaN; an absent
// value is no estimate.
func estimate(value, data, draws *float64, kind density.Kind, rows, samples int) (density.Estimate, bool) {
	if value == nil {
		return density.Estimate{}, false
	}
	return density.Estimate{Value: *value, DataErr: Value(data), SampleErr: Value(draws), Kind: kind, Rows: rows, Samples: samples}, true
}

// SetEstimate records the quality of a model with a density.
func (s *Split) SetEstimate(e density.Estimate) {
	s.Kind, s.Samples = &e.Kind, e.Samples
	s.Nats, s.SEData, s.SESamples = parts(e)
}

// Estimate returns log p of the part, and whether there is one.
func (s *Split) Estimate() (density.Estimate, bool) {
	if s == nil || s.Kind == nil {
		return density.Estimate{}, false
	}
	return estimate(s.Nats, s.SEData, s.SESamples, *s.Kind, s.Rows, s.Samples)
}

// SetELBO records the bound of the encoder, with its parts.
func (b *Bounds) SetELBO(e density.Estimate, rate, distortion float64) {
	b.ELBO, b.ELBOSEData, b.ELBOSESamples = parts(e)
	b.Rate, b.Distortion = Optional(rate), Optional(distortion)
}

// Bound returns the bound of the encoder, and whether there is one.
func (b *Bounds) Bound() (density.Estimate, bool) {
	if b == nil {
		return density.Estimate{}, false
	}
	return estimate(b.ELBO, b.ELBOSEData, b.ELBOSESamples, density.LowerBound, 0, 0)
}

// SetIWAE records the bound of several samples.
func (b *Bounds) SetIWAE(e density.Estimate, samples int) {
	b.IWAE, b.IWAESEData, b.IWAESESamples = parts(e)
	b.IWAESamples = &samples
}

// SetRefined records the bound with q(z|x) refined for each row.
func (b *Bounds) SetRefined(e density.Estimate) {
	b.ELBORefined, b.ELBORefinedSEData, b.ELBORefinedSESamples = parts(e)
	b.ELBORefinedRows = &e.Rows
}

// SetQuadrature records the integral over the code and the largest error of a row.
func (b *Bounds) SetQuadrature(value, worst float64, rows int) {
	b.Quadrature, b.QuadratureError, b.QuadratureRows = Optional(value), Optional(worst), &rows
}

// SetAIS records the bound by annealing from the prior.
func (b *Bounds) SetAIS(e density.Estimate, temperatures int) {
	b.AIS, b.AISSEData, b.AISSESamples = parts(e)
	b.AISRows, b.AISTemperatures = e.Rows, temperatures
}

// NewGap records a gap that was divided; converged is on how many rows the
// refinement converged.
func NewGap(total, approximation, amortization density.Estimate, converged int) *Gap {
	g := &Gap{Rows: total.Rows, RowsConverged: &converged}
	g.Total, _, g.SE = parts(total)
	g.Approximation, _, g.ApproximationSE = parts(approximation)
	g.Amortization, _, g.AmortizationSE = parts(amortization)
	return g
}

// Divided says whether the parts of the gap are known.
func (g *Gap) Divided() bool {
	return g != nil && g.Approximation != nil && g.Amortization != nil
}

// NewSandwich records bounds on simulated rows. width is their distance with its
// error, single the mean of the upper bound of one draw, or NaN.
func NewSandwich(lower, upper density.Estimate, width, widthErr, single float64) *Sandwich {
	s := &Sandwich{Certified: true, On: "simulated", Rows: lower.Rows, Samples: lower.Samples,
		Width: Optional(width), WidthSE: Optional(widthErr), Single: Optional(single)}
	s.Lower, s.LowerSE, _ = parts(lower)
	s.Upper, s.UpperSE, _ = parts(upper)
	return s
}

// SetEstimate records what an estimator found.
func (e *Estimator) SetEstimate(v density.Estimate) {
	e.Kind, e.Rows = v.Kind, v.Rows
	e.Nats, e.SEData, e.SESamples = parts(v)
}

// Estimate returns what the estimator found, and whether it found anything.
func (e *Estimator) Estimate() (density.Estimate, bool) {
	return estimate(e.Nats, e.SEData, e.SESamples, e.Kind, e.Rows, e.Draws)
}
