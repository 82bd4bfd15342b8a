package vae

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

// Whatever makes no sense is an error that names the setting, in the words of
// whoever gave it.
func TestBadSettingsAreNamed(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		setting string
		s       Settings
	}{
		{"Latent", Settings{Latent: -1}}, {"Batch", Settings{Batch: -1}}, {"Samples", Settings{Samples: -2}},
		{"Epochs", Settings{Epochs: -1}}, {"Patience", Settings{Patience: -1}}, {"Hidden", Settings{Hidden: []int{0}}},
		{"Rate", Settings{Rate: nan}}, {"Rate", Settings{Rate: inf}}, {"Rate", Settings{Rate: -1}},
		{"Floor", Settings{Floor: 2}}, {"Floor", Settings{Floor: nan}}, {"Beta", Settings{Beta: -1}}, {"Beta", Settings{Beta: inf}},
		{"Beta1", Settings{Beta1: 1}}, {"Beta2", Settings{Beta2: nan}}, {"Epsilon", Settings{Epsilon: -1}},
		{"Beta1", Settings{Optimizer: SGD, Beta1: 0.5}}, {"Momentum", Settings{Momentum: 0.5}}, {"Decay", Settings{Decay: 0.1}},
		{"Momentum", Settings{Optimizer: SGD, Momentum: 1}}, {"Decay", Settings{Optimizer: AdamW, Decay: -1}},
		{"Decay", Settings{Optimizer: SGD, Decay: inf}}, {"Clip", Settings{Clip: -1}}, {"Clip", Settings{Clip: nan}},
		{"Warmup", Settings{Warmup: -1}}, {"FreeNats", Settings{FreeNats: -1}}, {"FreeNats", Settings{FreeNats: 1, Objective: IWAE}},
		{"FreeNats", Settings{FreeNats: 1, Prior: Vamp(2)}}, {"Corruption", Settings{Corruption: -1}},
		{"Corruption", Settings{Corruption: inf}}, {"Objective", Settings{Objective: ScoreBaseline}},
		{"Sigma", Settings{Sigma: Fixed(-1)}}, {"Sigma", Settings{Sigma: Fixed(nan)}},
		{"Sigma", Settings{Sigma: Optimal, Likelihood: StudentT}}, {"Dynamic", Settings{Dynamic: true}},
		{"Prior", Settings{Prior: Vamp(0)}}, {"Prior", Settings{Prior: LearnedMixture(math.MaxInt)}},
	} {
		_, _, err := Fit(context.Background(), normals(8, 2, 1), nil, c.s, source(1))
		require.ErrorIs(t, err, ErrSettings, "%+v", c.s)
		var named *density.SettingError
		require.ErrorAs(t, err, &named)
		require.Equal(t, c.setting, named.Settings()[0], "%v", err)
		require.Contains(t, err.Error(), "Settings."+c.setting)
		require.NotContains(t, err.Error(), "{")
		flag := density.Flag(map[string]string{c.setting: "the-flag"})
		require.Contains(t, density.ErrorIn(err, flag), "--the-flag")
		require.NotContains(t, density.ErrorIn(err, flag), "Settings."+c.setting)
	}
	for _, s := range []Settings{{Objective: 99}, {Schedule: -1}, {Optimizer: 7}, {Activation: 9}, {Norm: 2}, {Precision: 3}} {
		_, err := s.Resolve(10)
		require.ErrorIs(t, err, ErrSettings, "%+v", s)
	}
	for _, s := range []Settings{{Prior: Vamp(9)}, {Prior: ExPost(9)}, {Schedule: Plateau}} {
		_, _, err := Fit(context.Background(), normals(8, 2, 1), nil, s, source(1))
		require.ErrorIs(t, err, ErrRows, "%+v", s)
	}
	_, err := Settings{}.Resolve(0)
	require.ErrorIs(t, err, ErrRows)
	_, _, err = FitAutoencoder(context.Background(), normals(8, 2, 1), nil, Settings{Likelihood: StudentT}, source(1))
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "want one of gaussian, bernoulli, continuous-bernoulli")
}

