// Package explain says why a bound is below log p(x), for any latent-variable
// model with an encoder: it puts every estimator of log p(x) side by side on the
// same rows, divides the gap of the bound, and checks what the estimates rest on.
//
// All numbers are in model space, in nats per row. A caller whose rows were
// transformed adds the log-Jacobian of the transform, once.
package explain

import (
	"context"
	"fmt"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// Subject is the model that is explained.
type Subject struct {
	Model density.LatentGradient
	// Encoder is q(z|x), whose bound it is.
	Encoder density.Proposal
	// Exact is the closed form of log p(x); nil where there is none.
	Exact density.Exact
	// Family is that of the encoder's normals: the best q of a row is sought
	// in it.
	Family elbo.Family
	// StandardNormal says that p(z) is N(0, I) and that q(z|x) has independent
	// dimensions, so that the rate divides by dimension.
	StandardNormal bool
}

// Data are the rows on which a subject is explained, as the model sees them.
type Data struct {
	// X is N×D, and LogProb what is known of log p of its rows: a closed form or
	// an estimate by importance sampling.
	X       *mat.Dense
	LogProb *eval.Result
	// Train are training rows, where X was held out from training, for what the
	// encoder has overfitted; nil: not measured.
	Train        *mat.Dense
	TrainLogProb *eval.Result
	// Rate are the rows on which the rate is divided; fewer than 2: it is not.
	Rate *mat.Dense
}

// Settings says how much work to spend.
type Settings struct {
	// Samples is the number of draws for each row, at least 2.
	Samples int
	// Seed is what all draws are derived from.
	Seed uint64
	// Progress, if not nil, is told how far each part of the work has come.
	// Calls may be concurrent.
	Progress func(what string, done, total int)
}

// follow returns the progress of one part of the work.
func (s Settings) follow(what string) func(done, total int) {
	return func(done, total int) {
		if s.Progress != nil {
			s.Progress(what, done, total)
		}
	}
}

// Explanation is what was found.
type Explanation struct {
	// Quadrature is the integral over a code of one to three dimensions; nil
	// for larger codes.
	Quadrature *eval.Quadrature
	// Held is the gap on the rows, Train that on the training rows or nil, and
	// Overfitting the difference between them or nil.
	Held, Train *Division
	Overfitting *Overfitting
	// Estimators of log p(x), in the order of the package's list.
	Estimators []Estimator
	// Importance and Annealed bracket log p of rows drawn from the model, by
	// importance sampling and by annealing both ways; Annealed is nil where
	// chains do not move.
	Importance, Annealed *eval.Sandwich
	// Temperatures is the number that Annealed went through.
	Temperatures int
	// Rate divides the rate over the rows of Data.Rate; nil without them.
	Rate *elbo.RateSplit
	// RateSamples is the number of draws for each of these rows.
	RateSamples int
	// Encoder is the calibration of the encoder's draws, Weighted that of the
	// weighted draws that log p is estimated with; nil where the model cannot
	// draw x given z.
	Encoder, Weighted *eval.Calibration
	// CalibrationSamples is the number of draws among which Weighted chose.
	CalibrationSamples int
	// Weights counts the importance weights of the encoder's draws.
	Weights *Weights
	// Warnings says what is doubtful and what to try.
	Warnings []string
}

// refinedSamples is the number of draws per row in the bounds whose differences
// are the parts of the gap.
const refinedSamples = 500

// Run explains a subject. The cost is that of all estimators together: for N rows
// about N·(10·Samples + 16·T·10) evaluations of p(x|z) or its gradient with T up
// to 300 temperatures, and quadrature.
func Run(ctx context.Context, m Subject, d Data, s Settings) (*Explanation, error) {
	n, columns := d.X.Dims()
	if columns != m.Model.Dim() || len(d.LogProb.LogProb) != n {
		panic("explain: model, data and log p differ in dimension")
	}
	w := &work{Subject: m, Data: d, Settings: s, out: &Explanation{}}
	for _, part := range []func(context.Context) error{
		w.quadrate, w.divide, w.estimate, w.overfitting, w.calibrate, w.weigh, w.bracket, w.splitRate,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// work is one explanation on its way.
type work struct {
	Subject
	Data
	Settings
	out *Explanation
	// cubo is kept for its diagnostics, which are those of the encoder's draws.
	cubo *eval.Result
}

func (w *work) warn(format string, args ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, args...))
}

// adaptive is the proposal that log p is estimated with.
func (w *work) adaptive() density.Proposal { return elbo.Adaptive(w.Model, w.Subject.Encoder) }

// quadratureTolerance is in nats, far below every other error.
const quadratureTolerance = 1e-4

// quadratureEvaluations is the largest number of evaluations of p(x|z) for a row,
// by the dimension of the code, from 1; larger codes are not integrated over.
var quadratureEvaluations = []int{2e6, 2e6, 5e5}

// quadrate integrates over a code of few dimensions. Where that succeeds it is the
// reference of the gap.
func (w *work) quadrate(ctx context.Context) error {
	l := w.Model.LatentDim()
	if l > len(quadratureEvaluations) {
		return nil
	}
	q, err := eval.Quadrate(ctx, w.Model, w.X, eval.QuadratureSettings{
		Tolerance: quadratureTolerance, Evaluations: quadratureEvaluations[l-1], Hints: w.Subject.Encoder,
		Seed: w.Seed, Progress: w.follow("quadrature over the code"),
	})
	if err != nil {
		return fmt.Errorf("quadrature: %w", err)
	}
	w.out.Quadrature = q
	if q.Kind != density.Quadrature {
		w.warn("the gap is measured from importance sampling: %s", strings.Join(q.Warnings, "; "))
	}
	return nil
}

// reference returns log p of the rows as well as it is known.
func (w *work) reference() *eval.Result {
	if q := w.out.Quadrature; q != nil && q.Kind == density.Quadrature {
		return &eval.Result{LogProb: q.LogProb}
	}
	return w.LogProb
}

// wide is the distance between the bounds on simulated rows, in nats, that is too
// large for log p to be called known.
const wide = 0.5

// splitSamples is the number of draws for each row in the division of the rate,
// whose cost grows with the square of the rows.
const splitSamples = 10

// splitRate divides the rate by what it is spent on.
func (w *work) splitRate(ctx context.Context) error {
	if w.Data.Rate == nil {
		return nil
	}
	if n, _ := w.Data.Rate.Dims(); n < 2 {
		return nil
	}
	split, err := elbo.SplitRate(ctx, w.Model, w.Subject.Encoder, w.Data.Rate, w.StandardNormal, elbo.Settings{Samples: splitSamples, Seed: w.Seed})
	if err != nil {
		return fmt.Errorf("dividing the rate: %w", err)
	}
	w.out.Rate, w.out.RateSamples = split, splitSamples
	return nil
}

// bracket bounds log p(x) from both sides, on as many rows drawn from the model. A
// proposal that is fitted to the row knows nothing of the code it came from.
func (w *work) bracket(ctx context.Context) error {
	n, _ := w.X.Dims()
	var err error
	w.out.Importance, err = eval.ImportanceSandwich(ctx, w.Model, w.adaptive(), n, eval.Settings{Samples: w.Samples, Seed: w.Seed, Progress: w.follow("bounds on simulated rows")})
	if err != nil {
		return err
	}
	w.loose(w.out.Importance, "importance sampling")
	annealed, err := eval.Bidirectional(ctx, w.Model, n, w.annealing(mostTemperatures(w.Samples)))
	if err != nil {
		return w.stuck(err)
	}
	w.out.Annealed, w.out.Temperatures = annealed, mostTemperatures(w.Samples)
	w.loose(annealed, "annealing both ways")
	return nil
}

// loose warns of bounds on simulated rows that are far apart, and passes on what
// they were warned of themselves.
func (w *work) loose(s *eval.Sandwich, how string) {
	for _, text := range s.Warnings {
		w.warn("%s, simulated rows: %s", how, text)
	}
	if width := s.Gap().Mean; width > wide {
		w.warn("%s leaves log p of rows drawn from the model uncertain by %.2g nats; it is to be trusted no further on rows of the data", how, width)
	}
}
