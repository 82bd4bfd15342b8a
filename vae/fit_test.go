package vae

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// small settings for tests that need a fit but not a good one.
func small() Settings {
	return Settings{Hidden: []int{12}, Epochs: 6, Batch: 32}
}

// bound returns the mean bound of the rows of x with draws codes a row.
func bound(m *Model, x *mat.Dense, draws int, seed uint64) float64 {
	n, _ := x.Dims()
	q := m.Encoder()
	z := mat.NewDense(n*draws, m.LatentDim(), nil)
	q.Rand(z, x, source(seed))
	return sum(m.LogLik(nil, x, z))/float64(n*draws) - sum(q.KLPrior(nil, x))/float64(n)
}

// two returns disjoint halves of the rows of x in random order.
func halves(x *mat.Dense) (train, valid *mat.Dense) {
	n, d := x.Dims()
	y := mat.NewDense(n, d, nil)
	for i, p := range rand.New(source(5)).Perm(n) {
		y.SetRow(i, x.RawRowView(p))
	}
	return density.Rows(y, 0, n/2), density.Rows(y, n/2, n)
}

func TestDefaultsOnFaithful(t *testing.T) {
	if testing.Short() {
		t.Skip("a fit with the default settings")
	}
	train, valid := halves(readTable(t, "faithful.csv"))
	var calls int
	m, report, err := Fit(context.Background(), train, valid, Settings{Progress: func(epoch int, _, v float64) {
		calls++
		require.Equal(t, calls, epoch)
		require.False(t, math.IsNaN(v))
	}}, source(1))
	require.NoError(t, err)
	require.Len(t, report.History, calls)
	n, _ := valid.Dims()
	got := bound(m, valid, 200, 2)
	t.Logf("validation bound %.4f after %d steps, best epoch %d of %d, warnings %q", got, report.Steps, report.BestEpoch, calls, report.Warnings)
	// A single Gaussian fitted to all rows reaches −1289.80/272 = −4.742 and
	// the mixture of two −4.155.
	require.Greater(t, got, -4.5)
	require.Less(t, got, -4.1)
	// The weights returned are those of the best epoch.
	best := math.Inf(-1)
	for _, line := range report.History {
		best = max(best, line.Valid)
		near(t, line.Train, -line.Rate-line.Distortion, 1e-9)
	}
	require.Equal(t, best, report.History[report.BestEpoch-1].Valid)
	near(t, best, got, 0.05)
	require.Positive(t, n)
}

// The same seed gives the same bits for any number of processors; another seed
// gives another model.
func TestFitIsReproducible(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	train, valid := halves(readTable(t, "faithful.csv"))
	s := Settings{Hidden: []int{90, 70}, Epochs: 3, Batch: 60, Samples: 2}
	fit := func(procs int, seed uint64) (*Model, *Report) {
		runtime.GOMAXPROCS(procs)
		m, report, err := Fit(context.Background(), train, valid, s, source(seed))
		require.NoError(t, err)
		return m, report
	}
	m, report := fit(1, 1)
	for _, procs := range []int{2, 5} {
		other, again := fit(procs, 1)
		require.Equal(t, m.Tensors(), other.Tensors())
		require.Equal(t, report, again)
	}
	other, _ := fit(1, 2)
	require.NotEqual(t, m.Tensors(), other.Tensors())
}

// Scaling by a power of two and its inverse leave every bit of training
// alone, and the bound shifts by −D ln a: there is no absolute constant.
func TestScalingShiftsTheBound(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	for _, sigma := range []Sigma{Network, PerDim, Shared} {
		s := small()
		s.Sigma = sigma
		m, report, err := Fit(context.Background(), train, valid, s, source(1))
		require.NoError(t, err)
		for _, a := range []float64{1024, 1.0 / 4096, 255} {
			big, bigValid := mat.DenseCopyOf(train), mat.DenseCopyOf(valid)
			big.Scale(a, big)
			bigValid.Scale(a, bigValid)
			scaled, scaledReport, err := Fit(context.Background(), big, bigValid, s, source(1))
			require.NoError(t, err)
			for i, line := range report.History {
				relative(t, line.Valid-2*math.Log(a), scaledReport.History[i].Valid, 1e-3)
			}
			relative(t, bound(m, valid, 5, 1)-2*math.Log(a), bound(scaled, bigValid, 5, 1), 1e-3)
		}
	}
	// 784 pixels on [0, 255] instead of [0, 1].
	near(t, 4344.3, 784*math.Log(255), 0.1)
}

