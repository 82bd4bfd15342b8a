package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/results"
)

// The learning curve is in the text, in the page and in the picture, with who is ahead from
// how many rows on.
func TestLearningIsShown(t *testing.T) {
	r := contest(1.5, 0.25, "a", "")
	point := func(rows int, nats float64) results.LearningPoint {
		return results.LearningPoint{RowsFitted: rows, Nats: given(nats), SE: given(0.05)}
	}
	r.Models[0].Learning = []results.LearningPoint{point(50, -4), point(100, -3), point(200, -1)}
	r.Models[1].Learning = []results.LearningPoint{point(50, -3), point(200, -2.5)}
	r.Models[1].Learning[1].Improving = "more"
	r.LearningPairs = []results.LearningPair{{A: "a", B: "b", RowsFitted: 50, Better: "b"}, {A: "a", B: "b", RowsFitted: 100}, {A: "a", B: "b", RowsFitted: 150}, {A: "a", B: "b", RowsFitted: 200, SoFar: "a"}}
	var b strings.Builder
	writeLearning(&b, r)
	require.Equal(t, `
learning curve: log p of the same held-out rows, by the number of rows that were fitted to and chosen by
  rows  a               b
  50    −4.000 ± 0.050  −3.000 ± 0.050
  100   −3.000 ± 0.050  –
  200   −1.000 ± 0.050  −2.500 ± 0.050 ↗
  a − b: b is better from 50 rows, undecided from 100 rows, a is better so far from 200 rows
`, b.String())
	var page bytes.Buffer
	require.NoError(t, HTML(&page, &Run{Results: r}))
	require.Contains(t, page.String(), "What more rows would do")
	require.Contains(t, page.String(), "b is better from 50 rows")
	curves := learningCurves(r)
	require.Len(t, curves, 2)
	require.Equal(t, []float64{50, 200}, curves[1].X)
	require.Equal(t, []float64{0.05, 0.05}, curves[1].StdErr)
}
