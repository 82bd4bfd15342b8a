package density

import (
	"fmt"
	"math"
)

// Kind says what a number is to the quantity it stands for.
type Kind int

const (
	// ExactValue numbers come from a closed form or a finite sum; nothing but
	// rounding separates them from the truth.
	ExactValue Kind = iota
	// LowerBound numbers are, in expectation, not above the truth.
	LowerBound
	// UpperBound numbers are, in expectation, not below the truth.
	UpperBound
	// Consistent numbers converge to the truth as the number of samples
	// grows, with a bias that their diagnostics describe.
	Consistent
	// Quadrature numbers are integrals over the code that reached their tolerance;
	// no Monte Carlo error separates them from the truth.
	Quadrature
)

var kindNames = [...]string{"exact", "lower_bound", "upper_bound", "consistent", "quadrature"}

// String returns the name that results.json uses: exact, lower_bound,
// upper_bound, consistent or quadrature.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) {
	if k < 0 || int(k) >= len(kindNames) {
		return nil, fmt.Errorf("density: unknown kind %d", int(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("density: unknown kind %q; want one of %q", text, kindNames)
}

// Estimate is a mean over rows, in nats an example, that does not forget what
// it is and how far it can be trusted.
type Estimate struct {
	// Value is the mean over the rows, in nats.
	Value float64
	// DataErr is the standard error that comes from having only these rows,
	// sd/√N; it is what would change with another held-out set.
	DataErr float64
	// SampleErr is the standard error that comes from Monte Carlo, given
	// the rows; 0 for closed forms.
	SampleErr float64
	// Kind tells an exact value from a bound or an estimate.
	Kind Kind
	// Rows is the number of examples averaged.
	Rows int
	// Samples is the number of draws per row that were truly made; 0 for
	// closed forms.
	Samples int
}

// StdErr returns both standard errors together, √(DataErr² + SampleErr²).
func (e Estimate) StdErr() float64 { return math.Hypot(e.DataErr, e.SampleErr) }

// Shift returns the estimate moved by c nats, as a change of units does.
func (e Estimate) Shift(c float64) Estimate {
	e.Value += c
	return e
}

// BitsPerDim returns −Value/(D·ln 2), the usual figure for images: the bits a
// code built on the model would spend on each of D columns.
func (e Estimate) BitsPerDim(d int) float64 {
	return -e.Value / (float64(d) * math.Ln2)
}

// String formats the estimate as "−4.10 ± 0.12 nats (exact, 54 rows)".
func (e Estimate) String() string {
	return fmt.Sprintf("%.4g ± %.2g nats (%s, %d rows)", e.Value, e.StdErr(), e.Kind, e.Rows)
}

// MeanEstimate averages per-row values (nats, length N ≥ 1) and the per-row Monte Carlo
// standard errors sampleErr (length N, or nil where the values are closed forms). The
// errors of different rows are independent. samples is the number of draws a row. Sums
// are accumulated in row order. The data error of a single row is NaN: one row says
// nothing about its spread.
func MeanEstimate(values, sampleErr []float64, kind Kind, samples int) Estimate {
	return WeightedMeanEstimate(values, sampleErr, nil, kind, samples)
}

// WeightedMeanEstimate is [MeanEstimate] where row i counts wᵢ ≥ 0 times (length N;
// nil: once). With W = Σwᵢ and m the mean,
//
//	m = Σ wᵢxᵢ / W,   DataErr² = Σ wᵢ(xᵢ − m)² / (W(W−1)) − Σ wᵢsᵢ² / W²,
//	SampleErr² = Σ wᵢ²sᵢ² / W²
//
// where sᵢ is the sampleErr of row i. Weights are frequencies, so value and DataErr are
// those of the table of W rows in which row i stands wᵢ times. It is not the error for
// survey weights, Σ wᵢ²(xᵢ − m)² / W², which knows N rows however often they count.
// Weights that are shares of a population must be scaled: their sum is to be the number
// of rows they are worth. Where W is 1 or less DataErr is NaN. The draws of a row count
// wᵢ times too, but were made once. A row of weight 0 is absent, also one whose value
// is infinite; Rows counts the others; there must be at least one.
func WeightedMeanEstimate(values, sampleErr, weights []float64, kind Kind, samples int) Estimate {
	n := len(values)
	if n == 0 || sampleErr != nil && len(sampleErr) != n || weights != nil && len(weights) != n {
		panic("density: values, errors and weights differ in length or are empty")
	}
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	var mean, total float64
	rows := 0
	for i, v := range values {
		if w := weight(i); w != 0 {
			mean += w * v
			total += w
			rows++
		}
	}
	if rows == 0 {
		panic("density: all weights are 0")
	}
	mean /= total
	var squares, noise, sampling float64
	for i, v := range values {
		w := weight(i)
		if w == 0 {
			continue
		}
		squares += w * ((v - mean) * (v - mean))
		if sampleErr != nil {
			variance := sampleErr[i] * sampleErr[i]
			noise += w * variance
			sampling += w * w * variance
		}
	}
	spread := math.NaN()
	if total-1 > 1e-9 { // shares sum to 1 but for rounding
		spread = squares / ((total - 1) * total)
	}
	// The spread between rows already holds the Monte Carlo noise of each
	// row; taking it out keeps the two errors apart.
	noise /= total * total
	sampling /= total * total
	return Estimate{
		Value:     mean,
		DataErr:   math.Sqrt(max(spread-noise, 0)),
		SampleErr: math.Sqrt(sampling),
		Kind:      kind,
		Rows:      rows,
		Samples:   samples,
	}
}
