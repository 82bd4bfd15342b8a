package selection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/spread"
)

// mostSamples bounds the samples of a bootstrap: what each of them says is kept.
const mostSamples = 1 << 24

// LikelihoodRatio is the outcome of a test of K against K+1 components.
type LikelihoodRatio struct {
	// Components is K, the hypothesis.
	Components int
	// Statistic is 2(ℓ_{K+1} − ℓ_K), in nats.
	Statistic float64
	// PValue is the share of samples from the fitted mixture of K components
	// whose statistic is at least as large, the data counted among them.
	PValue float64
	// Samples is the number of samples whose fits succeeded; PValue is a
	// multiple of 1/(Samples+1).
	Samples int
	// Statistics are those of the samples.
	Statistics []float64
}

// TestComponents tests K components against K+1 by the parametric bootstrap of the
// likelihood ratio (McLachlan 1987), from the given number of samples. fit says how
// mixtures are fitted; its Components is K. With missing values the samples lack the
// same. Weights must be whole numbers, of rows that the samples have, too: the test is
// that of the data in which rows stand that often. Labels, which say what K is, are an
// error that wraps [ErrSettings]. The cost is that of 2·samples fits, side by
// side on all cores. The same seed in src gives the same bits on any number of them.
func TestComponents(ctx context.Context, x *mat.Dense, fit gmm.Settings, samples int, src rand.Source) (*LikelihoodRatio, error) {
	if err := checkCall(ctx, x, src); err != nil {
		return nil, err
	}
	if samples < 1 || samples > mostSamples {
		return nil, fmt.Errorf("selection: %d bootstrap samples: %w; want 1 to %d", samples, ErrSettings, mostSamples)
	}
	if fit.Labels != nil {
		return nil, density.SettingErrorf(ErrSettings, "selection: a bootstrap test with {gmm.Labels}: {err}; a sample of the mixture has none")
	}
	rows, err := repeated(x, fit.Weights)
	if err != nil {
		return nil, err
	}
	seed := src.Uint64()
	null, statistic, err := ratio(ctx, x, fit, seed, 0)
	if err != nil {
		return nil, err
	}
	fit.Weights = nil
	statistics := make([]float64, samples)
	err = spread.Each(ctx, samples, nil, func() func(b int) error {
		drawn := mat.NewDense(len(rows), x.RawMatrix().Cols, nil)
		return func(b int) error {
			null.Rand(drawn, density.NewSource(seed, "selection.sample", uint64(b)))
			drawn.Apply(func(i, j int, v float64) float64 {
				if math.IsNaN(x.At(rows[i], j)) {
					return math.NaN() // samples lack what the data lack
				}
				return v
			}, drawn)
			_, v, err := ratio(ctx, drawn, fit, seed, uint64(b)+1)
			if err != nil {
				v = math.NaN() // too few distinct rows in a component of this sample
			}
			statistics[b] = v
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("selection: %w", err)
	}
	out := &LikelihoodRatio{Components: null.Components(), Statistic: statistic}
	above := 1
	for _, v := range statistics {
		if math.IsNaN(v) {
			continue
		}
		out.Statistics = append(out.Statistics, v)
		if v >= statistic {
			above++
		}
	}
	out.Samples = len(out.Statistics)
	out.PValue = float64(above) / float64(out.Samples+1)
	return out, nil
}

// repeated returns the row of x that each row of a sample takes its gaps from.
func repeated(x *mat.Dense, weights []float64) ([]int, error) {
	n, _ := x.Dims()
	rows := make([]int, 0, n)
	if weights == nil {
		for i := range n {
			rows = append(rows, i)
		}
		return rows, nil
	}
	if _, err := totalWeight("gmm.Weights", weights, n); err != nil {
		return nil, err
	}
	for i, w := range weights {
		if w != math.Round(w) || w > mostRepeated {
			return nil, density.SettingErrorf(ErrSettings, "selection: {gmm.Weights}, row %d is %v: {err}; for the bootstrap test it must be a whole number of rows, which samples have, too", i+1, w)
		}
		for range int(w) {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// mostRepeated is the greatest weight that is believed to be a number of rows.
const mostRepeated = 1 << 24

// ratio fits K and K+1 components and returns the first model and the statistic.
func ratio(ctx context.Context, x *mat.Dense, fit gmm.Settings, seed, sample uint64) (*gmm.Model, float64, error) {
	var models [2]*gmm.Model
	var logs [2]float64
	for i := range models {
		m, _, err := gmm.Fit(ctx, x, fit, density.NewSource(seed, "selection.ratio", sample, uint64(i)))
		if err != nil {
			return nil, 0, fmt.Errorf("selection: %w", err)
		}
		models[i] = m
		for row, v := range m.LogProbObserved(nil, x) {
			if fit.Weights == nil {
				logs[i] += v
			} else if w := fit.Weights[row]; w > 0 {
				logs[i] += w * v
			}
		}
		fit.Components = m.Components() + 1
	}
	return models[0], 2 * (logs[1] - logs[0]), nil
}

// StandardErrors are the spread of parameters over bootstrap samples.
type StandardErrors struct {
	Weights     []float64       // K
	Means       *mat.Dense      // K×D
	Covariances []*mat.SymDense // K of D×D
	Samples     int             // fits that succeeded
}

// errFewSamples reports that too few fits succeeded to speak of a spread.
var errFewSamples = errors.New("fewer than 2 bootstrap samples could be fitted")

// Errors returns standard errors of the parameters of m, fitted to the rows of x
// (N×D), by resampling rows (Efron 1979). Each fit goes on from m, which keeps its
// components apart. A row of weight w is w rows to draw from, of Σw (rounded) drawn, and
// rows keep their gaps and labels. The errors are those of drawing and of ctx.
func Errors(ctx context.Context, m *gmm.Model, x *mat.Dense, fit gmm.Settings, samples int, src rand.Source) (*StandardErrors, error) {
	if err := checkCall(ctx, x, src); err != nil {
		return nil, err
	}
	if samples < 2 || samples > mostSamples {
		return nil, fmt.Errorf("selection: %d bootstrap samples: %w; want 2 to %d", samples, ErrSettings, mostSamples)
	}
	n, d := x.Dims()
	drawn, reached := n, make([]float64, n) // Σ of the weights up to a row
	for i := range reached {
		reached[i] = float64(i + 1)
	}
	if fit.Weights != nil {
		total, err := totalWeight("gmm.Weights", fit.Weights, n)
		if err != nil {
			return nil, err
		}
		if drawn = int(math.Round(total)); drawn < 2 {
			return nil, density.SettingErrorf(ErrSettings, "selection: {gmm.Weights} sum to %.3g rows: {err}; scale them to the number of rows they are worth", total)
		}
		floats.CumSum(reached, fit.Weights)
	}
	seed := src.Uint64()
	k := m.Components()
	fit.Components, fit.Covariance = k, m.Family()
	start := m.ResponsibilitiesObserved(nil, x)
	size := k + k*d + k*d*d
	mean, squares := make([]float64, size), make([]float64, size)
	var first []float64
	var failure error // the first
	count := 0
	parameters, errs := make([][]float64, min(samples, heldSamples)), make([]error, min(samples, heldSamples))
	for from := 0; from < samples; from += heldSamples {
		parameters = parameters[:min(heldSamples, samples-from)]
		err := spread.Each(ctx, len(parameters), nil, func() func(b int) error {
			return func(b int) error {
				random := rand.New(density.NewSource(seed, "selection.errors", uint64(from+b)))
				resampled := fit
				resampled.Weights = make([]float64, n)
				for range drawn {
					target := random.Float64() * reached[n-1]
					resampled.Weights[sort.Search(n-1, func(i int) bool { return reached[i] > target })]++
				}
				again, err := climb(ctx, x, start, resampled)
				if parameters[b], errs[b] = nil, err; err == nil {
					parameters[b] = parametersOf(again)
				}
				return nil // it may have had too few distinct rows in a component
			}
		})
		if err != nil {
			return nil, fmt.Errorf("selection: %w", err)
		}
		for b, p := range parameters {
			if p == nil {
				failure = cmp.Or(failure, errs[b])
				continue
			}
			if count == 0 {
				first = p
			}
			count++
			for i, v := range p {
				// Welford's update, about the first sample.
				e := v - first[i] - mean[i]
				mean[i] += e / float64(count)
				squares[i] += e * (v - first[i] - mean[i])
			}
		}
	}
	if count < 2 {
		return nil, density.SettingErrorf(fmt.Errorf("%w: %w", errFewSamples, failure), "selection: {err}; ask for more samples, or fit a smaller {gmm.Components}")
	}
	for i, v := range squares {
		squares[i] = math.Sqrt(v / float64(count-1))
	}
	out := &StandardErrors{Weights: squares[:k], Means: mat.NewDense(k, d, squares[k:k+k*d]), Samples: count}
	for c := range k {
		at := k + k*d + c*d*d
		out.Covariances = append(out.Covariances, mat.NewSymDense(d, squares[at:at+d*d]))
	}
	return out, nil
}

// heldSamples is the number of samples whose parameters are held at once.
const heldSamples = 32

// parametersOf returns weights, means and covariances of m in a row.
func parametersOf(m *gmm.Model) []float64 {
	p := append(m.Weights(), m.Means().RawMatrix().Data...)
	for c := range m.Components() {
		sigma := m.Covariance(c)
		for i := range m.Dim() {
			for j := range m.Dim() {
				p = append(p, sigma.At(i, j))
			}
		}
	}
	return p
}

// climb runs EM from responsibilities until it converges.
func climb(ctx context.Context, x, start *mat.Dense, fit gmm.Settings) (*gmm.Model, error) {
	e, err := gmm.NewEM(x, start, fit)
	if err != nil {
		return nil, err
	}
	if fit, err = fit.Resolved(); err != nil {
		return nil, err
	}
	for range fit.Iterations {
		if err := e.Step(ctx); err != nil {
			return nil, err
		}
		if e.Done() {
			break
		}
	}
	return e.Model(), nil
}
