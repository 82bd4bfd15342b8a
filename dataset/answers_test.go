package dataset

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// answersFile is the data set as it is drawn.
func answersFile() string {
	truth := answersTruth()
	x, labels := mat.NewDense(answersRows, truth.Dim(), nil), make([]int, answersRows)
	truth.draw(x, labels, density.NewSource(1, "dataset.answers"))
	var text strings.Builder
	for j := range truth.Dim() {
		fmt.Fprintf(&text, "q%d,", j+1)
	}
	text.WriteString("kind\n")
	for i, label := range labels {
		for _, v := range x.RawRowView(i) {
			fmt.Fprintf(&text, "%v,", v)
		}
		fmt.Fprintf(&text, "%d\n", label)
	}
	return text.String()
}

// The embedded file is what the density gives; LIKELY_REGENERATE=1 writes it.
func TestAnswersAreDrawn(t *testing.T) {
	const name = "data/answers.csv"
	if os.Getenv("LIKELY_REGENERATE") != "" {
		require.NoError(t, os.WriteFile(name, []byte(answersFile()), 0o644))
	}
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, answersFile(), string(raw))
}

// The density sums to 1 over all answers, and the data are a sample of it: the
// share of each answer lies within 4.5 standard errors of its probability (by
// chance it would not in 1 of 12,000 such data sets).
func TestAnswersTruth(t *testing.T) {
	d, _ := mustOpen(t, "answers", Options{})
	truth := d.Truth
	all := mat.NewDense(1<<12, 12, nil)
	for i := range 1 << 12 {
		for j := range 12 {
			all.Set(i, j, float64(i>>j&1))
		}
	}
	var total, second float64
	share := make([]float64, 12)
	for i, l := range truth.LogProb(nil, all) {
		total += math.Exp(l)
		second -= math.Exp(l) * l
		for j := range share {
			share[j] += math.Exp(l) * all.At(i, j)
		}
	}
	require.InDelta(t, 1, total, 1e-12)
	mean, variance := density.Moments(d.X)
	for j, p := range share {
		require.InDelta(t, p, mean[j], 4.5*math.Sqrt(variance[j]/answersRows), "question %d", j+1)
	}
	// The mean log p of the rows is minus the entropy, within its error.
	lp, lv := density.Moments(mat.NewDense(answersRows, 1, truth.LogProb(nil, d.X)))
	require.InDelta(t, -second, lp[0], 4.5*math.Sqrt(lv[0]/answersRows))
	require.True(t, math.IsInf(truth.LogProb(nil, mat.NewDense(1, 12, append(make([]float64, 11), 2)))[0], -1))
	for _, kind := range Describe(d) {
		require.Equal(t, Binary, kind.Type)
	}
}

// The published table has 344 birds, 152 Adelie, 68 Chinstrap and 124 Gentoo,
// on Biscoe (168), Dream (124) and Torgersen (52); two lack all four sizes and
// eleven the sex; the rest are 165 females and 168 males. Means of the sizes are
// 43.92193, 17.15117, 200.91520 and 4201.754 (summary of the R package).
func TestPenguins(t *testing.T) {
	d, _ := mustOpen(t, "penguins", Options{})
	require.Equal(t, []string{"Adelie", "Chinstrap", "Gentoo"}, d.LabelNames)
	counts := make([]int, 3)
	for _, k := range d.Labels {
		counts[k]++
	}
	require.Equal(t, []int{152, 68, 124}, counts)
	about := Describe(d)
	require.Equal(t, []string{"Biscoe", "Dream", "Torgersen"}, about[0].Levels)
	require.Equal(t, []int{168, 124, 52}, about[0].Histogram)
	require.Equal(t, []int{165, 168}, about[5].Histogram)
	require.Equal(t, 11, about[5].Missing)
	require.Equal(t, []ColumnType{Categorical, Rounded, Rounded, Rounded, Rounded, Categorical}, d.Types)
	for j, want := range []float64{43.92193, 17.15117, 200.91520, 4201.754} {
		var sum, n float64
		for i := range d.Rows() {
			if v := d.X.At(i, j+1); !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		require.Equal(t, 342.0, n)
		require.InEpsilon(t, want, sum/n, 2e-7)
	}
	require.Equal(t, []float64{0.1, 0.1, 1, 25}, []float64{about[1].Step, about[2].Step, about[3].Step, about[4].Step})
	some, _ := mustOpen(t, "penguins", Options{Columns: []string{"*_mm"}})
	require.Equal(t, 3, some.Dim())
}