// Moving one column does not change the bound either.
func TestShiftChangesNothing(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	m, _, err := Fit(context.Background(), train, valid, small(), source(1))
	require.NoError(t, err)
	move := func(x *mat.Dense) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Apply(func(_, j int, v float64) float64 { return v + float64(j)*4096 }, y)
		return y
	}
	moved, _, err := Fit(context.Background(), move(train), move(valid), small(), source(1))
	require.NoError(t, err)
	relative(t, bound(m, valid, 5, 1), bound(moved, move(valid), 5, 1), 1e-2)
}

func TestFitBernoulli(t *testing.T) {
	// Two patterns with noise: the entropy of a row is ln 2 for the pattern
	// and 8·h(0.1) for the flips, so that no bound can exceed −3.294 by more
	// than the sample's own luck.
	random := rand.New(source(3))
	x := mat.NewDense(600, 8, nil)
	for i := range 600 {
		pattern := random.IntN(2)
		for j := range 8 {
			bit := (j + pattern) % 2
			if random.Float64() < 0.1 {
				bit = 1 - bit
			}
			x.Set(i, j, float64(bit))
		}
	}
	m, report, err := Fit(context.Background(), density.Rows(x, 0, 400), density.Rows(x, 400, 600),
		Settings{Likelihood: Bernoulli, Hidden: []int{16}, Epochs: 150, Latent: 1}, source(1))
	require.NoError(t, err)
	entropy := math.Log(2) - 8*(0.1*math.Log(0.1)+0.9*math.Log(0.9))
	got := bound(m, density.Rows(x, 400, 600), 50, 1)
	t.Logf("bound %.3f, minus the entropy %.3f, %v", got, -entropy, report.Warnings)
	require.Greater(t, got, -entropy-0.35)
	require.Less(t, got, -entropy+0.3)
}

