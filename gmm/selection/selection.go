package selection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// Criterion is what candidates are ranked by. Larger is better for all.
type Criterion int

// The criteria; see the package comment for their formulas.
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

// Settings says what to choose among and how. The zero value works. Settings are
// written to JSON and read from it, but for the rows.
type Settings struct {
	// Families are the families of covariances; nil: all, or in one dimension
	// the two that differ there.
	Families Families `json:"families"`
	// Components are the numbers of components; nil: 1 to 9.
	Components []int `json:"components"`
	// Criterion ranks the candidates.
	Criterion Criterion `json:"criterion"`
	// Valid holds other rows (M×D), for HeldOut, and ValidWeights how often each
	// counts (length M); nil: once.
	Valid        *mat.Dense `json:"-"`
	ValidWeights []float64  `json:"-"`
	// Folds is the number of parts for CrossValidation; 0: 10.
	Folds int `json:"folds"`
	// Fit is how each candidate is fitted; its Components and Covariance are
	// set for each.
	Fit gmm.Settings `json:"fit"`
}

// Errors of a selection.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrNoCandidate reports that no candidate could be fitted soundly.
	ErrNoCandidate = errors.New("no sound candidate")
)

// Candidate is one family with one number of components.
type Candidate struct {
	Family     gmm.Covariance
	Components int
	// Model and Report are nil where Err is not.
	Model  *gmm.Model
	Report *gmm.Report
	// LogLik is the log-likelihood of the data in nats, in total.
	LogLik float64
	// Parameters is the number of free parameters.
	Parameters int
	// BIC, AIC and ICL are as in the package comment; HeldOut is the mean log p
	// of held-out rows in nats, NaN where none were, and HeldOutErr its
	// standard error.
	BIC, AIC, ICL       float64
	HeldOut, HeldOutErr float64
	// Err is why the fit failed, or nil.
	Err error
}

// Value returns what criterion c says of the candidate; −Inf if it was not fitted.
func (c *Candidate) Value(by Criterion) float64 {
	if c.Err != nil {
		return math.Inf(-1)
	}
	switch by {
	case BIC:
		return c.BIC
	case AIC:
		return c.AIC
	case ICL:
		return c.ICL
	}
	return c.HeldOut
}

// sound reports whether a candidate may be chosen.
func (c *Candidate) sound() bool { return c.Err == nil && !c.Report.Degenerate }

// Table holds the candidates, best first; those that may not be chosen last.
type Table struct {
	Criterion  Criterion
	Candidates []Candidate
}

// Best returns the chosen candidate.
func (t *Table) Best() *Candidate { return &t.Candidates[0] }

// String lays the table out for reading.
func (t *Table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "family\tcomponents\tparameters\tlog-likelihood (nats)\tBIC\tAIC\tICL\theld-out (nats/row)\t")
	for _, c := range t.Candidates {
		if c.Err != nil {
			fmt.Fprintf(w, "%v\t%d\t%s\t\t\t\t\t\t\n", c.Family, c.Components, "not fitted")
			continue
		}
		held := ""
		if !math.IsNaN(c.HeldOut) {
			held = fmt.Sprintf("%.4f ± %.4f", c.HeldOut, c.HeldOutErr)
		}
		mark := ""
		if c.Report.Degenerate {
			mark = " degenerate"
		}
		fmt.Fprintf(w, "%v%s\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t\n", c.Family, mark, c.Components, c.Parameters, c.LogLik, c.BIC, c.AIC, c.ICL, held)
	}
	w.Flush() // to a strings.Builder, which never fails
	return b.String()
}