// drawSettings draws settings that make sense.
func drawSettings(t *rapid.T) Settings {
	pick := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	share := func(label string) float64 { return rapid.Float64Range(0, 0.999).Draw(t, label) }
	s := Settings{
		Latent: pick("latent", 5), Activation: Activation(pick("activation", len(activationNames)-1)), Norm: Norm(pick("norm", 1)),
		Likelihood: rapid.SampledFrom(Likelihoods()).Draw(t, "likelihood"), Freedom: rapid.Float64Range(0, 1e3).Draw(t, "freedom"),
		Levels: pick("levels", 300), Sigma: rapid.SampledFrom([]Sigma{Network, Shared, PerDim, Fixed(0.1), Fixed(1.0 / 3)}).Draw(t, "sigma"),
		Floor: rapid.Float64Range(-1, 0.999).Draw(t, "floor"), Epochs: pick("epochs", 1000), Batch: pick("batch", 500),
		Rate: rapid.Float64Range(0, 1).Draw(t, "rate"), Schedule: Schedule(pick("schedule", len(scheduleNames)-1)), Samples: pick("samples", 9),
		FullPosterior: rapid.Bool().Draw(t, "full"), Prior: rapid.SampledFrom([]Prior{StandardNormal, Vamp(3), LearnedMixture(2), ExPost(4)}).Draw(t, "prior"),
		Patience: pick("patience", 50), Clip: 10 * share("clip"), Beta: 2 * share("beta"), Warmup: pick("warmup", 9),
		Corruption: share("corruption"), Precision: Precision(pick("precision", 1)),
	}
	switch s.Optimizer = Optimizer(pick("optimizer", len(optimizerNames)-1)); s.Optimizer {
	case SGD:
		s.Momentum, s.Decay = share("momentum"), share("decay")
	case AdamW:
		s.Decay = share("decay")
		fallthrough
	default:
		s.Beta1, s.Beta2, s.Epsilon = share("beta1"), share("beta2"), share("epsilon")
	}
	s.Dynamic = s.Likelihood.on(density.Binary) && rapid.Bool().Draw(t, "dynamic")
	if s.Prior == StandardNormal && rapid.Bool().Draw(t, "free") {
		s.FreeNats = share("free nats")
	} else if s.Objective = Objective(pick("objective", len(objectiveNames)-1)); s.Objective == ScoreBaseline {
		s.Samples += 2
	}
	if rapid.Bool().Draw(t, "own layers") {
		s.Hidden = rapid.SliceOfN(rapid.IntRange(1, 300), 0, 3).Draw(t, "hidden")
		if s.Hidden == nil {
			s.Hidden = []int{}
		}
	}
	return s
}

// Settings survive JSON, resolved or not; resolved ones stand for themselves, and no
// zero is left in them that stands for something else.
func TestSettingsRoundTripAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		resolved, err := s.Resolve(200)
		require.NoError(t, err)
		for _, want := range []Settings{s, resolved} {
			text, err := json.Marshal(want)
			require.NoError(t, err)
			var got Settings
			require.NoError(t, json.Unmarshal(text, &got))
			require.Equal(t, want, got)
		}
		again, err := resolved.Resolve(200)
		require.NoError(t, err)
		require.Equal(t, resolved, again)
		require.NotZero(t, resolved.Latent*resolved.Batch*resolved.Epochs*resolved.Samples*resolved.Patience*resolved.Levels)
		for _, v := range []float64{resolved.Rate, resolved.Floor, resolved.Freedom, resolved.Beta} {
			require.NotZero(t, v)
		}
		require.NotNil(t, resolved.Hidden)
	})
}

