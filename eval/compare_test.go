package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/eval"
)

// Weights are repetitions, in means and in paired differences.
func TestCompareWeighs(t *testing.T) {
	a := &eval.Result{LogProb: []float64{1, 2, 4}, Weights: []float64{1, 3, 2}}
	b := &eval.Result{LogProb: []float64{0, 0, 0}, Weights: []float64{1, 3, 2}}
	d, err := eval.Compare(a, b)
	require.NoError(t, err)
	many := &eval.Result{LogProb: []float64{1, 2, 2, 2, 4, 4}}
	want, err := eval.Compare(many, &eval.Result{LogProb: make([]float64, 6)})
	require.NoError(t, err)
	require.InEpsilon(t, want.Mean, d.Mean, 1e-14)
	require.InEpsilon(t, want.DataErr, d.DataErr, 1e-14)
	b.Weights = nil
	_, err = eval.Compare(a, b)
	require.ErrorIs(t, err, eval.ErrMismatch)
	require.InEpsilon(t, many.Estimate().Value, a.Estimate().Value, 1e-14)
	trusted, ok := a.Trusted()
	require.True(t, ok)
	require.InEpsilon(t, many.Estimate().DataErr, trusted.DataErr, 1e-14)
}

// Few rows that agree by chance are no verdict. Two equal differences have a standard error
// of 0, and five prove nothing whatever they are: all fall on one side in one of 16 tables
// of which neither model is better.
func TestFewRowsDecideNothing(t *testing.T) {
	for n := 1; n <= 8; n++ {
		a, b := &eval.Result{}, &eval.Result{}
		for range n {
			a.LogProb, b.LogProb = append(a.LogProb, -1), append(b.LogProb, -3)
		}
		d, err := eval.Compare(a, b)
		require.NoError(t, err)
		require.Equal(t, n >= 6, d.Significant(), "%d rows", n)
		require.Equal(t, n < 6, math.IsInf(d.Needed(), 1), "%d rows", n)
	}
	require.Equal(t, eval.LeastRows, 6)
	require.Less(t, 2*math.Pow(2, -eval.LeastRows), math.Erfc(math.Sqrt2)) // the sign test
	require.Greater(t, 2*math.Pow(2, 1-eval.LeastRows), math.Erfc(math.Sqrt2))
}

// Needed is the quantile of Student's t at the probability with which a normal variable
// passes 2, by the integral of its density, and 2 in the limit. Errors of two kinds have the freedom of Satterthwaite.
func TestNeeded(t *testing.T) {
	for _, n := range []int{6, 10, 100} {
		needed := eval.Difference{DataErr: 1, Rows: n}.Needed()
		require.InEpsilon(t, math.Erfc(math.Sqrt2), tails(needed, float64(n-1)), 1e-5, "%d rows", n)
	}
	require.InDelta(t, 2, eval.Difference{DataErr: 1, Rows: 1e7}.Needed(), 1e-6)
	require.Equal(t, eval.Difference{DataErr: 1, Rows: 50}.Needed(), eval.Difference{DataErr: 1, Rows: 9, Freedom: 49}.Needed())

	// Rows of 100 degrees and five trainings, of the same variance: 4/(1/100 + 1/4).
	d := eval.Difference{DataErr: 3, SampleErr: 4, TrainErr: 5, Fits: 5, Rows: 101}
	require.InDelta(t, math.Sqrt(50), d.StdErr(), 1e-14)
	require.InEpsilon(t, math.Erfc(math.Sqrt2), tails(d.Needed(), 4/(1./100+1./4)), 1e-5)
}

// tails returns the probability that |t| is above x, by Simpson's rule over x·tan: the
// density of t is Γ((ν+1)/2)/(√(νπ)Γ(ν/2)) (1+t²/ν)^(−(ν+1)/2).
func tails(x, freedom float64) float64 {
	top, _ := math.Lgamma((freedom + 1) / 2)
	low, _ := math.Lgamma(freedom / 2)
	scale := math.Exp(top-low) / math.Sqrt(freedom*math.Pi)
	const n = 20000
	h := x / n
	var sum float64
	for i := 0; i <= n; i++ {
		weight := 2.0
		switch {
		case i == 0 || i == n:
			weight = 1
		case i%2 == 1:
			weight = 4
		}
		at := h * float64(i)
		sum += weight * math.Pow(1+at*at/freedom, -(freedom+1)/2)
	}
	return 1 - 2*scale*sum*h/3
}

// Equal models differ significantly in 4.6 % of comparisons, however few rows there are.
// Over 4000 of them five standard deviations around that are 2.9 to 6.2 %; with two standard
// errors for all, seven rows would have 9 %.
func TestFewRowsAreRarelyWrong(t *testing.T) {
	random := rand.New(density.NewSource(1, "eval.few rows"))
	wrong := 0
	for range 4000 {
		a, b := &eval.Result{}, &eval.Result{LogProb: make([]float64, 7)}
		for range 7 {
			a.LogProb = append(a.LogProb, random.NormFloat64())
		}
		d, err := eval.Compare(a, b)
		require.NoError(t, err)
		if d.Significant() {
			wrong++
		}
	}
	require.Greater(t, wrong, 116)
	require.Less(t, wrong, 248)
}

// Rows of a group are one piece of evidence: where all rows of a group are equal, the
// error is that of the groups alone. Groups of one row each are no groups.
func TestGroupsAreTheEvidence(t *testing.T) {
	random := rand.New(density.NewSource(2, "eval.groups"))
	each, many, zero := &eval.Result{}, &eval.Result{}, &eval.Result{}
	for g := range 8 {
		v := random.NormFloat64()
		each.LogProb, each.Groups = append(each.LogProb, v), append(each.Groups, 7-g)
		for range 5 {
			many.LogProb, many.Groups = append(many.LogProb, v), append(many.Groups, 7-g)
		}
	}
	single := &eval.Result{LogProb: each.LogProb}
	require.InEpsilon(t, single.Estimate().DataErr, each.Estimate().DataErr, 1e-12)
	require.InEpsilon(t, single.Estimate().DataErr, many.Estimate().DataErr, 1e-12)
	zero.LogProb, zero.Groups = make([]float64, 40), many.Groups
	d, err := eval.Compare(many, zero)
	require.NoError(t, err)
	require.InEpsilon(t, single.Estimate().DataErr, d.DataErr, 1e-12)
	require.Equal(t, 7.0, d.Freedom)
	require.Equal(t, 40, d.Rows)

	// Weights are repetitions in groups too.
	weighed := &eval.Result{LogProb: each.LogProb, Groups: each.Groups, Weights: []float64{5, 5, 5, 5, 5, 5, 5, 5}}
	require.InEpsilon(t, many.Estimate().DataErr, weighed.Estimate().DataErr, 1e-12)

	zero.Groups = nil
	_, err = eval.Compare(many, zero)
	require.ErrorIs(t, err, eval.ErrMismatch)
	one := &eval.Result{LogProb: []float64{1, 2, 3}, Groups: []int{4, 4, 4}}
	require.True(t, math.IsNaN(one.Estimate().DataErr), "one group says nothing about its spread")
}
