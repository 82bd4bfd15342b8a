// Package choice holds what choosing among fitted mixtures of any kind has in common: the
// criteria and their formulas, folds of rows, checks of weights. Its types and errors are
// those of gmm/selection and lcm/selection.
package choice

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Criterion is what candidates are ranked by. Larger is better for all.
type Criterion int

// The criteria; see Scores for their formulas.
const (
	BIC Criterion = iota
	AIC
	ICL
	HeldOut
	CrossValidation
)

var criterionNames = []string{"bic", "aic", "icl", "held-out", "cv"}

// String returns bic, aic, icl, held-out or cv.
func (c Criterion) String() string {
	if c < 0 || int(c) >= len(criterionNames) {
		return fmt.Sprintf("Criterion(%d)", int(c))
	}
	return criterionNames[c]
}

// ParseCriterion returns the criterion with the given name.
func ParseCriterion(name string) (Criterion, error) {
	if i := slices.Index(criterionNames, name); i >= 0 {
		return Criterion(i), nil
	}
	return 0, density.SettingErrorf(ErrSettings, "selection: {Criterion} is %q: {err}; want one of %s", name, strings.Join(criterionNames, ", "))
}

// UnmarshalText is [ParseCriterion].
func (c *Criterion) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCriterion(string(text))
	return err
}

// MarshalText returns the name.
func (c Criterion) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Check returns an error for a number that is no criterion.
func (c Criterion) Check() error {
	if c < BIC || c > CrossValidation {
		return density.SettingErrorf(ErrSettings, "selection: {Criterion} is %v: {err}; want one of %s", c, strings.Join(criterionNames, ", "))
	}
	return nil
}

// Errors of a selection.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrNoCandidate reports that no candidate could be fitted soundly.
	ErrNoCandidate = errors.New("no sound candidate")
)

// Scores are what the criteria say of a candidate.
type Scores struct {
	// LogLik is the log-likelihood of the data in nats, in total.
	LogLik float64
	// Parameters is the number of free parameters.
	Parameters int
	// BIC, AIC and ICL are as in the package comment; HeldOut is the mean log p
	// of held-out rows in nats, NaN where none were, and HeldOutErr its
	// standard error.
	BIC, AIC, ICL       float64
	HeldOut, HeldOutErr float64
}

// Value returns what a criterion says.
func (s Scores) Value(by Criterion) float64 {
	switch by {
	case BIC:
		return s.BIC
	case AIC:
		return s.AIC
	case ICL:
		return s.ICL
	}
	return s.HeldOut
}

// NewScores computes the criteria that need no other rows, from log p and the
// responsibilities of the rows that were fitted, with their weights (nil: once each).
func NewScores(logs []float64, responsibilities *mat.Dense, weights []float64, parameters int) Scores {
	s := Scores{Parameters: parameters, HeldOut: math.NaN(), HeldOutErr: math.NaN()}
	var n, entropy float64
	for i, v := range logs {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if w == 0 {
			continue // absent, even where log p is infinite
		}
		n += w
		s.LogLik += w * v
		entropy += w * math.Log(slices.Max(responsibilities.RawRowView(i)))
	}
	p := float64(parameters)
	s.BIC = 2*s.LogLik - p*math.Log(n)
	s.AIC = 2*s.LogLik - 2*p
	s.ICL = s.BIC + 2*entropy
	return s
}

// Hold sets the held-out likelihood from log p of held-out rows and their weights.
func Hold(s *Scores, logs, weights []float64) {
	e := density.WeightedMeanEstimate(logs, nil, weights, density.ExactValue, 0)
	s.HeldOut, s.HeldOutErr = e.Value, e.DataErr
}

// TotalWeight returns the sum of the weights of n rows, or what is wrong with the
// setting of that name.
func TotalWeight(name string, weights []float64, n int) (total float64, err error) {
	if len(weights) != n {
		panic("selection: weights and rows differ in length")
	}
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return 0, density.SettingErrorf(ErrSettings, "selection: {%s}, row %d is %v: {err}; a row counts 0 times, once, or more", name, i+1, w)
		}
		total += w
	}
	if total == 0 {
		return 0, density.SettingErrorf(ErrSettings, "selection: {%s} are all 0: {err}; at least one row must count", name)
	}
	return total, nil
}

// Folds deals the rows of x that have a positive weight to parts, and calls fit with each
// part in turn as the test and the others as training rows, with their weights (nil
// where rows have none). fit returns log p of the test rows. Folds returns them all, and
// the weights that belong to them. src decides the division alone.
func Folds(x *mat.Dense, weights []float64, parts int, src rand.Source, fit func(part int, train *mat.Dense, weights []float64, test *mat.Dense) ([]float64, error)) (values, heldWeights []float64, err error) {
	x, weights = present(x, weights)
	n, d := x.Dims()
	order := rand.New(src).Perm(n)
	for part := range parts {
		from, to := part*n/parts, (part+1)*n/parts
		train, test := mat.NewDense(n-(to-from), d, nil), mat.NewDense(to-from, d, nil)
		row := 0
		var trainWeights []float64
		if weights != nil {
			trainWeights = make([]float64, n-(to-from))
		}
		for i, j := range order {
			if i >= from && i < to {
				test.SetRow(i-from, x.RawRowView(j))
				if weights != nil {
					heldWeights = append(heldWeights, weights[j])
				}
				continue
			}
			train.SetRow(row, x.RawRowView(j))
			if weights != nil {
				trainWeights[row] = weights[j]
			}
			row++
		}
		logs, err := fit(part, train, trainWeights, test)
		if err != nil {
			return nil, nil, fmt.Errorf("fold %d: %w", part+1, err)
		}
		values = append(values, logs...)
	}
	return values, heldWeights, nil
}

// present returns the rows of x that have a positive weight, with these.
func present(x *mat.Dense, weights []float64) (*mat.Dense, []float64) {
	if !slices.Contains(weights, 0) {
		return x, weights
	}
	_, d := x.Dims()
	var data, kept []float64
	for i, w := range weights {
		if w > 0 {
			data, kept = append(data, x.RawRowView(i)...), append(kept, w)
		}
	}
	return mat.NewDense(len(kept), d, data), kept
}