// Every field of Settings is in the JSON, but for functions, under a key of its own.
func TestSettingsRecordIsComplete(t *testing.T) {
	resolved, err := Settings{Progress: func(int, float64, float64) {}}.Resolve(1000)
	require.NoError(t, err)
	text, err := json.Marshal(resolved)
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(text, &keys))
	require.Equal(t, map[string]any{
		"latent": 2.0, "hidden": []any{200.0, 200.0}, "activation": "tanh", "norm": "none", "likelihood": "gaussian",
		"freedom": 4.0, "levels": 256.0, "sigma": "network", "floor": 1e-6, "epochs": 375.0, "batch": 64.0, "rate": 1e-3,
		"schedule": "descend", "full_posterior": false, "prior": "normal", "samples": 1.0, "patience": 62.0,
		"optimizer": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.0, "decay": 0.0, "clip": 0.0,
		"objective": "elbo", "beta": 1.0, "warmup": 0.0, "free_nats": 0.0, "dynamic": false, "corruption": 0.0, "precision": "float32",
	}, keys)
	decayed, err := Settings{Optimizer: AdamW, Hidden: []int{}}.Resolve(1000)
	require.NoError(t, err)
	require.Equal(t, []float64{0.01, 1e-2, 256, 4}, []float64{decayed.Decay, decayed.Rate, float64(decayed.Batch), float64(decayed.Samples)})
}

// A fit with the settings that another one recorded is the same, to the last bit.
func TestRecordedSettingsRepeatAFit(t *testing.T) {
	x := normals(90, 3, 1)
	for _, s := range []Settings{
		{Hidden: []int{5}, Epochs: 3},
		{Hidden: []int{}, Epochs: 2, Optimizer: AdamW, Prior: LearnedMixture(2), Objective: DReG, Samples: 2},
		{Hidden: []int{4}, Epochs: 2, Optimizer: SGD, Momentum: 0.5, Likelihood: StudentT, Sigma: PerDim},
	} {
		m, report, err := Fit(context.Background(), x, x, s, source(1))
		require.NoError(t, err)
		text, err := json.Marshal(report.Settings)
		require.NoError(t, err)
		var again Settings
		require.NoError(t, json.Unmarshal(text, &again))
		n, second, err := Fit(context.Background(), x, x, again, source(1))
		require.NoError(t, err)
		require.Equal(t, m.Tensors(), n.Tensors())
		require.Equal(t, report, second)

		a, autoReport, err := FitAutoencoder(context.Background(), x, x, s.gaussian(), source(1))
		require.NoError(t, err)
		b, _, err := FitAutoencoder(context.Background(), x, x, autoReport.Settings, source(1))
		require.NoError(t, err)
		require.Equal(t, a.Tensors(), b.Tensors())
	}
}

func (s Settings) gaussian() Settings {
	s.Likelihood = Gaussian
	return s
}

// Sizes that no machine has memory for are an error, whatever overflows on the way.
func TestAbsurdSizesAreErrors(t *testing.T) {
	x := normals(8, 2, 1)
	for _, size := range []int{math.MaxInt, math.MaxInt / 2, 1 << 40, 1 << 33} {
		for _, s := range []Settings{
			{Latent: size}, {Latent: size, FullPosterior: true}, {Hidden: []int{size}}, {Hidden: []int{size, size}},
			{Samples: size}, {Batch: size, Samples: size}, {Latent: 1 << 23, Hidden: []int{1 << 23}, FullPosterior: true},
			{Hidden: slices.Repeat([]int{1 << 24}, 1000)}, {Prior: LearnedMixture(1 << 20), Latent: 1 << 24},
		} {
			_, _, err := Fit(context.Background(), x, nil, s, source(1))
			require.Error(t, err, "%+v", s)
			_, _, err = FitAutoencoder(context.Background(), x, nil, Settings{Latent: s.Latent, Hidden: []int{size}}, source(1))
			require.Error(t, err, "%+v", s)
		}
		// These may be as large as they like.
		_, report, err := Fit(context.Background(), x, x, Settings{Hidden: []int{2}, Batch: size, Epochs: 1, Patience: size, Warmup: size}, source(1))
		require.NoError(t, err)
		require.False(t, math.IsNaN(report.History[0].Train))
		m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{2}, Epochs: 1}, source(1))
		require.NoError(t, err)
		_, err = m.GradientNoise(context.Background(), x, ELBO, size, 2, source(1))
		require.Error(t, err)
		_, err = m.Mixture(size, source(1))
		require.Error(t, err)
	}
}

