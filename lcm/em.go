package lcm

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/internal/em"
	"likely/internal/spread"
)

// EM is one run of expectation–maximisation, an iteration at a time. Normal columns are
// scaled to unit variance in it, so that the floor and all tolerances mean the same for
// any units; [EM.Model] gives the mixture in the units of the data. Get one from [NewEM].
type EM struct {
	k        int
	data     *data
	settings Settings

	resp  []float64   // n×K, times the rows' weights
	p     *parameters // before the first step what a class without rows gets
	path  em.Path
	mean  float64 // log-likelihood of the scaled rows
	count []float64
	ahead *sums // of resp, made by the E-step; nil: not yet
}

func newEM(d *data, s Settings) *EM {
	return &EM{
		k: s.Components, data: d, settings: s, resp: make([]float64, d.n*s.Components),
		p: d.middling(s.Components), count: make([]float64, s.Components), mean: math.Inf(-1),
	}
}

// NewEM prepares a run of EM on the rows of x (N×D) from the given responsibilities
// (N×K, nonnegative, each row summing to 1), for callers that want to watch or steer the
// iterations. Settings.From, Starts, SplitMerge, Iterations, Plain and Progress are not used. Equal rows count
// as one, with the average of their responsibilities. Errors are those of [Fit].
func NewEM(x, responsibilities *mat.Dense, s Settings) (*EM, error) {
	n, k := responsibilities.Dims()
	if s.Components == 0 {
		s.Components = k
	}
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if rows, _ := x.Dims(); rows != n || k != s.Components {
		panic("lcm: responsibilities are not N×K")
	}
	d, err := newData(x, s)
	if err != nil {
		return nil, err
	}
	s, _ = s.within(d)
	e := newEM(d, s)
	for i := range n {
		to := d.index[i]
		if to < 0 {
			continue
		}
		var sum float64
		w := 1.0
		if s.Weights != nil {
			w = s.Weights[i]
		}
		for c, r := range responsibilities.RawRowView(i) {
			if !(r >= 0) {
				return nil, fmt.Errorf("lcm: responsibility %v in row %d: %w; want nonnegative numbers that sum to 1", r, i+1, ErrParameters)
			}
			sum += r
			e.resp[to*k+c] += r * w
		}
		if math.Abs(sum-1) > 1e-6 {
			return nil, fmt.Errorf("lcm: responsibilities of row %d sum to %v: %w; want 1", i+1, sum, ErrParameters)
		}
	}
	return e, nil
}

// Step does one iteration: an M-step from the current responsibilities, then
// the E-step, which gives the likelihood of the new parameters.
//
// If ctx ends, Step returns its error within the time of a block of rows, and
// the run can not be continued.
func (e *EM) Step(ctx context.Context) error {
	if ctx == nil {
		return errNoContext()
	}
	p, count := e.maximize(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("lcm: %w", ctx.Err())
	}
	mean := e.expect(ctx, p)
	if ctx.Err() != nil {
		return fmt.Errorf("lcm: %w", ctx.Err())
	}
	e.arrive(p, count, mean)
	return nil
}

// arrive ends an iteration that led to parameters of a mean log-likelihood.
func (e *EM) arrive(p *parameters, count []float64, mean float64) {
	e.p, e.count, e.mean = p, count, mean
	value := mean + e.settings.Prior.logDensity(p, e.data)/e.data.total
	// Sums over columns round as often as there are columns.
	e.path.Add(value, 0x1p-52*float64(len(e.data.layout.columns))*max(1, math.Abs(mean)), e.settings.Tolerance)
}

// Done reports whether the run has converged.
func (e *EM) Done() bool { return e.path.Converged }

// LogLik returns the mean log-likelihood of the current parameters in nats per
// row of the data; −Inf before the first step.
func (e *EM) LogLik() float64 { return e.mean + e.data.jacobian }

// Objective returns what EM increases: the mean log-likelihood or, under a prior,
// the mean logarithm of the posterior density up to a constant, in nats per row of
// the data; −Inf before the first step.
func (e *EM) Objective() float64 { return e.path.Last() + e.data.jacobian }

