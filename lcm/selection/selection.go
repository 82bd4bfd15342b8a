package selection

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/choice"
	"likely/lcm"
)

// Criterion is what candidates are ranked by. Larger is better for all.
type Criterion = choice.Criterion

// The criteria; see the package comment for their formulas.
const (
	BIC             = choice.BIC
	AIC             = choice.AIC
	ICL             = choice.ICL
	HeldOut         = choice.HeldOut
	CrossValidation = choice.CrossValidation
)

// ParseCriterion returns the criterion with the given name: bic, aic, icl, held-out or cv.
func ParseCriterion(name string) (Criterion, error) { return choice.ParseCriterion(name) }

// Scores are what the criteria say of a candidate.
type Scores = choice.Scores

// Errors of a selection.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = choice.ErrSettings
	// ErrNoCandidate reports that no candidate could be fitted soundly.
	ErrNoCandidate = choice.ErrNoCandidate
)

// Settings says what to choose among and how. The zero value works. Settings are
// written to JSON and read from it, but for the rows.
type Settings struct {
	// Components are the numbers of classes; nil: 1, 2, 3, 4, 6, 8, 12, 16, 24, 32
	// and 48, up to the number of rows.
	Components []int `json:"components"`
	// Criterion ranks the candidates.
	Criterion Criterion `json:"criterion"`
	// Patience is after how many numbers of classes in a row, in the order of
	// Components, that are worse than the best so far the search ends; 0: all are fitted.
	Patience int `json:"patience"`
	// Valid holds other rows (M×D), for HeldOut, and ValidWeights how often each
	// counts (length M); nil: once.
	Valid        *mat.Dense `json:"-"`
	ValidWeights []float64  `json:"-"`
	// Folds is the number of parts for CrossValidation; 0: 10.
	Folds int `json:"folds"`
	// Fit is how each candidate is fitted; its Components are set for each.
	Fit lcm.Settings `json:"fit"`
}

// Candidate is one number of classes.
type Candidate struct {
	Components int
	// Model and Report are nil where Err is not.
	Model  *lcm.Model
	Report *lcm.Report
	// Scores are what the criteria say, HeldOut and HeldOutErr NaN where no rows were
	// held out.
	Scores
	// Err is why the fit failed, or nil.
	Err error
}

// Value returns what criterion c says of the candidate; −Inf if it was not fitted.
func (c *Candidate) Value(by Criterion) float64 {
	if c.Err != nil {
		return math.Inf(-1)
	}
	return c.Scores.Value(by)
}

// sound reports whether a candidate may be chosen. A likelihood that the floor holds up
// is no evidence for anything.
func (c *Candidate) sound() bool { return c.Err == nil && !c.Report.FloorActive }

// better reports whether a ranks before b.
func better(a, b *Candidate, by Criterion) int {
	if a.sound() != b.sound() {
		if a.sound() {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.Value(by), a.Value(by))
}

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
	fmt.Fprintln(w, "classes\tparameters\tlog-likelihood (nats)\tBIC\tAIC\tICL\theld-out (nats/row)\t")
	for _, c := range t.Candidates {
		if c.Err != nil {
			fmt.Fprintf(w, "%d\t%s\t\t\t\t\t\t\n", c.Components, "not fitted")
			continue
		}
		held := ""
		if !math.IsNaN(c.HeldOut) {
			held = fmt.Sprintf("%.4f ± %.4f", c.HeldOut, c.HeldOutErr)
		}
		mark := ""
		if !c.sound() {
			mark = " on the floor"
		}
		fmt.Fprintf(w, "%d%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t\n", c.Components, mark, c.Parameters, c.LogLik, c.BIC, c.AIC, c.ICL, held)
	}
	w.Flush() // to a strings.Builder, which never fails
	return b.String()
}

