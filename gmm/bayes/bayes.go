package bayes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"

	"likely/density"
	"likely/gmm"
)

// Weights is the prior of the mixture weights.
type Weights int

const (
	// Dirichlet is a symmetric Dirichlet distribution.
	Dirichlet Weights = iota
	// DirichletProcess is the truncated stick-breaking process.
	DirichletProcess
)

// Settings says what to fit and how. The zero value works.
type Settings struct {
	// Components is the largest number of components, K; 0: 10.
	Components int
	// Weights is the prior of the weights.
	Weights Weights
	// Concentration is α₀ of the Dirichlet distribution, for each component,
	// or γ of the process; 0: 1/K, or 1. Small values empty components.
	Concentration float64
	// Shrinkage is β₀, in rows; 0: 1.
	Shrinkage float64
	// DegreesOfFreedom is ν₀, above D−1; 0: D.
	DegreesOfFreedom float64
	// Mean is m₀ (length D); nil: the mean of the data.
	Mean []float64
	// Covariance is W₀⁻¹/ν₀, the covariance that a component is expected to
	// have (D×D, positive definite); nil: that of the data.
	Covariance mat.Symmetric
	// Iterations bounds the number of iterations; 0: 1000.
	Iterations int
	// Tolerance is the gain of the bound, in nats per row, below which the
	// fit ends; 0: 1e-8. A negative gain never satisfies it.
	Tolerance float64
}

// Errors of a fit.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrSingular reports data that do not fill their space, with no
	// covariance given in the settings.
	ErrSingular = errors.New("the covariance of the data is singular")
)

// Report tells how a fit went.
type Report struct {
	// History is the bound L on ln p(X) after each iteration, in nats for the
	// whole data set. It never falls by more than rounding.
	History   []float64
	Converged bool
	Warnings  []string
	Seed      uint64
}

// Fit fits the posterior to the rows of x (N×D), from responsibilities of a k-means
// clustering. The cost is O(N·K·D²) an iteration. Errors wrap those of gmm.Fit,
// ErrSettings and ErrSingular.
func Fit(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Posterior, *Report, error) {
	if err := density.CheckFinite(x); err != nil {
		return nil, nil, fmt.Errorf("bayes: %w", err)
	}
	p, err := newPosterior(x, s)
	if err != nil {
		return nil, nil, err
	}
	s = p.settings
	r := &Report{Seed: src.Uint64()}
	start, _, err := gmm.Fit(ctx, x, gmm.Settings{Components: s.Components, Covariance: gmm.Diagonal, Starts: 1, Iterations: 1}, density.NewSource(r.Seed, "bayes.start"))
	if err != nil {
		return nil, nil, fmt.Errorf("bayes: %w", err)
	}
	n, _ := x.Dims()
	responsibilities := start.Responsibilities(nil, x)
	for range s.Iterations {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("bayes: %w", err)
		}
		if err := p.update(x, responsibilities); err != nil {
			return nil, nil, err
		}
		r.History = append(r.History, p.bound)
		if last := len(r.History) - 1; last > 0 {
			if gain := r.History[last] - r.History[last-1]; gain >= -1e-12*math.Abs(p.bound) && gain < s.Tolerance*float64(n) {
				r.Converged = true
				break
			}
		}
		q, err := p.expected()
		if err != nil {
			return nil, nil, err
		}
		q.Responsibilities(responsibilities, x)
	}
	if !r.Converged {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the bound was still rising after %d iterations; more Settings.Iterations would help", s.Iterations))
	}
	return p, r, nil
}

// Posterior is the variational posterior of the parameters.
type Posterior struct {
	settings Settings
	rows     int
	d        int
	mean0    []float64
	scale0   *mat.SymDense // W₀⁻¹
	logB0    float64       // ln B(W₀, ν₀)
	bound    float64

	count         []float64       // Nₖ
	first, second []float64       // αₖ, unused; or the sticks' aₖ, bₖ
	shrinkage     []float64       // βₖ
	freedom       []float64       // νₖ
	mean          [][]float64     // mₖ
	scale         []*mat.SymDense // Wₖ⁻¹
	logDet        []float64       // ln|Wₖ|
}