// Select fits every candidate to the rows of x (N×D) and ranks them. Candidates
// that cannot be fitted are kept with their error. The error wraps ErrNoCandidate
// if none is left to choose, ErrSettings, or the context's.
func Select(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Table, error) {
	if err := checkCall(ctx, x, src); err != nil {
		return nil, err
	}
	if err := s.resolve(x); err != nil {
		return nil, err
	}
	seed := src.Uint64()
	t := &Table{Criterion: s.Criterion}
	for f, family := range s.Families {
		for _, k := range s.Components {
			c := Candidate{Family: family, Components: k, HeldOut: math.NaN(), HeldOutErr: math.NaN()}
			fit := s.Fit
			fit.Components, fit.Covariance = k, family
			c.Model, c.Report, c.Err = gmm.Fit(ctx, x, fit, density.NewSource(seed, "selection", uint64(f), uint64(k)))
			if c.Err == nil {
				c.score(x, fit.Weights)
				c.Err = c.holdOut(ctx, x, s, fit, seed)
			}
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("selection: %w", err)
			}
			t.Candidates = append(t.Candidates, c)
		}
	}
	slices.SortStableFunc(t.Candidates, func(a, b Candidate) int {
		if a.sound() != b.sound() {
			if a.sound() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Value(s.Criterion), a.Value(s.Criterion))
	})
	if len(t.Candidates) == 0 || !t.Best().sound() {
		err := ErrNoCandidate
		for _, c := range t.Candidates {
			if c.Err != nil {
				err = fmt.Errorf("%w: %w", ErrNoCandidate, c.Err)
				break
			}
		}
		return nil, density.SettingErrorf(err, "selection: {err}; a smaller {Components}, or smaller {Families}, may fit")
	}
	return t, nil
}

func (s *Settings) resolve(x *mat.Dense) error {
	_, d := x.Dims()
	s.Families = s.Families.Resolved(d)
	if s.Components == nil {
		s.Components = []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	if s.Folds == 0 {
		s.Folds = 10
	}
	for _, k := range s.Components {
		if k < 1 {
			return density.SettingErrorf(ErrSettings, "selection: {Components} has %d: {err}; want 1 or more", k)
		}
	}
	n, _ := x.Dims()
	for i := range n {
		if s.Fit.Missing || i < len(s.Fit.Weights) && s.Fit.Weights[i] == 0 {
			continue
		}
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return density.SettingErrorf(density.ErrNonFinite, "selection: row %d, column %d is %v: {err}; remove the row or fill the value in, or set {gmm.Missing} for values that are missing", i+1, j+1, v)
			}
		}
	}
	switch {
	case s.Criterion < BIC || s.Criterion > CrossValidation:
		return density.SettingErrorf(ErrSettings, "selection: {Criterion} is %v: {err}; want one of %s", s.Criterion, strings.Join(criterionNames, ", "))
	case s.Criterion == HeldOut && s.Valid == nil:
		return density.SettingErrorf(ErrSettings, "selection: {Criterion=held-out} without {Valid}: {err}; give other rows, or use {Criterion=cv}")
	case s.Criterion == CrossValidation && (s.Folds < 2 || s.Folds > n):
		return density.SettingErrorf(ErrSettings, "selection: {Folds} is %d for %d rows: {err}; want 2 to the number of rows", s.Folds, n)
	case s.Criterion == CrossValidation && s.Fit.Labels != nil:
		return density.SettingErrorf(ErrSettings, "selection: {Criterion=cv} with {gmm.Labels}: {err}; use another criterion")
	}
	if s.Fit.Weights != nil {
		total, err := totalWeight("gmm.Weights", s.Fit.Weights, n)
		if err != nil {
			return err
		}
		if total < 2 && (s.Criterion == BIC || s.Criterion == ICL) {
			return density.SettingErrorf(ErrSettings, "selection: {gmm.Weights} sum to %.3g rows, to which %v, with its penalty of ln Σw a parameter, cannot hold: {err}; scale the weights to the number of rows they are worth, or use {Criterion=held-out} or {Criterion=cv}", total, s.Criterion)
		}
	}
	if s.ValidWeights != nil {
		if s.Valid == nil {
			return density.SettingErrorf(ErrSettings, "selection: {ValidWeights} without {Valid}: {err}; give the rows too")
		}
		m, _ := s.Valid.Dims()
		if _, err := totalWeight("ValidWeights", s.ValidWeights, m); err != nil {
			return err
		}
	}
	return nil
}

