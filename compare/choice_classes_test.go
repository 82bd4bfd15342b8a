package compare

import (
	"testing"

	"github.com/stretchr/testify/require"

	"likely/search"
)

// A budget that does not reach the usual number of classes makes fewer starts, then fewer
// rungs.
func TestRungsOfClasses(t *testing.T) {
	c := open("answers", "lcm")
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	j := &Job{Settings: c}
	problem := func(work float64) *classProblem {
		p := j.chooser(t.Context(), d, "lcm", "lcm")
		p.meter = search.NewMeter(work)
		return newClassProblem(p)
	}
	// By hand: 156 classes on the rungs up to 48, 63 on every other, of which each takes 6
	// operations a cell and 40 a row, 100 times a start.
	rows := 0.0
	for _, one := range problem(1).divisions {
		rows += float64(one.train.Rows())
	}
	each := rows * (6*12 + 40) * 100 / choiceShare
	for _, one := range []struct {
		work          float64
		starts, rungs int
	}{
		{each * 156 * 3.01, 3, 14}, {each * 156 * 2.99, 1, 14}, {each * 156 * 1.01, 1, 14},
		{each * 156 * 0.99, 1, 8}, {each, 1, 8},
	} {
		p := problem(one.work)
		require.Equal(t, one.starts, p.starts, "%v", one.work)
		require.Len(t, p.rungs, one.rungs, "%v", one.work)
	}
}

// The last fit keeps to the budget: where it has no room for a cold start, the fit goes on
// from what was chosen.
func TestClassesKeepToTheBudget(t *testing.T) {
	c := open("answers", "lcm")
	c.Folds, c.Valid = 0, 0.2
	for _, work := range []float64{3e8, 4e9} {
		c.Budget = Budget{Work: work}
		o, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		s := o.Results.Models[0].Search
		require.Less(t, s.Spent, 1.3*work)
		require.GreaterOrEqual(t, *o.Results.Models[0].Test.Nats, -7.9) // three classes, with which they were made
	}
}
