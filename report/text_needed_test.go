package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/results"
)

// Few rows need more than two standard errors, fewer than six decide nothing, and what the
// report says of chance is what Student's t says: of five degrees |t| is above 2.5706 in 5 %,
// from tables.
func TestFewRowsAreSaid(t *testing.T) {
	pair := results.Pair{A: "a", B: "b", Diff: 2, SE: given(0), Rows: 2}
	require.Equal(t, "two standard errors", neededText(pair))
	r := &results.Results{Dataset: results.Dataset{RowsTest: 2}, Pairs: []results.Pair{pair},
		Models: []*results.Model{{Name: "a", Test: exact(-1, 0.1, 2)}, {Name: "b", Test: exact(-3, 0.1, 2)}}}
	require.Equal(t, "winner: none; 2 rows are too few to tell: it takes 6", winner(r))
	require.Contains(t, strings.Join(newHeadline(r).Detail, " "), "2 rows are too few")
	var b strings.Builder
	writePairs(&b, r, r.Pairs)
	require.Contains(t, b.String(), "2 rows are too few to tell: it takes 6\n")

	pair.Rows, pair.Groups = 100, 3
	require.True(t, tooFew(&pair))
	require.Equal(t, "3 groups of rows are too few to tell: it takes 6", tooFewText(&pair))
	pair.Rows, pair.Groups, pair.Needed, pair.Freedom = 6, 0, given(2.6487), given(5)
	require.False(t, tooFew(&pair))
	require.Equal(t, "2.6 standard errors", neededText(results.Pair{}, pair))
	require.InEpsilon(t, 0.05, chance(&pair, 2.570582), 1e-4)
	pair.Freedom = nil
	require.InEpsilon(t, 0.05, chance(&pair, 1.959964), 1e-4)
}