// What is empty or absent is an error too.
func TestNothingIsAnError(t *testing.T) {
	x, empty, ctx := normals(8, 2, 1), &mat.Dense{}, context.Background()
	s := Settings{Hidden: []int{2}, Epochs: 1}
	for _, rows := range []*mat.Dense{nil, empty} {
		_, _, err := Fit(ctx, rows, nil, s, source(1))
		require.ErrorIs(t, err, ErrRows)
		_, _, err = FitAutoencoder(ctx, rows, x, s, source(1))
		require.ErrorIs(t, err, ErrRows)
	}
	_, _, err := Fit(ctx, x, empty, s, source(1))
	require.ErrorIs(t, err, ErrRows)

	m, _, err := Fit(ctx, x, nil, s, source(1))
	require.NoError(t, err)
	a, _, err := FitAutoencoder(ctx, x, nil, s, source(1))
	require.NoError(t, err)
	for _, rows := range []*mat.Dense{nil, empty} {
		_, err = m.GradientNoise(ctx, rows, ELBO, 1, 2, source(1))
		require.ErrorIs(t, err, ErrRows)
		_, err = m.AggregatePosterior(rows)
		require.ErrorIs(t, err, ErrRows)
		_, _, err = m.FitPrior(ctx, rows, gmmSettings(), source(1))
		require.ErrorIs(t, err, ErrRows)
		_, _, err = a.Density(ctx, rows, 1, gmmSettings(), source(1))
		require.ErrorIs(t, err, ErrRows)
		_, err = m.MixtureAt(rows)
		require.ErrorIs(t, err, ErrRows)
	}
	for _, draws := range []int{0, -1} {
		_, err = m.Mixture(draws, source(1))
		require.ErrorIs(t, err, ErrRows)
	}

	var nobody context.Context
	_, _, err = Fit(nobody, x, nil, s, source(1))
	require.ErrorContains(t, err, "context.Background()")
	_, _, err = FitAutoencoder(nobody, x, nil, s, source(1))
	require.ErrorContains(t, err, "context.Background()")
	_, err = m.GradientNoise(nobody, x, ELBO, 1, 2, source(1))
	require.ErrorContains(t, err, "context.Background()")
	_, _, err = m.FitPrior(nobody, x, gmmSettings(), source(1))
	require.ErrorContains(t, err, "context.Background()")
	_, _, err = a.Density(nobody, x, 1, gmmSettings(), source(1))
	require.ErrorContains(t, err, "context.Background()")
}

// Close may be called twice, and ends steps but not what was trained.
func TestCloseTwice(t *testing.T) {
	x := normals(20, 2, 1)
	s := Settings{Hidden: []int{2}, Epochs: 3}
	trainer, err := NewTrainer(x, nil, s, source(1))
	require.NoError(t, err)
	require.NoError(t, trainer.Step())
	trainer.Close()
	trainer.Close()
	require.ErrorIs(t, trainer.Step(), ErrClosed)
	_, err = trainer.Epoch(context.Background())
	require.ErrorIs(t, err, ErrClosed)
	_, _, err = trainer.Model()
	require.NoError(t, err)
	var file strings.Builder
	require.NoError(t, trainer.WriteCheckpoint(&file))

	plain, err := NewAutoencoderTrainer(x, nil, s, source(1))
	require.NoError(t, err)
	require.NoError(t, plain.Resume(strings.NewReader(resumable(t, x, s))))
	plain.Close()
	plain.Close()
	require.ErrorIs(t, plain.Step(), ErrClosed)
	_, _, err = plain.Autoencoder()
	require.NoError(t, err)
}

func resumable(t *testing.T, x *mat.Dense, s Settings) string {
	t.Helper()
	trainer, err := NewAutoencoderTrainer(x, nil, s, source(2))
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Step())
	var file strings.Builder
	require.NoError(t, trainer.WriteCheckpoint(&file))
	return file.String()
}
