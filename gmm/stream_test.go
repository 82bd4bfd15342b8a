package gmm

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// pieces hands out the rows of a matrix a few at a time.
type pieces struct {
	x    *mat.Dense
	size int
	at   int
}

func (p *pieces) Dim() int {
	_, d := p.x.Dims()
	return d
}

func (p *pieces) Rewind() error {
	p.at = 0
	return nil
}

func (p *pieces) Next(dst *mat.Dense) (int, error) {
	n, _ := p.x.Dims()
	room, _ := dst.Dims()
	count := min(room, p.size, n-p.at)
	if count == 0 {
		return 0, io.EOF
	}
	for i := range count {
		dst.SetRow(i, p.x.RawRowView(p.at+i))
	}
	p.at += count
	return count, nil
}

// The fit to a stream is that to the rows in memory, from the same start.
func TestStreamEqualsMemory(t *testing.T) {
	x := blobs(9000, 3, 3, 4)
	sample, _ := fit(t, mat.DenseCopyOf(density.Rows(x, 0, 300)), Settings{Components: 3}, 1)
	for _, family := range append(Covariances(), FactorAnalyzers(1), FactorAnalyzers(2), ProbabilisticPCA(1)) {
		s := Settings{Components: 3, Covariance: family, Iterations: 15, Start: From(sample), Tolerance: 1e-14, Plain: true}
		a, ra := fit(t, x, s, 1)
		var last *Model
		for _, size := range []int{97, 5000} {
			b, rb, err := FitStream(context.Background(), &pieces{x: x, size: size}, sample, s)
			require.NoError(t, err)
			require.Equal(t, len(ra.History), len(rb.History), family)
			for i, v := range ra.History {
				near(t, v, rb.History[i], 1e-9, "%v %d", family, i)
			}
			near(t, total(a, x)/9000, total(b, x)/9000, 1e-9, family)
			allowed := 1e-9
			if family == EVE || family == VVE {
				allowed = 1e-7 // common axes are found to the root of what they are worth
			}
			logs := a.LogProb(nil, x)
			for i, v := range b.LogProb(nil, x) {
				near(t, logs[i], v, allowed*(1+math.Abs(v)), "%v, row %d", family, i)
			}
			if last != nil {
				require.Equal(t, last.Tensors(), b.Tensors(), "however rows arrive")
			}
			last = b
		}
	}
}

func TestStreamAtTheDoor(t *testing.T) {
	x := blobs(5000, 2, 2, 4)
	start := randomModel(2, 2, 1)
	_, _, err := FitStream(context.Background(), &pieces{x: x, size: 100}, randomModel(2, 3, 1), Settings{})
	require.ErrorIs(t, err, ErrSettings)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = FitStream(ctx, &pieces{x: x, size: 100}, start, Settings{})
	require.ErrorIs(t, err, context.Canceled)
	x.Set(4500, 1, math.NaN())
	_, _, err = FitStream(context.Background(), &pieces{x: x, size: 100}, start, Settings{})
	require.ErrorIs(t, err, density.ErrNonFinite)
	require.ErrorContains(t, err, "row 4501, column 2 is NaN")
	broken := errors.New("disk on fire")
	_, _, err = FitStream(context.Background(), failing{broken}, start, Settings{})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (failing) Dim() int                       { return 2 }
func (f failing) Rewind() error                { return nil }
func (f failing) Next(*mat.Dense) (int, error) { return 0, f.err }

// One pass of mini-batches over well-separated data comes near the maximum: within
// 0.01 nat a row of what EM reaches, and nearer than its start by far.
func TestOnline(t *testing.T) {
	x := blobs(20000, 3, 3, 8)
	best, _ := fit(t, x, Settings{Components: 3, Starts: 3}, 1)
	start, _ := fit(t, mat.DenseCopyOf(density.Rows(x, 0, 100)), Settings{Components: 3}, 1)
	o, err := NewOnline(start, Settings{})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 1))
	order := random.Perm(200)
	for range 2 {
		for _, b := range order {
			require.NoError(t, o.Update(mat.DenseCopyOf(density.Rows(x, b*100, (b+1)*100))))
		}
	}
	m := o.Model()
	gap := (total(best, x) - total(m, x)) / 20000
	require.Less(t, gap, 0.01)
	require.Less(t, gap, 0.25*(total(best, x)-total(start, x))/20000)
	require.Equal(t, 400, o.Batches())
	x.Set(3, 1, math.Inf(1))
	require.ErrorIs(t, o.Update(density.Rows(x, 0, 10)), density.ErrNonFinite)
}

