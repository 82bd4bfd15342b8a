package compare

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A budget that has no room for a single fit is an error of usage that says how much one
// takes, of every kind that has a budget; one that has room for some is kept to.
func TestBudgetForNothing(t *testing.T) {
	for _, kind := range []string{"gmm", "vae", "ae", "made", "lcm"} {
		c := Default()
		c.Dataset, c.Models, c.Folds, c.Budget = "faithful", []string{kind}, OneSplit, Budget{Work: 1000}
		if kind == "lcm" {
			c.Dataset = "answers"
		}
		_, err := (&Job{Settings: c}).Run(t.Context())
		require.ErrorIs(t, err, ErrUsage, kind)
		require.ErrorContains(t, err, "no room for a single fit", kind)
		require.ErrorContains(t, err, "Budget", kind)
	}
}

// An autoregressive network keeps to its budget, and says that it might become better.
// Epochs that are asked for are made whatever they take.
func TestMadeKeepsToItsBudget(t *testing.T) {
	c := Default()
	c.Dataset, c.Models, c.Folds, c.Budget = "faithful", []string{"made"}, OneSplit, Budget{Work: 4e9}
	c.MADE.Hidden = []int{20}
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	m := o.Results.Models[0]
	require.Contains(t, m.Improving(), "when the budget did")
	require.LessOrEqual(t, m.Search.Spent, c.Budget.Work)
	require.Greater(t, m.Search.Spent, 0.8*c.Budget.Work)
	require.Equal(t, c.Budget.Work, m.Search.Budget)

	c.MADE.Epochs, c.Budget.Work = 3, 1000
	o, err = (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, o.Results.Models[0].Improving())
}

// halfway is a kind that fails when it is made for the third time.
type halfway struct {
	gaussian
	made *int
}

func (k halfway) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	if *k.made++; *k.made == 3 {
		return nil, errors.New("it rained")
	}
	return k.gaussian.Fit(ctx, j, d)
}

// A repetition that fails is said, and those that were made before and after count.
func TestRepeatsThatFailHalfway(t *testing.T) {
	c := fixed()
	c.Dataset, c.Repeats = "iris", 4
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	job, k := &Job{Settings: c}, halfway{made: new(int)}
	fit, err := job.fit(t.Context(), k, d)
	require.NoError(t, err)
	e, err := job.evaluate(t.Context(), fit, d)
	require.NoError(t, err)
	first := e.test.logProb.Estimate().Value
	require.NoError(t, job.repeat(t.Context(), e, k, d))
	require.Equal(t, 4, *k.made)
	require.Len(t, e.repeats, 4)
	require.Equal(t, first, e.repeats[0])
	require.True(t, e.repeats[2] != e.repeats[2], "the third has no number")
	se, fits := trainingError(e.repeats)
	require.Equal(t, 3, fits)
	require.Positive(t, se)
	mean, _ := meanAndError([]float64{e.repeats[0], e.repeats[1], e.repeats[3]})
	require.InDelta(t, mean, e.test.logProb.Estimate().Value, 1e-12)
	var said []string
	for _, w := range e.warnings {
		said = append(said, w.Text)
	}
	require.Contains(t, strings.Join(said, "\n"), "repetition 3 of 4 failed and is left out: it rained")
}
