package vae

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// variedSettings are runs that between them use every kind of state.
var variedSettings = []Settings{
	{Hidden: []int{8}, Epochs: 8, Batch: 32},
	{Hidden: []int{8}, Epochs: 8, Batch: 32, Schedule: Cosine, Optimizer: SGD, Momentum: 0.9, Rate: 1e-3, Clip: 1},
	{Hidden: []int{8}, Epochs: 8, Batch: 32, Schedule: Plateau, Patience: 1, Rate: 0.1, Clip: 5},
	{Hidden: []int{8}, Epochs: 8, Batch: 50, Schedule: Stages, Objective: DReG, Samples: 3, Beta1: 0.99, Epsilon: 1e-4, Precision: Float64},
	{Hidden: []int{8}, Epochs: 8, Batch: 32, Schedule: Constant, Sigma: PerDim, Warmup: 4, FreeNats: 0.05, Optimizer: AdamW, Patience: 3},
	{Hidden: []int{8}, Epochs: 8, Batch: 32, Norm: LayerNorm},
}

// A run that is stopped after any step, written, and read into a new trainer
// arrives at the same bits as one that is not.
func TestResumeIsExact(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	random := rand.New(source(1))
	for _, s := range variedSettings {
		reference, err := NewTrainer(train, valid, s, source(1))
		require.NoError(t, err)
		steps := 0
		for ; !reference.Done(); steps++ {
			require.NoError(t, reference.Step())
		}
		want, wantReport, err := reference.Model()
		require.NoError(t, err)
		reference.Close()
		for range 10 {
			stop := random.IntN(steps)
			first, err := NewTrainer(train, valid, s, source(1))
			require.NoError(t, err)
			for range stop {
				require.NoError(t, first.Step())
			}
			var file bytes.Buffer
			require.NoError(t, first.WriteCheckpoint(&file))
			first.Close()
			second, err := NewTrainer(train, valid, s, source(999))
			require.NoError(t, err)
			require.NoError(t, second.Resume(&file))
			for !second.Done() {
				require.NoError(t, second.Step())
			}
			got, report, err := second.Model()
			require.NoError(t, err)
			require.Equal(t, want.Tensors(), got.Tensors(), "%+v stopped after %d of %d steps", s, stop, steps)
			require.Equal(t, wantReport, report)
			second.Close()
		}
	}
}

func TestTrainerEqualsFit(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	for _, s := range variedSettings {
		want, wantReport, err := Fit(context.Background(), train, valid, s, source(1))
		require.NoError(t, err)
		trainer, err := NewTrainer(train, valid, s, source(1))
		require.NoError(t, err)
		var lines []Epoch
		for !trainer.Done() {
			line, err := trainer.Epoch(context.Background())
			require.NoError(t, err)
			if len(lines) == 0 || !trainer.Done() || len(trainer.training.history().History) > len(lines) {
				lines = append(lines, line)
			}
		}
		got, report, err := trainer.Model()
		require.NoError(t, err)
		require.Equal(t, want.Tensors(), got.Tensors())
		require.Equal(t, wantReport, report)
		require.Equal(t, report.History, lines)
		require.NoError(t, trainer.Step())
		trainer.Close()
	}
}

func TestEpochMayBeStoppedAndGoOn(t *testing.T) {
	x := normals(100, 2, 1)
	trainer, err := NewTrainer(x, nil, small(), source(1))
	require.NoError(t, err)
	defer trainer.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = trainer.Epoch(ctx)
	require.ErrorIs(t, err, context.Canceled)
	line, err := trainer.Epoch(context.Background())
	require.NoError(t, err)
	require.False(t, math.IsNaN(line.Train))
	m, report, err := trainer.Model()
	require.NoError(t, err)
	require.NotNil(t, m)
	require.Len(t, report.History, 1)
}

