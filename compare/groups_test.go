package compare

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/dataset"
	"likely/density"
)

// patients writes a table of so many patients of six visits each, which differ little, and
// returns its path.
func patients(t *testing.T, n int) string {
	t.Helper()
	random := rand.New(density.NewSource(5, "compare.patients"))
	var b strings.Builder
	b.WriteString("patient,x,y\n")
	for p := range n {
		x, y := random.NormFloat64(), random.NormFloat64()
		for range 6 {
			fmt.Fprintf(&b, "p%d,%v,%v\n", p, x+0.01*random.NormFloat64(), y+0.01*random.NormFloat64())
		}
	}
	path := filepath.Join(t.TempDir(), "patients.csv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// divided returns the groups that have rows in more than one part.
func divided(parts ...*Part) map[string]bool {
	at, twice := make(map[string]int), make(map[string]bool)
	for i, p := range parts {
		if p == nil {
			continue
		}
		for _, g := range p.Groups {
			name := p.GroupNames[g]
			if j, known := at[name]; known && j != i {
				twice[name] = true
			}
			at[name] = i
		}
	}
	return twice
}

// Rows of a group are on one side of every division: test, validation, folds, folds of the
// choice, and those of repetitions. Without groups they are not, which the test sees. A
// mixture that may learn each patient by heart is judged by patients that it has not seen.
func TestGroupsAreNotDivided(t *testing.T) {
	for _, folds := range []Folds{OneSplit, 5} {
		c := open(patients(t, 30), "gaussian", "gmm")
		c.Folds, c.Group, c.Valid = folds, "patient", 0.2
		load := func() *Data {
			d, err := Load(t.Context(), &c)
			require.NoError(t, err)
			return d
		}
		d := load()
		check := func(d *Data) {
			t.Helper()
			require.Empty(t, divided(d.Train, d.Valid, d.Test))
			for _, one := range d.divisions(&c) {
				require.Empty(t, divided(one.train, one.held, d.Test))
			}
		}
		each := func(d *Data, check func(*Data)) {
			if d.Folds == nil {
				check(d)
				return
			}
			for f := range d.Folds {
				one, err := d.without(&c, f)
				require.NoError(t, err)
				check(one)
			}
		}
		each(d, check)
		_, again, err := d.again(c, 1)
		require.NoError(t, err)
		each(again, check)

		c.Group = "" // and "patient" is a text: dropped
		c.Drop = []string{"patient"}
		loose := load()
		loose.prepared.Groups, loose.prepared.GroupNames = nil, nil
		c.Drop, c.Group = nil, "patient"
		names := load().All
		each(loose, func(part *Data) {
			for _, p := range []*Part{part.Train, part.Valid, part.Test} {
				if p == nil {
					continue
				}
				p.GroupNames, p.Groups = names.GroupNames, nil
				for i := range p.Rows() {
					p.Groups = append(p.Groups, names.Groups[p.Row(i)])
				}
			}
			require.NotEmpty(t, divided(part.Train, part.Valid, part.Test), "the test sees patients that are divided")
		})
	}
}

// What counts are groups: the error is that of the means of patients.
func TestGroupsInErrors(t *testing.T) {
	c := fixed()
	c.Dataset, c.Models, c.Folds, c.Group = patients(t, 12), []string{"gaussian", "gmm"}, 4, "patient"
	c.Components, c.GMM.Starts = Given(Range{2, 2}), 2
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 12, o.Results.Dataset.Groups)
	require.Equal(t, 12, o.Results.Pairs[0].Groups)
	means := make([]float64, 12)
	for i, g := range o.Data.All.Groups {
		means[g] += (o.Held[0].LogProb[i] - o.Held[1].LogProb[i]) / 6
	}
	mean, se := meanAndError(means)
	require.InDelta(t, mean, o.Results.Pairs[0].Diff, 1e-12)
	require.InDelta(t, se, *o.Results.Pairs[0].SE, 1e-12)
	require.Equal(t, 11.0, *o.Results.Pairs[0].Freedom)
}

// The same without folds, for the patients that are held out.
func TestGroupsInErrorsOfTestRows(t *testing.T) {
	c := fixed()
	c.Dataset, c.Models, c.Folds, c.Holdout, c.Group = patients(t, 40), []string{"gaussian", "gmm"}, OneSplit, 0.4, "patient"
	c.Components, c.GMM.Starts = Given(Range{2, 2}), 2
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 16, o.Results.Pairs[0].Groups)
	require.Equal(t, 15.0, *o.Results.Pairs[0].Freedom)
	sums := make(map[int]float64)
	for i, g := range o.Data.Test.Groups {
		sums[g] += (o.Held[0].LogProb[i] - o.Held[1].LogProb[i]) / 6
	}
	mean, se := meanAndError(slices.Collect(maps.Values(sums)))
	require.InDelta(t, mean, o.Results.Pairs[0].Diff, 1e-10)
	require.InDelta(t, se, *o.Results.Pairs[0].SE, 1e-10)
}

// Too few groups are errors of usage that name them.
func TestGroupsAtTheDoor(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"4 groups": func(c *Settings) { c.Folds = 5 },
		"2 groups": func(c *Settings) { c.Dataset, c.Folds = patients(t, 2), 2 },
		"{Stream}": func(c *Settings) { c.Stream, c.Folds = 10, OneSplit },
	} {
		c := fixed()
		c.Dataset, c.Models, c.Group = patients(t, 4), []string{"gaussian"}, "patient"
		change(&c)
		_, err := (&Job{Settings: c}).Run(t.Context())
		require.ErrorIs(t, err, ErrUsage, name)
		require.ErrorContains(t, err, strings.Trim(name, "{}"), name)
		require.ErrorContains(t, err, "Group", name)
	}
	c := fixed()
	c.Dataset, c.Models, c.Group = "iris", []string{"gaussian"}, "nobody"
	_, err := (&Job{Settings: c}).Run(t.Context())
	require.ErrorIs(t, err, dataset.ErrGroups)

	// Groups on both sides of a test file are said.
	c.Dataset, c.Test, c.Group = patients(t, 8), patients(t, 4), "patient"
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, strings.Join(o.Results.Warnings, "\n"), "4 groups of Settings.Group patient have rows among both")
	require.False(t, math.IsNaN(*o.Results.Models[0].Test.Nats))
}
