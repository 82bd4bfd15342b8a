package eval

import (
	"fmt"
	"math"

	"likely/density"
	"likely/elbo"
)

// Gap says why a bound is below log p(x) (Cremer, Li & Duvenaud 2018): with q* the
// best proposal of the encoder's family for each row,
//
//	log p − ELBO[q] = (log p − ELBO[q*]) + (ELBO[q*] − ELBO[q])
//	     total      =    approximation   +    amortisation
//
// The first part is the fault of the family, the second that of the encoder.
// Slices are per row, in nats.
type Gap struct {
	Total, Approximation, Amortization []float64
	// StdErr of each part, for each row, from the draws of its terms.
	TotalErr, ApproximationErr, AmortizationErr []float64
	Samples                                     int
}

// NewGap returns the gap between log p(x), the bound with a refined proposal
// (elbo.Refine) and the bound with the encoder, all three on the same rows; else
// the error wraps ErrMismatch. A negative part, beyond its error, says that
// something did not converge: the estimate of log p or the refinement.
func NewGap(logp *Result, refined, amortized *elbo.Bound) (*Gap, error) {
	n := len(logp.LogProb)
	if len(refined.PerRow) != n || len(amortized.PerRow) != n {
		return nil, fmt.Errorf("eval: gaps of %d, %d and %d rows: %w; evaluate all on one set of rows", n, len(refined.PerRow), len(amortized.PerRow), ErrMismatch)
	}
	g := &Gap{Samples: logp.Samples}
	g.Total, g.TotalErr = subtract(logp.LogProb, logp.StdErr, amortized.PerRow, amortized.StdErr)
	g.Approximation, g.ApproximationErr = subtract(logp.LogProb, logp.StdErr, refined.PerRow, refined.StdErr)
	g.Amortization, g.AmortizationErr = subtract(refined.PerRow, refined.StdErr, amortized.PerRow, amortized.StdErr)
	return g, nil
}

// subtract returns a − b and the errors of the differences; nil errors are 0.
func subtract(a, errA, b, errB []float64) (diff, errs []float64) {
	diff, errs = make([]float64, len(a)), make([]float64, len(a))
	for i := range diff {
		diff[i] = a[i] - b[i]
		if errA != nil {
			errs[i] = math.Hypot(errs[i], errA[i])
		}
		if errB != nil {
			errs[i] = math.Hypot(errs[i], errB[i])
		}
	}
	return diff, errs
}

// Estimates returns the means over the rows of the three parts.
func (g *Gap) Estimates() (total, approximation, amortization density.Estimate) {
	return density.MeanEstimate(g.Total, g.TotalErr, density.Consistent, g.Samples),
		density.MeanEstimate(g.Approximation, g.ApproximationErr, density.Consistent, g.Samples),
		density.MeanEstimate(g.Amortization, g.AmortizationErr, density.Consistent, g.Samples)
}

// Overfitting returns how much larger the mean of one part of the gap is on
// held-out rows than on training rows, and its standard error: for the
// amortisation gap, how much the encoder has overfitted.
func Overfitting(held, train density.Estimate) Difference {
	return Difference{
		Mean:    held.Value - train.Value,
		DataErr: math.Hypot(held.DataErr, train.DataErr), SampleErr: math.Hypot(held.SampleErr, train.SampleErr),
		Rows: held.Rows + train.Rows, Freedom: float64(min(held.Rows, train.Rows) - 1),
	}
}
