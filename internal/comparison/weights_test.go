package comparison

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

// A file with weights 0 to 3 gives the numbers of the file in which each row stands
// that often: models, errors, criteria, transform.
func TestWeightsAreRepeatedRows(t *testing.T) {
	random := rand.New(density.NewSource(1, "test.weights"))
	var weighted, repeated strings.Builder
	weighted.WriteString("a,times,b\n")
	repeated.WriteString("a,b\n")
	for range 150 {
		a, b, times := random.NormFloat64(), random.NormFloat64(), random.IntN(4)
		if random.IntN(3) == 0 {
			a, b = 9+a+b, 30-b
		}
		fmt.Fprintf(&weighted, "%v,%d,%v\n", a, times, b)
		for range times {
			fmt.Fprintf(&repeated, "%v,%v\n", a, b)
		}
	}
	run := func(name, text, column string, change func(*Config)) *Results {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		c := Default()
		c.Dataset, c.Weights, c.Holdout, c.Valid = path, column, 0, 0
		c.Models = []string{"gaussian", "gmm"}
		c.GMM.Components, c.GMM.Starts, c.GMM.Covariance = Range{1, 3}, 5, "full,diag"
		change(&c)
		r, err := (&Job{Config: c}).Run(t.Context())
		require.NoError(t, err)
		return r
	}
	for name, change := range map[string]func(*Config){
		"bic":  func(*Config) {},
		"test": func(c *Config) { c.Test = c.Dataset },
		"none": func(c *Config) { c.Transform = "none" },
	} {
		t.Run(name, func(t *testing.T) {
			a := run("weighted.csv", weighted.String(), "times", change)
			b := run("repeated.csv", repeated.String(), "", change)
			require.Positive(t, a.Dataset.Weights.Absent)
			require.Equal(t, float64(b.Dataset.RowsTrain), a.Dataset.Weights.Train)
			for i, m := range a.Models {
				want := b.Models[i]
				require.Equal(t, want.Parameters, m.Parameters)
				require.InDelta(t, *want.Train.Nats, *m.Train.Nats, 1e-8)
				require.InDelta(t, *want.Train.SEData, *m.Train.SEData, 1e-8)
				if want.Test != nil {
					require.InDelta(t, *want.Test.Nats, *m.Test.Nats, 1e-8)
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