// checkCall returns an error for arguments that are not there.
func checkCall(ctx context.Context, x *mat.Dense, src rand.Source) error {
	switch {
	case ctx == nil:
		return fmt.Errorf("selection: the context is nil: %w; pass context.Background()", ErrSettings)
	case src == nil:
		return fmt.Errorf("selection: the source of random numbers is nil: %w; density.NewSource gives one", ErrSettings)
	case x == nil || x.IsEmpty():
		return fmt.Errorf("selection: no rows: %w", gmm.ErrTooFewRows)
	}
	return nil
}

// totalWeight returns the sum of the weights of n rows, or what is wrong with the
// setting of that name.
func totalWeight(name string, weights []float64, n int) (total float64, err error) {
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

// score computes the criteria that need no other rows.
func (c *Candidate) score(x *mat.Dense, weights []float64) {
	var n, entropy float64
	logs, responsibilities := c.Model.LogProbObserved, c.Model.ResponsibilitiesObserved
	if !hasNaN(x) {
		logs, responsibilities = c.Model.LogProb, c.Model.Responsibilities
	}
	r := responsibilities(nil, x)
	for i, v := range logs(nil, x) {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if w == 0 {
			continue // absent, even where log p is infinite
		}
		n += w
		c.LogLik += w * v
		entropy += w * math.Log(slices.Max(r.RawRowView(i)))
	}
	c.Parameters = c.Model.NumParameters()
	p := float64(c.Parameters)
	c.BIC = 2*c.LogLik - p*math.Log(n)
	c.AIC = 2*c.LogLik - 2*p
	c.ICL = c.BIC + 2*entropy
}

func hasNaN(x *mat.Dense) bool {
	n, _ := x.Dims()
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if math.IsNaN(v) {
				return true
			}
		}
	}
	return false
}

// holdOut computes the held-out likelihood, on the rows given or in folds.
func (c *Candidate) holdOut(ctx context.Context, x *mat.Dense, s Settings, fit gmm.Settings, seed uint64) error {
	var values, weights []float64
	switch {
	case s.Criterion == CrossValidation:
		var err error
		if values, weights, err = folds(ctx, x, s.Folds, fit, seed); err != nil {
			return err
		}
	case s.Valid != nil:
		values, weights = c.Model.LogProbObserved(nil, s.Valid), s.ValidWeights
	default:
		return nil
	}
	e := density.WeightedMeanEstimate(values, nil, weights, density.ExactValue, 0)
	c.HeldOut, c.HeldOutErr = e.Value, e.DataErr
	return nil
}

// folds returns log p of each row under the fit to the folds it is not in, and its
// weight, if rows have weights. The division is the same for all candidates.
func folds(ctx context.Context, x *mat.Dense, parts int, fit gmm.Settings, seed uint64) (values, heldWeights []float64, err error) {
	x, weights := present(x, fit.Weights)
	n, d := x.Dims()
	order := rand.New(density.NewSource(seed, "selection.folds")).Perm(n)
	for part := range parts {
		from, to := part*n/parts, (part+1)*n/parts
		train, test := mat.NewDense(n-(to-from), d, nil), mat.NewDense(to-from, d, nil)
		row := 0
		if fit.Weights = nil; weights != nil {
			fit.Weights = make([]float64, n-(to-from))
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
				fit.Weights[row] = weights[j]
			}
			row++
		}
		m, _, err := gmm.Fit(ctx, train, fit, density.NewSource(seed, "selection.fold", uint64(part)))
		if err != nil {
			return nil, nil, fmt.Errorf("fold %d: %w", part+1, err)
		}
		values = append(values, m.LogProbObserved(nil, test)...)
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
