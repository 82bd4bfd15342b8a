package report

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/results"
)

// contest returns the results of a against b and c, of which b comes second: b is diff ± se
// below a, and better and soFar are how that pair was judged; c is far below both.
func contest(diff, se float64, better, soFar string) *results.Results {
	far := func(a string) results.Pair {
		p := results.Pair{A: a, B: "c", Rows: 100, Diff: 9, SE: given(0.5)}
		if p.Better = a; soFar != "" && a == soFar {
			p.Better, p.SoFar = "", a
		}
		return p
	}
	return &results.Results{
		Dataset: results.Dataset{Name: "contest", RowsTest: 100},
		Models:  []*results.Model{{Name: "a", Test: exact(-1, 0.1, 100)}, {Name: "b", Test: exact(-1-diff, 0.1, 100)}, {Name: "c", Test: exact(-100, 0.1, 100)}},
		Pairs: []results.Pair{
			{A: "a", B: "b", Rows: 100, Diff: diff, SE: given(se), Better: better, SoFar: soFar}, far("a"), far("b"),
		},
	}
}

// The headline says what the pairs say: a win, a lead that is no win yet, or nothing; and
// it never calls a lead of many standard errors less than two.
func TestHeadline(t *testing.T) {
	won := newHeadline(contest(1.5, 0.25, "a", ""))
	require.Equal(t, "a is the better model, by 1.50 ± 0.25 nats per row.", won.Verdict)
	require.Contains(t, strings.Join(won.Detail, " "), "6.0 standard errors")
	require.Contains(t, strings.Join(won.Detail, " "), "4.48 times the probability")

	r := contest(14.63, 0.87, "", "a")
	r.Models[1].Search = &results.Search{Improving: "the budget ended first"}
	soFar := newHeadline(r)
	text := strings.Join(soFar.Detail, " ")
	require.Equal(t, "a is ahead so far, by 14.63 ± 0.87 nats per row.", soFar.Verdict)
	require.Contains(t, text, "no win yet")
	require.Contains(t, text, "b: the budget ended first.")
	require.NotContains(t, text, "less than two")
	require.NotContains(t, text, "would be needed")

	open := newHeadline(contest(0.1, 0.2, "", ""))
	require.Equal(t, "Nobody can tell which model is best.", open.Verdict)
	require.Contains(t, strings.Join(open.Detail, " "), "less than two standard errors")
	require.Contains(t, strings.Join(open.Detail, " "), "about 1600 held-out rows", "100·(2·0.2/0.1)²")

	nothing := newHeadline(contest(0.0001, 0.2, "", "")) // 1.6 billion rows are no advice
	require.NotContains(t, strings.Join(nothing.Detail, " "), "would be needed")

	r = contest(1.5, 0.25, "a", "")
	r.Models[0].Scale = &results.Scale{Dependent: true}
	require.Equal(t, "b is the better model, by 9.00 ± 0.50 nats per row.", newHeadline(r).Verdict, "a has no number that means something")
}

// Marks stand in the table of the page as in the text.
func TestPageMarksNumbers(t *testing.T) {
	r := contest(1.5, 0.25, "", "a")
	r.Models[1].Search = &results.Search{Improving: "the budget ended first"}
	r.Models[2].Scale = &results.Scale{Dependent: true, Advice: "spread the levels"}
	rows := tableRows(r)
	require.NotContains(t, rows[0].Cells[0].Text, improvingSign)
	require.Contains(t, rows[1].Cells[0].Text, improvingSign)
	require.Contains(t, rows[1].Cells[0].Tip, "the budget ended first")
	require.Contains(t, rows[2].Cells[0].Text, scaleSign)
}

func TestRoughly(t *testing.T) {
	for v, want := range map[float64]string{6: "6", 99: "99", 203718: "210000", 1600: "1600", 101: "110", math.Nextafter(1600, 1601): "1700"} {
		require.Equal(t, want, roughly(v))
	}
}

func TestPartsText(t *testing.T) {
	require.Equal(t, "3 rows to train, 0 to validate, 2 to test", partsText(&results.Dataset{RowsTrain: 3, RowsTest: 2}))
	require.Contains(t, partsText(&results.Dataset{RowsTrain: 3, RowsTest: 3, Folds: 3}), "3 rows, each held out once, in 3 parts")
}

// What an integral may be off by is printed where the printed places would show it.
func TestErrorsOfIntegrals(t *testing.T) {
	e := density.Estimate{Value: -4.2154, DataErr: 0.0591, SampleErr: 2e-8, Kind: density.Quadrature, Rows: 272}
	require.Equal(t, "−4.215 ± 0.059", nats(e))
	e.SampleErr = 0.002
	require.Equal(t, "−4.215 ± 0.059 ± 0.002", nats(e))
	e.SampleErr, e.Kind = 2e-8, density.Consistent
	require.Equal(t, "−4.215 ± 0.059 ± 2e-08", nats(e))
}