// The start counts as what was seen before: batches of a few rows, some without any
// of a component, do not throw a good mixture away.
func TestOnlineKeepsItsStart(t *testing.T) {
	x := blobs(20000, 10, 5, 4)
	best, _ := fit(t, x, Settings{Components: 5, Starts: 3}, 1)
	// 285 parameters cost more where batches are small.
	for size, lost := range map[int]float64{5: 3, 20: 1, 200: 0.2} {
		o, err := NewOnline(best, Settings{})
		require.NoError(t, err)
		for b := range 100 {
			require.NoError(t, o.Update(mat.DenseCopyOf(density.Rows(x, b*size, (b+1)*size))))
			if b == 0 {
				require.Greater(t, total(o.Model(), x)/20000, total(best, x)/20000-20*lost, "batch of %d", size)
			}
		}
		require.Greater(t, total(o.Model(), x)/20000, total(best, x)/20000-lost, "batches of %d", size)
	}
}

// With a step of 1 an update is one iteration of EM.
func TestOnlineStepOfOne(t *testing.T) {
	x := blobs(500, 2, 2, 3)
	start := randomModel(2, 2, 3)
	want, _ := fit(t, x, Settings{Components: 2, Start: From(start), Iterations: 1}, 1)
	first, _, err := Fit(context.Background(), x, Settings{Components: 2, Start: From(start), Iterations: 1}, rand.NewPCG(1, 1))
	require.NoError(t, err)
	require.Equal(t, want.Tensors(), first.Tensors())
	o, err := NewOnline(start, Settings{})
	require.NoError(t, err)
	o.Rate = func(int) float64 { return 1 }
	require.NoError(t, o.Update(x))
	require.NoError(t, o.Update(x))
	near(t, total(want, x), total(o.Model(), x), 1e-7)
}

// A component without rows keeps what the start says of it, as in memory; and rows far
// from all components of the start belong to the nearest. With gaps too, and a prior
// places a component without rows.
func TestStreamFromAwkwardStarts(t *testing.T) {
	x := blobs(500, 2, 2, 4)
	empty, err := NewDiagonal([]float64{.5, .5, 0}, mat.NewDense(3, 2, []float64{0, 0, 1, 1, 2, 2}), mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1}))
	require.NoError(t, err)
	far, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 2, []float64{1e6, 0, -1e6, 0}), mat.NewDense(2, 2, []float64{1e-6, 1, 1e-6, 1}))
	require.NoError(t, err)
	farther, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 2, []float64{1e200, 0, -1e200, 0}), mat.NewDense(2, 2, []float64{1, 1, 1, 1}))
	require.NoError(t, err)
	narrow, err := NewDiagonal([]float64{.5, .5}, mat.NewDense(2, 2, []float64{1e4, 0, -1e4, 0}), mat.NewDense(2, 2, []float64{1e-302, 1, 1e-302, 1}))
	require.NoError(t, err)
	for name, start := range map[string]*Model{"empty": empty, "far": far, "farther": farther, "narrow": narrow} {
		for _, c := range []struct {
			x     *mat.Dense
			prior *Prior
		}{{x, nil}, {punched(x, 0.2, 1), nil}, {x, &Prior{}}} {
			s := Settings{Components: start.k, Covariance: Diagonal, Start: From(start), Iterations: 5, Plain: true, Missing: true, Prior: c.prior}
			b, rb, err := FitStream(t.Context(), &pieces{x: c.x, size: 100}, start, s)
			if start == farther && c.x != x { // gaps are first filled from 1e200
				require.ErrorIs(t, err, ErrCollapsed)
				continue
			}
			require.NoError(t, err, name)
			a, ra := fit(t, c.x, s, 1)
			require.Equal(t, ra.Iterations, rb.Iterations, name)
			near(t, total(a, x), total(b, x), 1e-7, name)
			for k := range start.k {
				require.InDeltaSlice(t, a.mean(k), b.mean(k), 1e-7, name)
			}
		}
	}
}
