package search

import (
	"context"
	"io"
)

// Problem is a kind of model of which there are several sizes. S says what a size is.
type Problem[S any] interface {
	// Propose returns the candidates of the next round, given the trials of all rounds
	// before, the oldest first. None ends the search.
	Propose(trials []*Trial[S]) []Candidate[S]
	// Begin prepares the fit of a candidate; the work is done by [Fit.Continue].
	Begin(ctx context.Context, c Candidate[S]) (Fit, error)
}

// Candidate is one size of a model.
type Candidate[S any] struct {
	// Name is what a reader calls it. No two candidates of a search have the same.
	Name string
	// Parameters is the number of free parameters, by which candidates are simpler or not.
	Parameters int
	// Pass is the work of one pass over the rows, in floating-point operations.
	Pass float64
	// Passes is about how many passes a fit takes that is made whole; 0: it can be
	// stopped after any pass and continued.
	Passes float64
	// Spec is what the problem knows of it.
	Spec S
}

// Fit is a candidate that is being fitted.
type Fit interface {
	// Continue works until the fit has seen the rows about so many times in all, or is
	// done. If ctx ends it returns its error, and may be called again.
	Continue(ctx context.Context, passes float64) error
	// Progress returns the passes that were made, and whether the fit is done.
	Progress() (passes float64, done bool)
	// Score returns log p of each row that was left out, in nats. Problems score the same
	// rows in the same order for every candidate.
	Score(ctx context.Context) ([]float64, error)
	// Sound is false for an optimum whose likelihood says little about the data.
	Sound() bool
	// Write writes the state of the fit, and Read goes on from it.
	Write(w io.Writer) error
	Read(r io.Reader) error
	// Close frees what the fit holds but for what later fits may begin from.
	Close()
}

// Status says how far a candidate came.
type Status int

// The statuses.
const (
	Finished Status = iota // it was compared to the end of its round
	Behind                 // it was stopped, for others were better after as many passes
	Unbegun                // the budget had no room for it
	Failed                 // it could not be fitted
)

// Trial is what became of a candidate.
type Trial[S any] struct {
	Candidate[S]
	// Round is the number of its round, from 0.
	Round  int
	Status Status
	// Err is why it failed, or nil.
	Err error
	// Fit is nil where it was not begun.
	Fit Fit
	// Curve has a point for each score.
	Curve []Point
	// Scores are log p of the rows left out, when it was scored last.
	Scores []float64
	// Sound is what Fit.Sound said.
	Sound bool
	// Gap is how much the mean of its scores lies below that of the best at its last
	// comparison, and GapErr the standard error of that.
	Gap, GapErr float64

	steps []*step
	made  float64 // passes at its last comparison, which are paid for
	done  bool    // then
}

// Point is a score on the way.
type Point struct {
	Passes float64
	Mean   float64
}

// Found is the outcome of a search.
type Found[S any] struct {
	Trials []*Trial[S]
	// Best has the highest mean score, and Chosen is what the rule takes: indices of
	// Trials.
	Best, Chosen int
	// Spent is the work that was done.
	Spent float64
	// Exhausted says that there was more to try when the budget ended.
	Exhausted bool
}

// Winner returns the trial that was chosen.
func (f *Found[S]) Winner() *Trial[S] { return f.Trials[f.Chosen] }

var statusNames = [...]string{"finished", "behind", "unbegun", "failed"}

// String returns finished, behind, unbegun or failed.
func (s Status) String() string { return statusNames[s] }
