package compare

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/eval"
	"likely/results"
)

// A point of a learning curve is the number of a run with so many rows, on the same
// held-out rows: of one Gaussian it is that of the moments of these rows, by hand. All
// points see the same test rows, none of which is fitted to; and each share contains the
// one before.
func TestLearningCurveByHand(t *testing.T) {
	for _, folds := range []Folds{OneSplit, 4} {
		c := fixed()
		c.Dataset, c.Models, c.Folds, c.LearningCurve = "iris", []string{"gaussian", "gmm"}, folds, true
		c.Components, c.GMM.Starts = Given(Range{2, 2}), 2
		o, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		d, err := Load(t.Context(), &c)
		require.NoError(t, err)
		curve := o.Results.Models[0].Learning
		shares := d.shares()
		require.Len(t, curve, len(shares)+1)
		require.Equal(t, []float64{0.25, 0.5}, shares, "a sixteenth of 120 rows is too few")
		require.Equal(t, *o.Results.Models[0].Test.Nats, *curve[len(shares)].Nats, "all rows are the run")
		var before map[int]bool
		for i, share := range shares {
			some, err := d.cut(&c, share)
			require.NoError(t, err)
			logs, seen := []float64{}, make(map[int]bool)
			parts := []*Data{some}
			if folds != OneSplit {
				parts = nil
				for f := range d.Folds {
					one, err := some.without(&c, f)
					require.NoError(t, err)
					parts = append(parts, one)
				}
			}
			for f, one := range parts {
				if folds == OneSplit {
					require.Equal(t, d.Test.Model.RawMatrix().Rows, one.Test.Rows())
				}
				rows := 0
				for _, p := range []*Part{one.Train, one.Valid} {
					for i := 0; p != nil && i < p.Rows(); i++ {
						rows++
						if f == 0 {
							seen[p.Row(i)] = true
						}
						for k := range one.Test.Rows() {
							require.NotEqual(t, one.Test.Row(k), p.Row(i))
						}
					}
				}
				require.InDelta(t, share*float64(d.rows()), rows, 1)
				job := Job{Settings: c}
				fit, err := gaussian{}.Fit(t.Context(), &job, one)
				require.NoError(t, err)
				m, err := job.measure(t.Context(), fit, one.Test, "test")
				require.NoError(t, err)
				logs = append(logs, m.logProb.LogProb...)
			}
			mean, _ := meanAndError(logs)
			require.InDelta(t, mean, *curve[i].Nats, 1e-9)
			for row := range before {
				require.True(t, seen[row], "row %d was fitted to with fewer rows", row)
			}
			before = seen
		}
	}
}

// Who is ahead with so many rows is judged as with all: a lead over a model that still
// improves is one so far, and where rows are too few nobody is.
func TestLearningPairs(t *testing.T) {
	ahead, behind := []float64{1, 1.1, 0.9, 1.2, 1, 0.8, 1}, make([]float64, 7)
	point := func(rows int, values []float64, improving string) learned {
		return learned{rows: rows, logProb: &eval.Result{LogProb: values}, improving: improving}
	}
	a := &evaluation{name: "a", learned: []learned{point(50, ahead, "x"), point(100, behind, "x"), point(200, ahead[:3], "")}}
	b := &evaluation{name: "b", learned: []learned{point(50, behind, ""), point(100, ahead, ""), point(200, behind[:3], ""), point(400, behind, "")}}
	list, err := learningPairs([]*evaluation{a, b})
	require.NoError(t, err)
	require.Len(t, list, 3, "400 rows have one model")
	require.Equal(t, []string{"a", "", ""}, []string{list[0].Better, list[1].Better, list[2].Better})
	require.Equal(t, []string{"", "b", ""}, []string{list[0].SoFar, list[1].SoFar, list[2].SoFar})
	require.InDelta(t, -1, list[1].Diff, 1e-12)
	require.Equal(t, 100, list[1].RowsFitted)
}

// A curve needs rows to judge by and to share, and says so.
func TestLearningCurveAtTheDoor(t *testing.T) {
	for what, change := range map[string]func(*Settings){
		"held-out": func(c *Settings) { c.Holdout = 0 },
		"fewer":    func(c *Settings) { c.Dataset = patients(t, 5); c.Drop = []string{"patient"} },
		"Stream":   func(c *Settings) { c.Stream = 50 },
	} {
		c := fixed()
		c.Dataset, c.Models, c.LearningCurve = "iris", []string{"gaussian"}, true
		if what == "Stream" {
			c.Dataset = clusters(t, 200)
		}
		change(&c)
		_, err := (&Job{Settings: c}).Run(t.Context())
		require.ErrorIs(t, err, ErrUsage, what)
		require.ErrorContains(t, err, what)
		require.ErrorContains(t, err, "LearningCurve")
	}
}

// The same bits on one core and on two, and where it was interrupted.
func TestLearningCurveResumes(t *testing.T) {
	if testing.Short() {
		t.Skip("makes the whole procedure several times")
	}
	c := open("faithful", "gmm", "vae")
	c.Folds, c.Budget, c.LearningCurve = OneSplit, Budget{Work: 5e8}, true
	whole, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	before := runtime.GOMAXPROCS(1)
	one, err := (&Job{Settings: c}).Run(t.Context())
	runtime.GOMAXPROCS(before)
	require.NoError(t, err)
	curves := func(o *Outcome) (list [][]results.LearningPoint) {
		for _, m := range o.Results.Models {
			list = append(list, m.Learning)
		}
		return list
	}
	require.Equal(t, curves(whole), curves(one))
	checkpoint, tasks := filepath.Join(t.TempDir(), "checkpoint"), []string{}
	for range 2 {
		job := &Job{Settings: c, Checkpoint: checkpoint, Resume: true, Progress: stepper(func(task string) { tasks = append(tasks, task) })}
		got, err := job.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, curves(whole), curves(got))
	}
	require.True(t, slices.ContainsFunc(tasks, func(s string) bool {
		return strings.HasPrefix(s, "learning curve") && strings.Contains(s, "taken from the interrupted run")
	}))
}

// What was fitted to a share of the rows is not taken for what another share gives.
func TestSharesHaveFitsOfTheirOwn(t *testing.T) {
	c := fixed()
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, share := range []float64{0, 0.25, 0.5} {
		known[(&Job{Settings: c, share: share}).fingerprint("gmm", d)] = true
	}
	require.Len(t, known, 3)
}
