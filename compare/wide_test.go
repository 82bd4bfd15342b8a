package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/saved"
)

// A table of more columns than rows, and of many, is fitted without matrices over its
// columns, and says so.
func TestWideTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for i := range 7 {
		for j := range 600 {
			switch {
			case i == 0:
				fmt.Fprintf(&text, "c%d,", j)
			default:
				fmt.Fprintf(&text, "%.3f,", random.NormFloat64())
			}
		}
		text.WriteString("\n")
	}
	c := Default()
	c.Dataset, c.Models, c.Folds = filepath.Join(t.TempDir(), "wide.csv"), []string{"gaussian"}, OneSplit
	require.NoError(t, os.WriteFile(c.Dataset, []byte(strings.ReplaceAll(text.String(), ",\n", "\n")), 0o644))
	r := run(t, c)
	require.Contains(t, strings.Join(r.Warnings, "\n"), "its covariance is diagonal: a full one of 600 columns has 180300 numbers")
	require.Equal(t, 2*600, r.Models[0].Parameters)

	for _, one := range []struct {
		rows, columns int
		want          bool
	}{{60000, 784, false}, {100, 511, false}, {512, 512, true}, {513, 512, false}, {1 << 20, 4096, false}, {1 << 20, 4097, true}} {
		require.Equal(t, one.want, tooWide(one.rows, one.columns), "%+v", one)
	}
	require.Equal(t, familiesFor(784), narrowed(familiesFor(784), 60000, 784), "where rows are many nothing changes")
	for _, family := range narrowed(familiesFor(30000), 6, 30000) {
		require.Less(t, family.NumParameters(1, 30000), 40*30000, family)
	}
	require.Len(t, narrowed(selection.Families{gmm.EVE, gmm.VEI, gmm.Full, gmm.Tied, gmm.FactorAnalyzers(8)}, 6, 600), 2)
}

// What was asked for and does not fit into memory is refused with the setting.
func TestWideIsRefused(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	d := &Data{All: &dataset.Dataset{X: mat.NewDense(1, 30000, nil)}, Preparation: saved.Preparation{Measure: density.Continuous}}
	for name, ask := range map[string]func(*Settings){
		"gmm":  func(c *Settings) { c.Families = Given(selection.Families{gmm.Full}) },
		"vae":  func(c *Settings) { c.VAE.Hidden = []int{1000, 10} },
		"ae":   func(c *Settings) { c.VAE.Hidden = []int{1000, 10} },
		"made": func(*Settings) {},
	} {
		c := Default()
		k, _ := lookupKind(name)
		ask(&c)
		r := k.LeftOut(&c, d)
		require.Contains(t, r.Why, "give at most", name)
		require.NotEmpty(t, r.Setting, name)
		require.NotEmpty(t, r.Remedy, name)
	}
	c := Default()
	c.Families = Given(selection.Families{gmm.Diagonal, gmm.FactorAnalyzers(4)})
	require.Empty(t, mixture{}.LeftOut(&c, d))
	require.Empty(t, variational{}.LeftOut(&c, d))
}

// A row too far for the arithmetic has log p = −∞, and is named by its line.
func TestScoreNamesInfiniteRows(t *testing.T) {
	c := Default()
	c.Dataset, c.Models, c.Folds = "faithful", []string{"gaussian"}, OneSplit
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "far.csv")
	require.NoError(t, os.WriteFile(path, []byte("# far\neruptions,waiting\n2,50\n1e160,60\n3,-1e170\n"), 0o644))
	d, err := dataset.Open(path)
	require.NoError(t, err)
	result, err := Score(t.Context(), o.Fits[0].Model, d, 10, 1)
	require.NoError(t, err)
	require.Equal(t, math.Inf(-1), result.LogProb[1])
	require.Len(t, result.Warnings, 1)
	require.Contains(t, result.Warnings[0], "line 4 (and 1 more): log p is -Inf")
	near, err := Score(t.Context(), o.Fits[0].Model, d.Head(1), 10, 1)
	require.NoError(t, err)
	require.Empty(t, near.Warnings)
}