// expect is the E-step: it replaces the responsibilities by those of parameters p and
// returns the mean log-likelihood.
//
//	rₙₖ = πₖ p(xₙ|k) / Σⱼ πⱼ p(xₙ|j)
func (e *EM) expect(ctx context.Context, p *parameters) float64 {
	d := e.data
	var logLik float64
	e.ahead, logLik = d.expect(ctx, newDensities(d.layout, p, d.values), e.resp, nil)
	return logLik / d.total
}

// expect stores the responsibilities under p times the rows' weights in resp (n×K), and
// returns the sums under them, with those of squares about centres unless these are nil,
// and the log-likelihood.
func (d *data) expect(ctx context.Context, densities *densities, resp, centres []float64) (*sums, float64) {
	k := densities.p.k
	blocks := make([]float64, (d.n+spread.BlockRows-1)/spread.BlockRows)
	parts := make([]*sums, spread.CountSegments(d.n))
	spread.Segments(d.n, func(s, first, last int) {
		parts[s] = newSums(k, d)
		if centres != nil {
			parts[s].squares = make([]float64, len(centres))
		}
		for from := first; from < last && ctx.Err() == nil; from += spread.BlockRows {
			to := min(from+spread.BlockRows, last)
			r := d.at(d.layout, from, to)
			resp := resp[from*k : to*k]
			densities.joint(resp, r)
			blocks[from/spread.BlockRows] = d.respond(resp, k, from, to)
			parts[s].add(d, r, resp)
			if centres != nil {
				addSquares(parts[s].squares, d.layout, r, k, resp, centres)
			}
		}
	})
	return join(parts), sum(blocks)
}

// respond turns log joint densities of rows [from, to) into responsibilities times
// weights, and returns their log-likelihood.
func (d *data) respond(joint []float64, k, from, to int) float64 {
	logs := getBuffer(to - from)
	defer putBuffer(logs)
	normalize(*logs, joint, k)
	for i, w := range d.weights(from, to) {
		(*logs)[i] *= w
		floats.Scale(w, row(joint, i, k))
	}
	return sum(*logs)
}

// weights returns those of rows [from, to), or nil.
func (d *data) weights(from, to int) []float64 {
	if d.weight == nil {
		return nil
	}
	return d.weight[from:to]
}

// Model returns the mixture with the current parameters, in the units of the
// data; nil before the first step, when there are none.
func (e *EM) Model() *Model {
	if len(e.path.Values) == 0 {
		return nil
	}
	p, d := e.p.clone(), e.data
	width := len(d.layout.normals)
	for i := range p.centre {
		scale := d.scale[i%width]
		p.centre[i] = d.shift[i%width] + scale*p.centre[i]
		p.variance[i] *= scale * scale
	}
	weights := make([]float64, e.k)
	for c, v := range p.logWeight {
		weights[c] = math.Exp(v)
	}
	return newModel(d.layout, p, weights)
}

// order sorts the classes by decreasing weight.
func (e *EM) order() {
	order := make([]int, e.k)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case e.count[a] > e.count[b]:
			return -1
		case e.count[a] < e.count[b]:
			return 1
		}
		return 0
	})
	e.p = e.p.clone()
	e.p.reorder(order)
	count := slices.Clone(e.count)
	for to, from := range order {
		e.count[to] = count[from]
	}
	for i := range e.data.n {
		r := row(e.resp, i, e.k)
		old := slices.Clone(r)
		for to, from := range order {
			r[to] = old[from]
		}
	}
	e.ahead = nil
}

// run is EM as package em sees it.
type run struct{ *EM }

func (r run) Path() *em.Path { return &r.path }

func (r run) Responsibilities() em.Responsibilities {
	return em.Responsibilities{N: r.data.n, K: r.k, R: r.resp, Weight: r.data.weight}
}

func (r run) Hold() func() {
	p, count, mean := r.p, r.count, r.mean // which steps replace, not change
	return func() { r.p, r.count, r.mean = p, count, mean }
}

func (r run) Forget() { r.ahead = nil }

func sum(x []float64) float64 {
	var total float64
	for _, v := range x {
		total += v
	}
	return total
}
