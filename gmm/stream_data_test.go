package gmm

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// weighedPieces are pieces with weights.
type weighedPieces struct {
	pieces
	weights []float64
}

func (p *weighedPieces) NextWeighted(dst *mat.Dense, weights []float64) (int, error) {
	at := p.at
	n, err := p.Next(dst)
	copy(weights, p.weights[at:at+n])
	return n, err
}

// streamOf returns rows a few at a time, with weights if there are any.
func streamOf(x *mat.Dense, weights []float64, size int) Rows {
	if weights == nil {
		return &pieces{x: x, size: size}
	}
	return &weighedPieces{pieces{x: x, size: size}, weights}
}

// The fit to a stream is that to the rows in memory with weights, of which some are 0
// on rows that hold nothing of use, with missing values, and under a prior.
func TestStreamOfWhatComesEqualsMemory(t *testing.T) {
	const n, d, k = 5000, 3, 2
	x := blobs(n, k, d, 4)
	sample, _ := fit(t, mat.DenseCopyOf(density.Rows(x, 0, 300)), Settings{Components: k}, 1)
	gaps := punched(x, 0.2, 1)
	for i := 4200; i < n; i++ { // a chunk in which some rows are whole
		gaps.SetRow(i, x.RawRowView(i))
	}
	random := rand.New(rand.NewPCG(1, 1))
	weights := make([]float64, n)
	for i := range weights {
		if weights[i] = 2 * random.Float64(); i%7 == 0 {
			weights[i] = 0
		}
	}
	absent := func(x *mat.Dense) *mat.Dense {
		x = mat.DenseCopyOf(x)
		x.SetRow(0, []float64{math.NaN(), math.NaN(), math.NaN()})
		x.SetRow(7, []float64{1e300, math.Inf(1), 0})
		return x
	}
	covariance := mat.NewSymDense(d, []float64{1, .2, 0, .2, 2, 0, 0, 0, 1})
	families := append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1))
	if testing.Short() {
		families = []Covariance{Full, Tied, Diagonal, VEI, EVE, FactorAnalyzers(1)}
	}
	for name, c := range map[string]struct {
		x       *mat.Dense
		weights []float64
		s       Settings
	}{
		"weights":         {absent(x), weights, Settings{}},
		"gaps":            {gaps, nil, Settings{Missing: true}},
		"nothing missing": {x, nil, Settings{Missing: true}},
		"weights, gaps":   {absent(gaps), weights, Settings{Missing: true}},
		"prior":           {x, nil, Settings{Prior: &Prior{Concentration: 2}}},
		"prior, all":      {absent(gaps), weights, Settings{Missing: true, Prior: &Prior{Shrinkage: 30}}},
		"strong prior":    {x, weights, Settings{Prior: &Prior{Scale: covariance, Shrinkage: 1000, Mean: []float64{9, 0, -9}}}},
	} {
		for _, family := range families {
			s := c.s
			s.Components, s.Covariance, s.Iterations, s.Start, s.Tolerance, s.Plain = k, family, 8, From(sample), 1e-14, true
			memory := s
			memory.Weights = c.weights
			a, ra := fit(t, c.x, memory, 1)
			b, rb, err := FitStream(t.Context(), streamOf(c.x, c.weights, 97), sample, s)
			require.NoError(t, err, "%s, %v", name, family)
			require.Equal(t, len(ra.History), len(rb.History), "%s, %v", name, family)
			for i, v := range ra.History {
				near(t, v, rb.History[i], 1e-9, "%s, %v, %d", name, family, i)
			}
			allowed := 1e-9
			if family == EVE || family == VVE {
				allowed = 1e-7 // common axes are found to the root of what they are worth
			}
			logs := a.LogProb(nil, x)
			for i, v := range b.LogProb(nil, x) {
				near(t, logs[i], v, allowed*(1+math.Abs(v)), "%s, %v, row %d", name, family, i)
			}
		}
	}
}

// Wide factor analysers form no scatters in memory and do in a stream.
func TestStreamOfWideRowsWithGaps(t *testing.T) {
	if testing.Short() {
		t.Skip("130 columns")
	}
	x := punched(blobs(600, 2, mostExact+2, 1), 0.1, 1)
	start, _ := fit(t, x, Settings{Components: 2, Missing: true, Covariance: Diagonal, Starts: 1}, 1)
	s := Settings{Components: 2, Missing: true, Covariance: FactorAnalyzers(2), Iterations: 4, Start: From(start), Plain: true}
	_, ra := fit(t, x, s, 1)
	_, rb, err := FitStream(t.Context(), streamOf(x, nil, 100), start, s)
	require.NoError(t, err)
	for i, v := range ra.History {
		near(t, v, rb.History[i], 1e-9*math.Abs(v))
	}
}

func TestStreamRefusesWhatItCannotUse(t *testing.T) {
	x := blobs(5000, 2, 2, 4)
	start := randomModel(2, 2, 1)
	ones := make([]float64, 5000)
	fill(ones, 1)
	refused := func(want error, text string, rows Rows, s Settings) {
		t.Helper()
		_, _, err := FitStream(t.Context(), rows, start, s)
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, text)
	}
	refused(ErrSettings, "NextWeighted", streamOf(x, nil, 100), Settings{Weights: ones})
	refused(ErrSettings, "Labels", streamOf(x, nil, 100), Settings{Labels: make([]int, 5000)})
	for _, w := range []float64{-1, math.NaN(), math.Inf(1)} {
		bad := append([]float64{}, ones...)
		bad[4500] = w
		refused(ErrSettings, fmt.Sprintf("row 4501 is %v", w), streamOf(x, bad, 100), Settings{})
	}
	refused(ErrSettings, "all 0", streamOf(x, make([]float64, 5000), 100), Settings{})
	huge := append([]float64{}, ones...)
	huge[1], huge[2] = math.MaxFloat64, math.MaxFloat64
	refused(ErrSettings, "infinity", streamOf(x, huge, 100), Settings{})
	gaps := mat.DenseCopyOf(x)
	gaps.Set(4500, 1, math.NaN())
	ones[3] = 0 // rows keep their numbers
	refused(density.ErrNonFinite, "row 4501, column 2", streamOf(gaps, ones, 100), Settings{})
	gaps.Set(4500, 0, math.NaN())
	gaps.Set(4500, 0, math.Inf(-1))
	refused(density.ErrNonFinite, "row 4501, column 1", streamOf(gaps, nil, 100), Settings{Missing: true})
	for i := range 5000 {
		gaps.SetRow(i, []float64{1, math.NaN()})
	}
	refused(density.ErrNonFinite, "column 2 has no values", streamOf(gaps, nil, 100), Settings{Missing: true})
	refused(ErrTooFewRows, "no rows", none{}, Settings{})
	refused(ErrSettings, "concentration", streamOf(x, nil, 100), Settings{Prior: &Prior{Concentration: 0.5}})
}

type none struct{}

func (none) Dim() int                     { return 2 }
func (none) Rewind() error                { return nil }
func (none) Next(*mat.Dense) (int, error) { return 0, io.EOF }