// Select fits every candidate to the rows of x (N×D) and ranks them. Candidates
// that cannot be fitted are kept with their error. The error wraps ErrNoCandidate
// if none is left to choose, ErrSettings, density.ErrSupport for a held-out value that
// the columns cannot have, or the context's.
func Select(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Table, error) {
	if err := checkCall(ctx, x, src); err != nil {
		return nil, err
	}
	if err := s.resolve(x); err != nil {
		return nil, err
	}
	seed := src.Uint64()
	t := &Table{Criterion: s.Criterion}
	best, worse := -1, 0
	for _, k := range s.Components {
		c := Candidate{Components: k, Scores: Scores{HeldOut: math.NaN(), HeldOutErr: math.NaN()}}
		fit := s.Fit
		fit.Components = k
		c.Model, c.Report, c.Err = lcm.Fit(ctx, x, fit, density.NewSource(seed, "selection", uint64(k)))
		if c.Err == nil {
			c.Scores = choice.NewScores(c.Model.LogProbObserved(nil, x), c.Model.Responsibilities(nil, x), fit.Weights, c.Model.NumParameters())
			if s.Valid != nil {
				if err := c.Model.CheckSupport(s.Valid); err != nil {
					return nil, fmt.Errorf("selection: held-out rows: %w", err)
				}
			}
			c.Err = c.holdOut(ctx, x, s, fit, seed)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("selection: %w", err)
		}
		t.Candidates = append(t.Candidates, c)
		last := len(t.Candidates) - 1
		if worse++; best < 0 || better(&t.Candidates[last], &t.Candidates[best], s.Criterion) < 0 {
			best, worse = last, 0
		}
		if s.Patience > 0 && worse >= s.Patience {
			break
		}
	}
	slices.SortStableFunc(t.Candidates, func(a, b Candidate) int { return better(&a, &b, s.Criterion) })
	if len(t.Candidates) == 0 || !t.Best().sound() {
		err := ErrNoCandidate
		for _, c := range t.Candidates {
			if c.Err != nil {
				err = fmt.Errorf("%w: %w", ErrNoCandidate, c.Err)
				break
			}
		}
		return nil, density.SettingErrorf(err, "selection: {err}; a smaller {Components}, or other {lcm.Columns}, may fit")
	}
	return t, nil
}

func (s *Settings) resolve(x *mat.Dense) error {
	n, _ := x.Dims()
	if s.Components == nil {
		for _, k := range []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48} {
			if k <= n {
				s.Components = append(s.Components, k)
			}
		}
	}
	if s.Folds == 0 {
		s.Folds = 10
	}
	for _, k := range s.Components {
		if k < 1 {
			return density.SettingErrorf(ErrSettings, "selection: {Components} has %d: {err}; want 1 or more", k)
		}
	}
	switch {
	case s.Criterion.Check() != nil:
		return s.Criterion.Check()
	case s.Criterion == HeldOut && s.Valid == nil:
		return density.SettingErrorf(ErrSettings, "selection: {Criterion=held-out} without {Valid}: {err}; give other rows, or use {Criterion=cv}")
	case s.Criterion == CrossValidation && (s.Folds < 2 || s.Folds > n):
		return density.SettingErrorf(ErrSettings, "selection: {Folds} is %d for %d rows: {err}; want 2 to the number of rows", s.Folds, n)
	case s.Patience < 0:
		return density.SettingErrorf(ErrSettings, "selection: {Patience} is %d: {err}; want a number of candidates, or 0 to fit all", s.Patience)
	}
	if s.Fit.Weights != nil {
		total, err := choice.TotalWeight("lcm.Weights", s.Fit.Weights, n)
		if err != nil {
			return err
		}
		if total < 2 && (s.Criterion == BIC || s.Criterion == ICL) {
			return density.SettingErrorf(ErrSettings, "selection: {lcm.Weights} sum to %.3g rows, to which %v, with its penalty of ln Σw a parameter, cannot hold: {err}; scale the weights to the number of rows they are worth, or use {Criterion=held-out} or {Criterion=cv}", total, s.Criterion)
		}
	}
	if s.ValidWeights != nil {
		if s.Valid == nil {
			return density.SettingErrorf(ErrSettings, "selection: {ValidWeights} without {Valid}: {err}; give the rows too")
		}
		m, _ := s.Valid.Dims()
		if _, err := choice.TotalWeight("ValidWeights", s.ValidWeights, m); err != nil {
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
		return fmt.Errorf("selection: no rows: %w", lcm.ErrTooFewRows)
	}
	return nil
}

// holdOut computes the held-out likelihood, on the rows given or in folds. The division
// into folds is the same for all candidates, and so are the levels of columns, which the
// rows of a fold alone may not show.
func (c *Candidate) holdOut(ctx context.Context, x *mat.Dense, s Settings, fit lcm.Settings, seed uint64) error {
	switch {
	case s.Criterion == CrossValidation:
		fit.Columns = c.Model.Columns()
		values, weights, err := choice.Folds(x, fit.Weights, s.Folds, density.NewSource(seed, "selection.folds"), func(part int, train *mat.Dense, weights []float64, test *mat.Dense) ([]float64, error) {
			fit.Weights = weights
			m, _, err := lcm.Fit(ctx, train, fit, density.NewSource(seed, "selection.fold", uint64(part)))
			if err != nil {
				return nil, err
			}
			return m.LogProbObserved(nil, test), nil
		})
		if err != nil {
			return err
		}
		choice.Hold(&c.Scores, values, weights)
	case s.Valid != nil:
		choice.Hold(&c.Scores, c.Model.LogProbObserved(nil, s.Valid), s.ValidWeights)
	}
	return nil
}
