package gmm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/density"
	"likely/internal/em"
)

// A fit to many rows makes its starts on a sample and ends at the optimum of all rows
// from the truth, within what it is allowed to be short of; the same bits on any number
// of cores, and rows of weight 0 as if they were not there.
func TestStartsOnASample(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	truth := randomModel(4, 3, 3)
	const n = 30000
	x := mat.NewDense(n, 3, nil)
	truth.Rand(x, density.NewSource(1, "many"))
	s := Settings{Components: 4}
	m, r := fit(t, x, s, 1)
	require.Equal(t, sampledRows, r.SampleRows)
	require.True(t, r.Converged)
	require.GreaterOrEqual(t, r.Found, 1)
	best, all := fit(t, x, Settings{Components: 4, Start: From(truth), Tolerance: 1e-10, SplitMerge: -1}, 1)
	require.Zero(t, all.SampleRows)
	parameters := float64(m.NumParameters())
	gap := (total(best, x) - total(m, x)) / n
	require.Less(t, math.Abs(gap), 2*chance*parameters/(2*n))
	// More digits for the asking.
	s.Tolerance = 1e-10
	exact, _ := fit(t, x, s, 1)
	near(t, total(best, x), total(exact, x), 1e-4)

	before := runtime.GOMAXPROCS(1)
	again, _ := fit(t, x, Settings{Components: 4}, 1)
	runtime.GOMAXPROCS(before)
	require.Equal(t, m.Tensors(), again.Tensors())

	more := mat.NewDense(n+50, 3, nil)
	more.Slice(0, n, 0, 3).(*mat.Dense).Copy(x)
	weights := make([]float64, n+50)
	fill(weights[:n], 1)
	for i := n; i < n+50; i++ {
		more.SetRow(i, []float64{math.NaN(), 1e300, 0})
	}
	w, _ := fit(t, more, Settings{Components: 4, Weights: weights}, 1)
	near(t, total(m, x), total(w, x), 1e-6*n)
}

// Samples are those of the rows, in order, with their weights, each row as likely as
// any other: 4000 samples of 3 of 12 rows, 5 standard deviations, false alarms of 7e-6.
func TestSampledRows(t *testing.T) {
	rows := &scaledRows{n: 12, d: 1, columns: columnScale{floor: 1}}
	for i := range 12 {
		rows.x, rows.weight = append(rows.x, float64(i)), append(rows.weight, float64(i+1))
	}
	counts := make([]float64, 12)
	src := rand.NewPCG(1, 4)
	for range 4000 {
		s := rows.sampled(3, src)
		var weight float64
		for i, v := range s.x {
			require.True(t, i == 0 || v > s.x[i-1])
			require.Equal(t, v+1, s.weight[i])
			weight += s.weight[i]
			counts[int(v)]++
		}
		require.Equal(t, weight, s.total)
	}
	for _, c := range counts {
		near(t, 1000, c, 5*math.Sqrt(4000*0.25*0.75))
	}
}

// Which fits use a sample: those of rows that are many beside what components need.
func TestSampleSize(t *testing.T) {
	many := &scaledRows{n: 60000, d: 50}
	require.Equal(t, 10200, Settings{Components: 20}.sampleSize(many))
	require.Equal(t, sampledRows, Settings{Components: 5}.sampleSize(many))
	require.Zero(t, Settings{Components: 5, Starts: 1}.sampleSize(many))
	require.Zero(t, Settings{Components: 80}.sampleSize(many))
	require.Zero(t, Settings{Components: 5}.sampleSize(&scaledRows{n: manyRows, d: 50}))
	require.Zero(t, Settings{Components: 5}.sampleSize(&scaledRows{n: 60000, d: 50, patterns: []pattern{{}}}))
	require.Zero(t, Settings{Components: 5}.sampleSize(&scaledRows{n: 60000, d: 50, label: []int{0}}))
}

// The sample says which optima it cannot tell apart: those whose paired difference is
// within two standard errors, at most three and each once.
func TestUndecidedOptima(t *testing.T) {
	a, b := []float64{1, 2, 4, 4}, []float64{0, 2, 1, 5}
	mean, err := pairedDifference(a, b, nil)
	difference := []float64{1, 0, 3, -1}
	require.Equal(t, stat.Mean(difference, nil), mean)
	near(t, stat.StdDev(difference, nil)/2, err, 1e-15)

	x := blobs(600, 3, 2, 8)
	s, errs := Settings{Components: 3}.resolve()
	require.NoError(t, errs)
	rows, errs := scaleRows(x, s)
	require.NoError(t, errs)
	best := oneStart(t, rows, s, 1)
	moved := func(by float64) *EM { // away from the optimum, by so much of a standard deviation
		e := *best
		e.moments.mean = append([]float64{}, best.moments.mean...)
		for i := range e.moments.mean {
			e.moments.mean[i] += by
		}
		var sum float64
		for _, v := range e.logProbs() {
			sum += v
		}
		e.path.Values = []float64{sum / 600}
		return &e
	}
	outcome := func(runs ...*EM) *em.Outcome[run] {
		o := &em.Outcome[run]{Errs: make([]error, len(runs))}
		for _, e := range runs {
			o.Runs = append(o.Runs, run{e})
		}
		return o
	}
	near, nearer, far, same := moved(0.012), moved(0.009), moved(0.6), moved(0)
	carried := undecided(outcome(best, near, far, same, nearer, moved(0.011)), s.plan(rows))
	require.Len(t, carried, carriedMost)
	require.Same(t, best, carried[0].run)
	require.Same(t, nearer, carried[1].run)
	require.Equal(t, []int{0, 4, 5}, []int{carried[0].start, carried[1].start, carried[2].start})
	require.Len(t, undecided(outcome(best, far, same), s.plan(rows)), 1)
}
