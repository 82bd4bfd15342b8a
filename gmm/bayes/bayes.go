package bayes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/spread"
)

// Report tells how a fit went.
type Report struct {
	// History is the bound L on ln p(X) after each iteration of the start that
	// was kept, in nats for the whole data set. It never falls by more than
	// rounding.
	History   []float64
	Converged bool
	// Bounds is what each start ended at, in nats for the whole data set, and
	// Start the number of the one that was kept, from 0.
	Bounds   []float64
	Start    int
	Warnings []density.Warning
	Seed     uint64
}

// Fit fits the posterior to the rows of x (N×D) from several starts, each the
// responsibilities of a k-means clustering, and returns the one with the greatest
// bound. The same seed in src gives the same bits for any number of cores. The cost is
// O(N·K·D²) an iteration for full and tied covariances and O(N·K·D) for others.
// Errors wrap those of gmm.Fit, ErrSettings and ErrSingular.
func Fit(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Posterior, *Report, error) {
	switch {
	case ctx == nil:
		return nil, nil, fmt.Errorf("bayes: the context is nil: %w; pass context.Background()", ErrSettings)
	case src == nil:
		return nil, nil, fmt.Errorf("bayes: the source of random numbers is nil: %w; density.NewSource gives one", ErrSettings)
	case x == nil || x.IsEmpty():
		return nil, nil, fmt.Errorf("bayes: no rows: %w", gmm.ErrTooFewRows)
	}
	_, d := x.Dims()
	s, err := s.resolve(d)
	if err != nil {
		return nil, nil, err
	}
	rows, err := newRows(x, s.RowWeights)
	if err != nil {
		return nil, nil, err
	}
	r := &Report{Seed: src.Uint64(), Bounds: make([]float64, s.Starts)}
	fits, histories := make([]*Posterior, s.Starts), make([][]float64, s.Starts)
	errs := make([]error, s.Starts)
	err = spread.Each(ctx, s.Starts, nil, func() func(int) error {
		return func(i int) error {
			fits[i], histories[i], errs[i] = run(ctx, rows, s, density.NewSource(r.Seed, "bayes.start", uint64(i)))
			return nil
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("bayes: %w", err)
	}
	var best *Posterior
	for i, p := range fits {
		if r.Bounds[i] = math.NaN(); errs[i] != nil {
			continue
		}
		r.Bounds[i] = p.bound
		if best == nil || p.bound > best.bound {
			best, r.Start = p, i
		}
	}
	if best == nil {
		return nil, nil, errs[0]
	}
	r.History, r.Converged = histories[r.Start], best.converged
	if !r.Converged {
		r.Warnings = append(r.Warnings, density.Warnf("the bound was still rising after %d iterations; more {Iterations} would help", s.Iterations))
	}
	return best, r, nil
}

// run makes one start.
func run(ctx context.Context, x *rows, s Settings, src rand.Source) (*Posterior, []float64, error) {
	p, err := newPosterior(x, s)
	if err != nil {
		return nil, nil, err
	}
	responsibilities, err := start(ctx, x, s, src)
	if err != nil {
		return nil, nil, err
	}
	m := newMoments(x, s.Components)
	var history []float64
	for range s.Iterations {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := p.update(m, responsibilities); err != nil {
			return nil, nil, err
		}
		history = append(history, p.bound)
		if last := len(history) - 1; last > 0 {
			if gain := history[last] - history[last-1]; gain >= -1e-12*math.Abs(p.bound) && gain < s.Tolerance*x.total {
				p.converged = true
				break
			}
		}
		q, err := p.expected()
		if err != nil {
			return nil, nil, err
		}
		q.Responsibilities(responsibilities, x.x)
	}
	return p, history, nil
}

// start returns the first responsibilities (N×K).
func start(ctx context.Context, x *rows, s Settings, src rand.Source) (*mat.Dense, error) {
	if s.Start != nil {
		back := mat.NewDense(x.n, x.d, nil)
		back.Apply(func(_, j int, v float64) float64 { return v + x.centre[j] }, x.x)
		return s.Start.Responsibilities(nil, back), nil
	}
	m, _, err := gmm.Fit(ctx, x.x, gmm.Settings{Components: s.Components, Covariance: gmm.Diagonal, Starts: 1, Iterations: 1, Weights: x.weight}, src)
	if errors.Is(err, gmm.ErrTooFewRows) || errors.Is(err, density.ErrConstant) {
		// Rows that cannot be clustered, which a prior can do with all the same.
		random, r := rand.New(src), mat.NewDense(x.n, s.Components, nil)
		for i := range x.n {
			r.Set(i, random.IntN(s.Components), 1)
		}
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bayes: %w", err)
	}
	return m.Responsibilities(nil, x.x), nil
}

// Posterior is the variational posterior of the parameters. It is immutable and, as
// the predictive density of a new row, a density.Exact.
type Posterior struct {
	k, d      int
	rows      int       // that it was fitted to
	total     float64   // their weight
	centre    []float64 // D; all means below are relative to it
	mean0     []float64 // m₀
	shrink0   float64   // β₀
	bound     float64
	converged bool

	weights    *sticks
	precisions precisions
	count      []float64 // Nₖ
	shrinkage  []float64 // βₖ
	mean       []float64 // mₖ, K×D
}

func newPosterior(x *rows, s Settings) (*Posterior, error) {
	p := &Posterior{
		k: s.Components, d: x.d, rows: x.n, total: x.total, centre: x.centre, mean0: make([]float64, x.d), shrink0: s.Shrinkage,
		weights: newSticks(s), shrinkage: make([]float64, s.Components), mean: make([]float64, s.Components*x.d),
	}
	for j, v := range s.Mean {
		p.mean0[j] = v - x.centre[j]
	}
	cov := s.Covariance
	if cov == nil {
		m := newMoments(x, 1)
		ones := mat.NewDense(x.n, 1, nil)
		ones.Apply(func(_, _ int, _ float64) float64 { return 1 }, ones)
		x.weigh(ones)
		m.collect(ones.RawMatrix().Data, make([]float64, x.d), 0)
		scatter := make([]float64, x.d*x.d)
		m.addScatter(scatter, 0)
		of := mat.NewSymDense(x.d, scatter)
		of.ScaleSym(1/x.total, of)
		cov = of
	}
	var err error
	p.precisions, err = newPrecisions(s, cov)
	return p, err
}

// update sets q(θ) to its optimum given the responsibilities (N×K), and the bound to
// its value there: the evidence of completed rows, with fractional counts, and the
// entropy of q(z). Bishop 2006, eq. 10.58–10.63.
func (p *Posterior) update(m *moments, responsibilities *mat.Dense) error {
	resp := mat.DenseCopyOf(responsibilities)
	p.bound = -0.5*p.total*float64(p.d)*math.Log(2*math.Pi) + entropy(responsibilities, m.rows.weight)
	m.rows.weigh(resp)
	m.collect(resp.RawMatrix().Data, p.mean0, p.shrink0)
	p.count = slices.Clone(m.count)
	for c, count := range p.count {
		p.shrinkage[c] = p.shrink0 + count
		for j, v := range p.mean0 {
			p.mean[c*p.d+j] = v + count/p.shrinkage[c]*m.apart[c*p.d+j]
		}
		p.bound += 0.5 * float64(p.d) * math.Log(p.shrink0/p.shrinkage[c])
	}
	value, err := p.precisions.update(m)
	p.bound += value + p.weights.update(p.count)
	return err
}

// entropy returns −Σ wₙ rₙₖ ln rₙₖ.
func entropy(r *mat.Dense, weight []float64) float64 {
	n, _ := r.Dims()
	var sum float64
	for i := range n {
		var row float64
		for _, v := range r.RawRowView(i) {
			if v > 0 {
				row -= v * math.Log(v)
			}
		}
		if weight != nil {
			row *= weight[i]
		}
		sum += row
	}
	return sum
}

// expected returns a mixture, of centred rows, whose responsibilities are those of
// q(z): with covariances E[Λₖ]⁻¹, and weights that hold the rest of eq. 10.46 up to a
// factor.
func (p *Posterior) expected() (*gmm.Model, error) {
	logs := p.weights.logs()
	for c := range logs {
		logs[c] += p.precisions.slack(c) - 0.5*float64(p.d)/p.shrinkage[c]
	}
	total := density.LogSumExp(logs)
	for c := range logs {
		logs[c] = math.Exp(logs[c] - total)
	}
	return p.precisions.mixture(logs, mat.NewDense(p.k, p.d, slices.Clone(p.mean)))
}

// Bound returns the lower bound on ln p(X), as a mean in nats per row (by weight).
func (p *Posterior) Bound() density.Estimate {
	return density.Estimate{Value: p.bound / p.total, Kind: density.LowerBound, Rows: p.rows}
}

// Weights returns E[πₖ] (length K).
func (p *Posterior) Weights() []float64 { return p.weights.means() }

// Counts returns Nₖ, the rows that each component has (length K).
func (p *Posterior) Counts() []float64 { return slices.Clone(p.count) }

// Model returns the mixture at the posterior's centre: E[πₖ], mₖ and E[Λₖ]⁻¹.
func (p *Posterior) Model() (*gmm.Model, error) {
	m, err := p.precisions.mixture(p.Weights(), mat.NewDense(p.k, p.d, p.means()))
	if err != nil {
		return nil, fmt.Errorf("bayes: %w", err)
	}
	return m, nil
}

// means returns mₖ in the coordinates of the data (K×D).
func (p *Posterior) means() []float64 {
	out := slices.Clone(p.mean)
	for i := range out {
		out[i] += p.centre[i%p.d]
	}
	return out
}