// A column of two values has no density; the floor holds the variance and the
// report says so.
func TestFloorIsReported(t *testing.T) {
	x := normals(80, 2, 5)
	for i := range 80 {
		x.Set(i, 1, float64(i%2))
	}
	for _, sigma := range []Sigma{Network, PerDim} {
		m, report, err := Fit(context.Background(), x, nil, Settings{
			Hidden: []int{20}, Epochs: 1200, Batch: 80, Rate: 0.02, Floor: 1e-2, Sigma: sigma,
		}, source(1))
		require.NoError(t, err)
		require.True(t, report.FloorActive, "%v", sigma)
		require.Contains(t, fmt.Sprint(report.Warnings), "floor")
		mean, logvar, z := mat.NewDense(80, 2, nil), mat.NewDense(80, 2, nil), normals(80, 2, 6)
		m.Decode(mean, logvar, z)
		_, variance := density.Moments(x)
		for i := range 80 {
			for j := range 2 {
				require.GreaterOrEqual(t, logvar.At(i, j), math.Log(1e-2*variance[j])-1e-5)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	good := normals(20, 2, 1)
	with := func(i, j int, v float64) *mat.Dense {
		x := mat.DenseCopyOf(good)
		x.Set(i, j, v)
		return x
	}
	constant := mat.DenseCopyOf(good)
	for i := range 20 {
		constant.Set(i, 1, 3)
	}
	for _, c := range []struct {
		name         string
		train, valid *mat.Dense
		s            Settings
		want         error
		text         string
	}{
		{"nan", with(3, 1, math.NaN()), nil, small(), density.ErrNonFinite, "row 4, column 2"},
		{"inf in validation", good, with(0, 0, math.Inf(1)), small(), density.ErrNonFinite, "validation rows: row 1, column 1"},
		{"one row", density.Rows(good, 0, 1), nil, small(), ErrRows, "two or more"},
		{"width", good, normals(5, 3, 1), small(), ErrRows, "2 columns and validation rows 3"},
		{"constant column", constant, nil, small(), density.ErrConstant, "column 2"},
		{"all the same", mat.NewDense(5, 2, nil), nil, Settings{Sigma: Shared}, density.ErrConstant, "all rows are the same"},
		{"grey", with(1, 0, 0.5), nil, Settings{Likelihood: Bernoulli}, density.ErrSupport, "row 1, column 1"},
	} {
		_, _, err := Fit(context.Background(), c.train, c.valid, c.s, source(1))
		require.ErrorIs(t, err, c.want, c.name)
		require.ErrorContains(t, err, c.text, c.name)
	}
	// A constant column is no obstacle where one σ serves all columns.
	_, _, err := Fit(context.Background(), constant, nil, Settings{Hidden: []int{3}, Epochs: 2, Sigma: Shared}, source(1))
	require.NoError(t, err)
}

func TestDivergenceNamesThePlace(t *testing.T) {
	s := small()
	s.Rate = 1e30
	_, report, err := Fit(context.Background(), normals(200, 3, 1), nil, s, source(1))
	require.ErrorIs(t, err, ErrDiverged)
	require.Regexp(t, `^vae: epoch \d+, step \d+: .*(encoder|decoder|divergence|p\(x\|z\)).* is not finite: training diverged; a smaller Settings.Rate \(now 1e\+30\) would help$`, err.Error())
	require.NotNil(t, report)
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := Settings{Epochs: 1 << 30, Progress: func(epoch int, _, _ float64) {
		if epoch == 2 {
			cancel()
		}
	}}
	done := make(chan error, 1)
	go func() {
		_, _, err := Fit(ctx, normals(300, 5, 1), nil, s, source(1))
		done <- err
	}()
	select {
	case err := <-done:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(time.Minute):
		t.Fatal("Fit did not return")
	}
}

// A linear autoencoder finds the principal subspace (Bourlard & Kamp 1988):
// its error is the sum of the eigenvalues left out.
func TestLinearAutoencoder(t *testing.T) {
	x := readTable(t, "iris.csv")
	var eigen mat.EigenSym
	require.True(t, eigen.Factorize(covariance(x, 150), false))
	values := eigen.Values(nil)
	for l := 1; l <= 3; l++ {
		a, report, err := FitAutoencoder(context.Background(), x, nil, Settings{Latent: l, Hidden: []int{}}, source(1))
		require.NoError(t, err)
		var want float64
		for _, v := range values[:4-l] {
			want += v / 4
		}
		got := sum(a.ReconstructionError(nil, x)) / 150
		require.GreaterOrEqual(t, got, want-1e-6)
		require.Less(t, got, want*1.01)
		last := report.History[len(report.History)-1]
		relative(t, -0.5*4*got, last.Train, 0.05)
		require.Zero(t, last.Rate)

		back, err := AutoencoderFromTensors(a.Config(), a.Tensors())
		require.NoError(t, err)
		require.True(t, mat.Equal(a.Reconstruct(nil, x), back.Reconstruct(nil, x)))
		_, err = FromTensors(a.Config(), a.Tensors())
		require.Error(t, err)
	}
}

func TestAutoencoderStopsOnValidation(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	s := small()
	s.Latent, s.Epochs, s.Rate, s.Schedule = 1, 40, 0.05, Constant
	a, report, err := FitAutoencoder(context.Background(), train, valid, s, source(1))
	require.NoError(t, err)
	got := sum(a.ReconstructionError(nil, valid)) / 136
	relative(t, report.History[report.BestEpoch-1].Valid, -0.5*2*got, 1e-4)
	for _, line := range report.History {
		require.LessOrEqual(t, line.Valid, report.History[report.BestEpoch-1].Valid)
	}
	require.Less(t, report.BestEpoch, len(report.History)) // else this test sees nothing
}

// The encoder of a linear denoising autoencoder with as many codes as columns
// shrinks each principal direction by λ/(λ + noise²), which is the regression
// of clean on corrupted rows; without corruption it is the identity.
func TestDenoisingShrinks(t *testing.T) {
	x := normals(400, 2, 3)
	for i := range 400 {
		x.Set(i, 1, 0.3*x.At(i, 1)) // variances 1 and 0.09; common scale² their mean
	}
	mean, variance := density.Moments(x)
	for _, corruption := range []float64{0, 0.7} {
		a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{
			Hidden: []int{}, Corruption: corruption, Epochs: 2000,
		}, source(1))
		require.NoError(t, err)
		noise := corruption * corruption * (variance[0] + variance[1]) / 2
		at := mat.NewDense(1, 2, []float64{mean[0] + 1, mean[1] + 1})
		got := a.Reconstruct(nil, at)
		for j, v := range variance {
			near(t, v/(v+noise), got.At(0, j)-mean[j], 0.1, "corruption %v", corruption)
		}
	}
}

// The history under weights that hardly move is that of the fixed model: rows
// of a ragged last minibatch count like others, and the units are the data's.
func TestHistoryIsOfTheModel(t *testing.T) {
	x := normals(70, 2, 8)
	x.Scale(10, x)
	for i := range 20 {
		x.Set(69-i, 0, 80) // so that the last rows differ, whatever the order
	}
	m, report, err := Fit(context.Background(), x, nil, Settings{
		Hidden: []int{6}, Batch: 64, Epochs: 4, Rate: 1e-12, Samples: 200, Schedule: Constant,
	}, source(1))
	require.NoError(t, err)
	kl := sum(m.Encoder().KLPrior(nil, x)) / 70
	elbo := bound(m, x, 400, 3)
	for _, line := range report.History {
		relative(t, kl, line.Rate, 1e-5)
		near(t, elbo, line.Train, 0.02)
		relative(t, -line.Rate-line.Distortion, line.Train, 1e-9)
	}
}

// When the bound stalls, both schedules that go on do so from the best weights.
func TestStallGoesBackToTheBestWeights(t *testing.T) {
	for _, schedule := range []Schedule{Descend, Plateau} {
		s := small()
		s.Schedule, s.Patience, s.Epochs = schedule, 2, 100
		s, err := s.Resolve(80)
		require.NoError(t, err)
		x := normals(80, 2, 1)
		j, err := start[float64](Config{Dim: 2, Latent: 1}, x, normals(30, 2, 2), s, 1)
		require.NoError(t, err)
		defer j.close()
		r := j.(*run[float64])
		for r.progress.Epoch < 8 {
			require.NoError(t, r.next())
		}
		for i := range r.theta {
			r.theta[i]++
		}
		r.progress.Last = -100
		before := r.rate()
		require.False(t, r.reschedule())
		require.Equal(t, r.best, r.theta)
		if schedule == Plateau {
			relative(t, before/3, r.rate(), 1e-12)
		} else {
			require.Positive(t, r.progress.Descent)
		}
	}
}

// The first probabilities are the column means, clipped.
func TestBiasStartsAtTheData(t *testing.T) {
	x := mat.NewDense(100, 3, nil)
	for i := range 100 {
		x.Set(i, 0, 1)
		if i < 20 {
			x.Set(i, 1, 1)
		}
	}
	c := Config{Dim: 3, Latent: 1, Hidden: []int{4}, Likelihood: Bernoulli}
	tr := newTrainState(newNetwork[float64](c), Settings{Batch: 10, Samples: 1}, x, nil, density.NewIdentity(3), density.NewIdentity(3), 1)
	defer tr.close()
	last := tr.net.decoder.Layers[1]
	for j, want := range []float64{0.999, 0.2, 0.001} {
		near(t, want, 1/(1+math.Exp(-tr.theta[last.Bias.From+j])), 1e-9)
	}
}