func TestForeignCheckpoints(t *testing.T) {
	x := normals(100, 2, 1)
	trainer, err := NewTrainer(x, nil, small(), source(1))
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Step())
	var file bytes.Buffer
	require.NoError(t, trainer.WriteCheckpoint(&file))

	deeper, faster, wide := small(), small(), mat.DenseCopyOf(x)
	deeper.Hidden = []int{12, 12}
	faster.Rate = 0.5
	wide.Set(0, 0, 7)
	for text, c := range map[string]struct {
		x *mat.Dense
		s Settings
	}{"architecture (Hidden: [12] in it, Hidden: [12 12] here)": {x, deeper}, "settings (Rate: 0.001 in it, Rate: 0.5 here)": {x, faster}, "data": {wide, small()}} {
		other, err := NewTrainer(c.x, nil, c.s, source(1))
		require.NoError(t, err)
		err = other.Resume(bytes.NewReader(file.Bytes()))
		require.ErrorIs(t, err, ErrCheckpoint)
		require.ErrorContains(t, err, text)
		other.Close()
	}
	// Cut anywhere, it is refused, and the trainer goes on as before.
	for cut := 0; cut < file.Len(); cut += 1 + file.Len()/50 {
		require.ErrorIs(t, trainer.Resume(bytes.NewReader(file.Bytes()[:cut])), ErrCheckpoint)
	}
	require.NoError(t, trainer.Resume(bytes.NewReader(file.Bytes())))
	require.NoError(t, trainer.Step())
}

// The stages of Burda et al. (2016): the rates 10^(−(i−1)/7)·10⁻³, rounded as
// there, over 3^(i−1) epochs.
func TestStages(t *testing.T) {
	epoch := 0
	for i, want := range []float64{1, 0.72, 0.52, 0.37, 0.27, 0.19, 0.14, 0.1} {
		length := int(math.Pow(3, float64(i)))
		near(t, want, stageFactor(epoch), 1e-12)
		near(t, want, stageFactor(epoch+length-1), 1e-12)
		epoch += length
	}
	require.Equal(t, 3280, epoch)
}

// Clipping bounds the step of plain gradient descent: |Δ| ≤ rate·Clip, with
// equality when the gradient is longer than that.
func TestClip(t *testing.T) {
	c := Config{Dim: 4, Latent: 2, Hidden: []int{5}}
	for _, clip := range []float64{1e-3, 1e6} {
		tr := testTrainer(t, c, Settings{Samples: 1, Optimizer: SGD, Clip: clip}, nil)
		before := append([]float64(nil), tr.theta...)
		require.Empty(t, tr.step(0, 7, 0.5))
		var square float64
		for i, v := range tr.theta {
			square += (v - before[i]) * (v - before[i])
		}
		relative(t, 0.5*min(clip, tr.norm), math.Sqrt(square), 1e-9)
	}
}

// The weight of the divergence rises over the warm-up and then stays.
func TestWarmup(t *testing.T) {
	s := small()
	s.Warmup, s.Beta, s.Epochs = 3, 2, 5
	s, err := s.Resolve(40)
	require.NoError(t, err)
	j, err := start[float64](Config{Dim: 2, Latent: 1}, normals(40, 2, 1), nil, s, 1)
	require.NoError(t, err)
	defer j.close()
	r := j.(*run[float64])
	var got []float64
	for !r.done() {
		epoch := r.progress.Epoch
		require.NoError(t, r.next())
		if len(got) == epoch {
			got = append(got, r.beta)
		}
	}
	require.Equal(t, []float64{0.5, 1, 1.5, 2, 2}, got[:5])
}

// Epochs is a limit, of one epoch too.
func TestFewEpochs(t *testing.T) {
	train, valid := halves(normals(100, 2, 1))
	for epochs := 1; epochs <= 9; epochs++ {
		for schedule := range Schedule(len(scheduleNames)) {
			s := small()
			s.Epochs, s.Schedule = epochs, schedule
			_, report, err := Fit(context.Background(), train, valid, s, source(1))
			require.NoError(t, err)
			require.Len(t, report.History, epochs, "%v", schedule)
		}
	}
}