func newPosterior(x *mat.Dense, s Settings) (*Posterior, error) {
	n, d := x.Dims()
	if s.Components == 0 {
		s.Components = 10
	}
	if s.Concentration == 0 {
		s.Concentration = 1
		if s.Weights == Dirichlet {
			s.Concentration = 1 / float64(s.Components)
		}
	}
	if s.Shrinkage == 0 {
		s.Shrinkage = 1
	}
	if s.DegreesOfFreedom == 0 {
		s.DegreesOfFreedom = float64(d)
	}
	if s.Iterations == 0 {
		s.Iterations = 1000
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-8
	}
	if s.Components < 1 || !(s.Concentration > 0) || !(s.Shrinkage > 0) || !(s.DegreesOfFreedom > float64(d)-1) || s.Iterations < 1 || !(s.Tolerance > 0) {
		return nil, fmt.Errorf("bayes: %w; components, concentration, shrinkage, iterations and tolerance are positive, and degrees of freedom more than D−1 = %d", ErrSettings, d-1)
	}
	if s.Mean != nil && len(s.Mean) != d || s.Covariance != nil && s.Covariance.SymmetricDim() != d {
		panic("bayes: prior and data differ in dimension")
	}
	p := &Posterior{settings: s, rows: n, d: d, mean0: s.Mean, scale0: mat.NewSymDense(d, nil)}
	if p.mean0 == nil {
		p.mean0, _ = density.Moments(x)
	}
	cov := s.Covariance
	if cov == nil {
		centre, _ := density.Moments(x)
		ones := make([]float64, n)
		for i := range ones {
			ones[i] = 1 / float64(n)
		}
		cov = scatter(x, ones, centre)
	}
	for i := range d {
		for j := range i + 1 {
			p.scale0.SetSym(i, j, s.DegreesOfFreedom*cov.At(i, j))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(p.scale0) {
		if s.Covariance != nil {
			return nil, fmt.Errorf("bayes: the covariance of the prior is not positive definite: %w", ErrSettings)
		}
		return nil, fmt.Errorf("bayes: %w; drop columns that others determine, or give Settings.Covariance", ErrSingular)
	}
	p.logB0 = logB(-chol.LogDet(), s.DegreesOfFreedom, d)
	return p, nil
}

// logB returns ln B(W, ν), the normaliser of the Wishart density (Bishop 2006,
// B.79), given ln|W|.
func logB(logDet, freedom float64, d int) float64 {
	v := -0.5*freedom*logDet - 0.5*freedom*float64(d)*math.Ln2 - 0.25*float64(d*(d-1))*math.Log(math.Pi)
	for i := range d {
		l, _ := math.Lgamma(0.5 * (freedom - float64(i)))
		v -= l
	}
	return v
}

// scatter returns Σ rₙ (xₙ−c)(xₙ−c)ᵀ.
func scatter(x *mat.Dense, r, centre []float64) *mat.SymDense {
	n, d := x.Dims()
	e := mat.NewDense(n, d, nil)
	for i, w := range r {
		root := math.Sqrt(w)
		row := e.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			row[j] = root * (v - centre[j])
		}
	}
	out := mat.NewSymDense(d, nil)
	out.SymOuterK(1, e.T())
	return out
}

// update sets q(θ) to its optimum given the responsibilities (N×K), and the bound to
// its value there. Bishop 2006, eq. 10.58–10.63.
func (p *Posterior) update(x, responsibilities *mat.Dense) error {
	k, d, s := p.settings.Components, p.d, p.settings
	p.count, p.shrinkage, p.freedom = make([]float64, k), make([]float64, k), make([]float64, k)
	p.mean, p.scale, p.logDet = make([][]float64, k), make([]*mat.SymDense, k), make([]float64, k)
	// The bound at the optimum of q(θ): the evidence of completed rows, with
	// fractional counts, and the entropy of q(z).
	p.bound = -0.5*float64(p.rows*d)*math.Log(2*math.Pi) + entropy(responsibilities)
	for c := range k {
		r := mat.Col(nil, c, responsibilities)
		centre := make([]float64, d)
		for i, w := range r {
			p.count[c] += w
			for j, v := range x.RawRowView(i) {
				centre[j] += w * (v - p.mean0[j])
			}
		}
		count := p.count[c]
		p.shrinkage[c], p.freedom[c] = s.Shrinkage+count, s.DegreesOfFreedom+count
		p.mean[c] = make([]float64, d)
		apart := mat.NewVecDense(d, nil)
		for j := range centre {
			if count > 0 {
				apart.SetVec(j, centre[j]/count)
			}
			p.mean[c][j] = p.mean0[j] + centre[j]/p.shrinkage[c]
			centre[j] = p.mean0[j] + apart.AtVec(j)
		}
		p.scale[c] = scatter(x, r, centre)
		p.scale[c].AddSym(p.scale[c], p.scale0)
		p.scale[c].SymRankOne(p.scale[c], s.Shrinkage*count/p.shrinkage[c], apart)
		var chol mat.Cholesky
		if !chol.Factorize(p.scale[c]) {
			return fmt.Errorf("bayes: component %d: %w; a larger Settings.Covariance would help", c+1, ErrSingular)
		}
		p.logDet[c] = -chol.LogDet()
		p.bound += p.logB0 - logB(p.logDet[c], p.freedom[c], d) + 0.5*float64(d)*math.Log(s.Shrinkage/p.shrinkage[c])
	}
	p.bound += p.updateWeights()
	return nil
}

// entropy returns −Σ r ln r.
func entropy(r *mat.Dense) float64 {
	n, _ := r.Dims()
	var sum float64
	for i := range n {
		for _, v := range r.RawRowView(i) {
			if v > 0 {
				sum -= v * math.Log(v)
			}
		}
	}
	return sum
}

// updateWeights sets q(π) to its optimum and returns what it adds to the bound, the
// ratio of the normalisers of prior and posterior.
func (p *Posterior) updateWeights() float64 {
	k, a := p.settings.Components, p.settings.Concentration
	p.first, p.second = make([]float64, k), make([]float64, k)
	if p.settings.Weights == Dirichlet {
		value := lgamma(float64(k)*a) - float64(k)*lgamma(a) - lgamma(float64(k)*a+float64(p.rows))
		for c, n := range p.count {
			p.first[c] = a + n
			value += lgamma(a + n)
		}
		return value
	}
	var rest, value float64
	for c := k - 1; c >= 0; c-- {
		p.first[c], p.second[c] = 1+p.count[c], a+rest
		rest += p.count[c]
		if c < k-1 { // the last stick is all that is left
			value += mathext.Lbeta(p.first[c], p.second[c]) - mathext.Lbeta(1, a)
		}
	}
	return value
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// logWeights returns E[ln πₖ].
func (p *Posterior) logWeights() []float64 {
	k := p.settings.Components
	out := make([]float64, k)
	if p.settings.Weights == Dirichlet {
		var total float64
		for _, a := range p.first {
			total += a
		}
		for c, a := range p.first {
			out[c] = mathext.Digamma(a) - mathext.Digamma(total)
		}
		return out
	}
	left := 0.0
	for c := range k {
		if c == k-1 {
			out[c] = left
			break
		}
		both := mathext.Digamma(p.first[c] + p.second[c])
		out[c] = left + mathext.Digamma(p.first[c]) - both
		left += mathext.Digamma(p.second[c]) - both
	}
	return out
}

// expected returns a mixture whose responsibilities are those of q(z): with
// covariances (νₖWₖ)⁻¹, and weights that hold the rest of eq. 10.46 up to a factor.
func (p *Posterior) expected() (*gmm.Model, error) {
	k, d := p.settings.Components, p.d
	logs := p.logWeights()
	for c := range k {
		for i := range d {
			logs[c] += 0.5 * mathext.Digamma(0.5*(p.freedom[c]-float64(i)))
		}
		logs[c] += 0.5*float64(d)*(math.Ln2-math.Log(p.freedom[c])) - 0.5*float64(d)/p.shrinkage[c]
	}
	total := density.LogSumExp(logs)
	for c := range logs {
		logs[c] = math.Exp(logs[c] - total)
	}
	return p.mixture(logs)
}

func (p *Posterior) mixture(weights []float64) (*gmm.Model, error) {
	k, d := p.settings.Components, p.d
	means, covs := mat.NewDense(k, d, nil), make([]mat.Symmetric, k)
	for c := range k {
		means.SetRow(c, p.mean[c])
		cov := mat.NewSymDense(d, nil)
		cov.ScaleSym(1/p.freedom[c], p.scale[c])
		covs[c] = cov
	}
	m, err := gmm.New(weights, means, covs)
	if err != nil {
		return nil, fmt.Errorf("bayes: %w", err)
	}
	return m, nil
}

// Bound returns the lower bound on ln p(X), as a mean in nats per row.
func (p *Posterior) Bound() density.Estimate {
	return density.Estimate{Value: p.bound / float64(p.rows), Kind: density.LowerBound, Rows: p.rows}
}

// Weights returns E[πₖ].
func (p *Posterior) Weights() []float64 {
	k := p.settings.Components
	out := make([]float64, k)
	if p.settings.Weights == Dirichlet {
		for c, a := range p.first {
			out[c] = a / (float64(k)*p.settings.Concentration + float64(p.rows))
		}
		return out
	}
	left := 1.0
	for c := range k {
		share := p.first[c] / (p.first[c] + p.second[c])
		if c == k-1 {
			share = 1
		}
		out[c] = left * share
		left *= 1 - share
	}
	return out
}

// Counts returns Nₖ, the rows that each component has.
func (p *Posterior) Counts() []float64 { return append([]float64{}, p.count...) }

// Model returns the mixture at the posterior's centre: E[πₖ], mₖ and E[Λₖ]⁻¹.
func (p *Posterior) Model() (*gmm.Model, error) { return p.mixture(p.Weights()) }
