package compare

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/results"
)

// A file with weights 0 to 3 gives the numbers of the file in which each row stands
// that often: models, errors, criteria, transform.
func TestWeightsAreRepeatedRows(t *testing.T) {
	files := func(gaps bool) (string, string) {
		random := rand.New(density.NewSource(1, "test.weights"))
		var weighted, repeated strings.Builder
		weighted.WriteString("a,times,b\n")
		repeated.WriteString("a,b\n")
		for i := range 150 {
			a, b, times := random.NormFloat64(), random.NormFloat64(), random.IntN(4)
			if random.IntN(3) == 0 {
				a, b = 9+a+b, 30-b
			}
			second := fmt.Sprint(b)
			if gaps && i%5 == 0 {
				second = ""
			}
			fmt.Fprintf(&weighted, "%v,%d,%s\n", a, times, second)
			for range times {
				fmt.Fprintf(&repeated, "%v,%s\n", a, second)
			}
		}
		return weighted.String(), repeated.String()
	}
	run := func(name, text, column string, change func(*Settings)) *results.Results {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		c := fixed()
		c.Dataset, c.Weights, c.Holdout, c.Valid = path, column, 0, 0
		c.Models = []string{"gaussian", "gmm"}
		c.Components, c.GMM.Starts, c.Families = Given(Range{1, 3}), 5, Given(selection.Families{gmm.Full, gmm.Diagonal})
		change(&c)
		o, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		return o.Results
	}
	for name, change := range map[string]func(*Settings){
		"bic":  func(*Settings) {},
		"test": func(c *Settings) { c.Test = c.Dataset },
		"none": func(c *Settings) { c.Transform = Untouched },
		"gaps": func(c *Settings) { c.Missing = true },
		"icl":  func(c *Settings) { c.Criterion = Given(selection.ICL) },
	} {
		t.Run(name, func(t *testing.T) {
			weighted, repeated := files(name == "gaps")
			a := run("weighted.csv", weighted, "times", change)
			b := run("repeated.csv", repeated, "", change)
			require.Positive(t, a.Dataset.Weights.Absent)
			require.Equal(t, float64(b.Dataset.RowsTrain), a.Dataset.Weights.Train)
			closed, wantClosed := a.Models[0], b.Models[0] // one Gaussian: no search that could end elsewhere
			require.InDelta(t, *wantClosed.Train.Nats, *closed.Train.Nats, 1e-10)
			require.InDelta(t, *wantClosed.Train.SEData, *closed.Train.SEData, 1e-10)
			for i, m := range a.Models {
				want := b.Models[i]
				require.Equal(t, want.Parameters, m.Parameters)
				require.InDelta(t, *want.Train.Nats, *m.Train.Nats, 1e-8)
				require.InDelta(t, *want.Train.SEData, *m.Train.SEData, 1e-8)
				if want.Test != nil {
					require.InDelta(t, *want.Test.Nats, *m.Test.Nats, 1e-8)
					require.InDelta(t, *want.Test.SEData, *m.Test.SEData, 1e-8)
				}
			}
			for i, p := range b.Pairs {
				require.InDelta(t, p.Diff, a.Pairs[i].Diff, 1e-8)
				require.InDelta(t, *p.SE, *a.Pairs[i].SE, 1e-8)
			}
			for i, want := range b.Models[1].Selection.Candidates {
				got := a.Models[1].Selection.Candidates[i]
				require.Equal(t, want.Covariance, got.Covariance)
				require.Equal(t, want.Components, got.Components)
				if i == 0 { // others may end in other optima of as many starts
					require.InDelta(t, *want.BIC, *got.BIC, 1e-5)
					require.InDelta(t, *want.LogLik, *got.LogLik, 1e-5)
				}
			}
		})
	}
}

// writeWeighted writes rows with fractional weights, of which none is like another.
func writeWeighted(t *testing.T) string {
	random := rand.New(density.NewSource(2, "test.weights"))
	var text strings.Builder
	text.WriteString("a,times,b\n")
	for range 200 {
		fmt.Fprintf(&text, "%v,%v,%v\n", 5+random.NormFloat64(), 4*random.Float64(), random.ExpFloat64())
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	return path
}

// What the models see has weighted mean 0 and weighted variance 1; a mixture, which
// is affinely equivariant, would not tell.
func TestTransformWeighs(t *testing.T) {
	c := fixed()
	c.Dataset, c.Weights = writeWeighted(t), "times"
	for _, transform := range []Transform{Standard, Center} {
		c.Transform = transform
		d, err := Load(t.Context(), &c)
		require.NoError(t, err)
		require.NoError(t, d.Close())
		for k := range d.Train.Dim() {
			var sum, squares float64
			for i, w := range d.Train.Weights {
				sum += w * d.Train.Model.At(i, k)
				squares += w * d.Train.Model.At(i, k) * d.Train.Model.At(i, k)
			}
			require.InDelta(t, 0, sum/d.Train.TotalWeight(), 1e-12)
			if transform == Standard {
				require.InDelta(t, 1, squares/d.Train.TotalWeight(), 1e-12)
			}
		}
	}
}

// The criterion of held-out rows is the mean that is reported of the validation rows.
func TestHeldOutCriterionWeighs(t *testing.T) {
	c := fixed()
	c.Dataset, c.Weights, c.Valid = writeWeighted(t), "times", 0.3
	c.Models = []string{"gmm"}
	c.Components, c.Criterion = Given(Range{1, 2}), Given(selection.HeldOut)
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	r := o.Results
	require.InDelta(t, r.Dataset.Weights.Total, r.Dataset.Weights.Train+r.Dataset.Weights.Valid+r.Dataset.Weights.Test, 1e-10)
	require.Positive(t, r.Dataset.Weights.Valid)
	best := r.Models[0].Selection.Candidates[0]
	require.InDelta(t, *r.Models[0].Valid.Nats, *best.HeldOut, 1e-10)
	require.InDelta(t, *r.Models[0].Valid.SEData, *best.HeldOutErr, 1e-10)
}
