package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// For one component the M-step without a part of the rows is the fit to the others:
// cross-validation itself, here by fits to the parts, with weights and without, in
// families of each kind and under a prior.
func TestCrossValidatedOfOneComponent(t *testing.T) {
	x := open(t, "iris")
	weights := make([]float64, 150)
	for i := range weights {
		weights[i] = 0.5 + float64(i%3)
	}
	for _, family := range []Covariance{Full, Tied, Diagonal, Spherical, VEE, FactorAnalyzers(1)} {
		for _, w := range [][]float64{nil, weights} {
			s, err := Settings{Components: 1, Covariance: family, Weights: w, Tolerance: exhaustive}.resolve()
			require.NoError(t, err)
			rows, err := scaleRows(x, s)
			require.NoError(t, err)
			e := oneStart(t, rows, s, 1)
			var want, total float64
			for fold := range crossFolds {
				part := withoutFold(t, e, s, fold)
				left := &Model{k: 1, d: 4, weights: []float64{1}, logWeight: []float64{0}, means: part.moments.mean, shapes: part.shapes}
				for i := fold; i < 150; i += crossFolds {
					v := left.LogProb(nil, mat.NewDense(1, 4, rows.row(i)))[0]
					want += rows.weightOf(i) * v
					total += rows.weightOf(i)
				}
			}
			delta := 1e-9
			if family.String() == "factors:1" {
				delta = 2e-2 // which the M-step comes near to, from where it was
			}
			near(t, want/total, e.crossValidated(), delta, "%v", family)
		}
	}
}

// withoutFold returns a run that has converged on the rows that are not in a fold.
func withoutFold(t *testing.T, e *EM, s Settings, fold int) *EM {
	t.Helper()
	part := &scaledRows{d: e.d, transform: e.scaled.transform, columns: e.scaled.columns}
	for i := range e.moments.n {
		if i%crossFolds != fold {
			part.x = append(part.x, e.scaled.row(i)...)
			part.n++
			part.total += e.scaled.weightOf(i)
			if e.scaled.weight != nil {
				part.weight = append(part.weight, e.scaled.weight[i])
			}
		}
	}
	return oneStart(t, part, s, 1)
}

// oneStart returns a start by k-means that has converged.
func oneStart(t *testing.T, rows *scaledRows, s Settings, seed uint64) *EM {
	t.Helper()
	s.Starts, s.SplitMerge = 1, -1
	r := &Report{Seed: seed}
	outcome, err := r.startOn(t.Context(), rows, s)
	require.NoError(t, err)
	require.NoError(t, outcome.Errs[0])
	return outcome.Runs[0].EM
}

// Where no start is free of doubt, a component on a few rows that happen to be nearly
// collinear no longer wins by its likelihood: over small tables of one cluster
// in eight columns, other rows are more likely than under the highest likelihood.
func TestDoubtfulStartsAreCrossValidated(t *testing.T) {
	var gain float64
	differ := 0
	for seed := range uint64(12) {
		all := blobs(1060, 1, 8, seed)
		train, test := mat.DenseCopyOf(all.Slice(0, 60, 0, 8)), mat.DenseCopyOf(all.Slice(60, 1060, 0, 8))
		s, err := Settings{Components: 5, Starts: 10}.resolve()
		require.NoError(t, err)
		rows, err := scaleRows(train, s)
		require.NoError(t, err)
		r := &Report{Seed: seed}
		outcome, err := r.startOn(t.Context(), rows, s)
		require.NoError(t, err)
		best := outcome.Runs[outcome.Kept].EM
		if best.doubt() == 0 {
			continue
		}
		highest := best
		for i, e := range outcome.Runs {
			if outcome.Errs[i] == nil && e.doubt() == best.doubt() && e.Objective() > highest.Objective() {
				highest = e.EM
			}
		}
		if highest == best {
			continue
		}
		differ++
		gain += (total(best.Model(), test) - total(highest.Model(), test)) / 1000
	}
	t.Logf("%d of 12 choices differ, %.2f nats a row in all", differ, gain)
	require.GreaterOrEqual(t, differ, 4)
	require.Greater(t, gain, 0.0)
}

// A part of the rows that takes a component with it leaves nothing to be believed.
func TestCrossValidatedWithoutRows(t *testing.T) {
	x := mat.NewDense(30, 1, nil)
	for i := range 30 {
		x.Set(i, 0, float64(i))
	}
	x.Set(29, 0, 1000)
	m, r := fit(t, x, Settings{Components: 2, Covariance: VEI, Starts: 1}, 1)
	require.Equal(t, 2, m.Components())
	require.Zero(t, r.Found-1)
	s, err := Settings{Components: 2, Covariance: VEI, Starts: 1}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	require.Equal(t, math.Inf(-1), oneStart(t, rows, s, 1).crossValidated())
}
