package compare

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/gmm"
	"likely/gmm/selection"
	"likely/vae"
)

// open returns settings that leave sizes to the data, with little work.
func open(data string, models ...string) Settings {
	c := Default()
	c.Dataset, c.Models = data, models
	c.Budget = Budget{Work: 4e9}
	c.GMM.Starts, c.EvalSamples = 2, 100
	return c
}

// With folds every row has one log p, from models that did not see it; means, errors and
// paired differences are those of the rows.
func TestFoldsAgreeWithTheHand(t *testing.T) {
	for _, one := range []struct {
		data   string
		rows   int
		family gmm.Covariance
	}{{"iris", 150, gmm.Full}, {"faithful", 272, gmm.Full}, {"digits", 1797, gmm.Diagonal}} {
		t.Run(one.data, func(t *testing.T) {
			c := fixed()
			c.Dataset, c.Models, c.Folds = one.data, []string{"gaussian", "gmm"}, 5
			c.Components, c.GMM.Starts = Given(Range{2, 2}), 2
			c.Families = Given(selection.Families{one.family})
			agreesWithTheHand(t, c, one.rows)
		})
	}
}

func agreesWithTheHand(t *testing.T, c Settings, rows int) {
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, o.Results.Dataset.Folds)
	require.Equal(t, rows, o.Results.Dataset.RowsTest)

	// By hand: the models of the other rows, and log p of each row under them.
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	logs, seen := [2][]float64{make([]float64, rows), make([]float64, rows)}, make(map[int]bool)
	for f, held := range d.Folds {
		part, err := d.without(&c, f)
		require.NoError(t, err)
		fitted := part.Train.Rows()
		for i := range fitted {
			require.NotContains(t, held, part.Train.Row(i))
		}
		if part.Valid != nil {
			fitted += part.Valid.Rows()
			for i := range part.Valid.Rows() {
				require.NotContains(t, held, part.Valid.Row(i))
			}
		}
		require.Equal(t, rows, fitted+part.Test.Rows())
		for i := range held {
			require.False(t, seen[held[i]])
			seen[held[i]] = true
			require.Equal(t, held[i], part.Test.Row(i))
		}
		for m, k := range []int{1, 2} {
			job := Job{Settings: c, fold: f + 1}
			fit, err := []Kind{gaussian{}, mixture{}}[m].Fit(t.Context(), &job, part)
			require.NoError(t, err)
			model := fit.Model.Fitted.(*gmm.Model)
			require.Equal(t, k, model.Components())
			jacobian := part.Preparation.Transform.LogJacobian()
			for i, v := range model.LogProb(nil, part.Test.Model) {
				logs[m][held[i]] = v + jacobian
			}
		}
	}
	require.Len(t, seen, rows)
	diff := make([]float64, rows)
	for m := range logs {
		mean, se := meanAndError(logs[m])
		e, ok := o.Results.Models[m].Test.Estimate()
		require.True(t, ok)
		require.InDelta(t, mean, e.Value, 1e-9)
		require.InDelta(t, se, e.DataErr, 1e-9)
		require.InDeltaSlice(t, logs[m], o.Held[m].LogProb, 1e-9)
	}
	for i := range diff {
		diff[i] = logs[0][i] - logs[1][i]
	}
	mean, se := meanAndError(diff)
	require.InDelta(t, mean, o.Results.Pairs[0].Diff, 1e-9)
	require.InDelta(t, se, *o.Results.Pairs[0].SE, 1e-9)
}

// What chooses does not judge: test rows that are moved far away change no choice and no
// model. With the test rows among those that choose, as a leak would have them, they do.
func TestNothingThatChoosesJudges(t *testing.T) {
	for _, kind := range []Kind{mixture{}, variational{}} {
		c := open("faithful", kind.Name())
		c.Folds, c.Budget = OneSplit, Budget{Work: 1e9}
		d, err := Load(t.Context(), &c)
		require.NoError(t, err)
		defer d.Close()
		job := &Job{Settings: c}
		clean, err := kind.Fit(t.Context(), job, d)
		require.NoError(t, err)
		for i := range d.Test.Rows() {
			row := d.Test.Model.RawRowView(i)
			for k := range row {
				row[k] = 0.01*row[k] + 3
			}
		}
		again, err := kind.Fit(t.Context(), job, d)
		require.NoError(t, err)
		require.Equal(t, clean.Search, again.Search)
		require.Equal(t, clean.Model.Fitted.Tensors(), again.Model.Fitted.Tensors())

		leak := *d
		leak.Valid = d.Test
		leaked, err := kind.Fit(t.Context(), job, &leak)
		require.NoError(t, err)
		require.NotEqual(t, clean.Search.Candidates, leaked.Search.Candidates, "the test sees a leak")
	}
}

// The sizes of all kinds are chosen, and the same seed gives the same bits on one core
// and on two, whatever is interrupted.
func TestChoicesOfAllKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("makes the whole procedure several times")
	}
	c := open("faithful", "gmm", "ae", "vae")
	c.Folds, c.Budget = 2, Budget{Work: 1e9}
	job := &Job{Settings: c}
	whole, err := job.Run(t.Context())
	require.NoError(t, err)
	for _, m := range whole.Results.Models {
		require.NotNil(t, m.Search, m.Name)
		require.NotEmpty(t, m.Search.Chosen)
		require.Equal(t, 272, m.Search.RowsLeftOut)
		require.Equal(t, choiceFolds, m.Search.Folds)
		require.Len(t, m.Folds, 2)
		require.Equal(t, 272, m.Test.Rows)
	}
	before := runtime.GOMAXPROCS(1)
	one, err := job.Run(t.Context())
	runtime.GOMAXPROCS(before)
	require.NoError(t, err)
	same(t, whole, one)

	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	for stop := 7; ; stop *= 3 {
		ctx, cancel := context.WithCancel(t.Context())
		left := stop
		resumed := &Job{Settings: c, Checkpoint: checkpoint, Resume: true, Progress: stepper(func(task string) {
			if strings.Contains(task, "choosing") {
				if left--; left == 0 {
					cancel()
				}
			}
		})}
		got, err := resumed.Run(ctx)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.True(t, resumed.HasCheckpoint())
			continue
		}
		same(t, whole, got)
		break
	}
}

type stepper func(task string)

func (s stepper) Step(task string, _, _ int, _ string) { s(task) }

func same(t *testing.T, want, got *Outcome) {
	t.Helper()
	for i, m := range want.Results.Models {
		other := got.Results.Models[i]
		require.Equal(t, m.Search, other.Search, m.Name)
		require.Equal(t, m.Test, other.Test, m.Name)
		require.Equal(t, want.Fits[i].Model.Fitted.Tensors(), got.Fits[i].Model.Fitted.Tensors(), m.Name)
	}
	require.Equal(t, want.Results.Pairs, got.Results.Pairs)
}

// Mixtures are chosen from a mixture: data drawn from two clusters far apart get two
// components, whatever the seed.
func TestChoosesTheNumberOfClusters(t *testing.T) {
	c := open(clusters(t, 1500), "gmm")
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	require.NotNil(t, d.Valid)
	fit, err := mixture{}.Fit(t.Context(), &Job{Settings: c}, d)
	require.NoError(t, err)
	require.Equal(t, 2, fit.Model.Fitted.(*gmm.Model).Components())
}

// A network whose budget ends while its bound rises says so, and a difference against it
// is no win.
func TestStillImproving(t *testing.T) {
	c := open("digits", "gaussian", "vae")
	c.VAE.Latent, c.VAE.Hidden, c.VAE.Rate, c.Sigma = 2, []int{20}, 1e-3, Given(vae.Network)
	c.Budget, c.EvalRows, c.EvalSamples = Budget{Work: 2e9}, 60, 50
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	m := o.Results.Models[1]
	require.Contains(t, m.Improving(), "still rising")
	require.LessOrEqual(t, m.Search.Spent, 1.3*c.Budget.Work)
	p := o.Results.Pairs[0]
	require.Equal(t, "gaussian", p.SoFar)
	require.Empty(t, p.Better)
}

// σ of an autoencoder that copies its few rows is not what it missed them by: the widest
// that predicts rows left out as well is.
func TestSigmaOfACopy(t *testing.T) {
	c := open("galaxies", "ae")
	c.VAE.Latent, c.VAE.Hidden, c.VAE.Rate = 1, []int{20}, 1e-3
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	fit, err := autoencoder{}.Fit(t.Context(), &Job{Settings: c}, d)
	require.NoError(t, err)
	sigma, ok := fit.Model.Fitted.(*vae.Model).Config().Sigma.Constant()
	require.True(t, ok)
	require.Greater(t, sigma, 0.02)
}

// Folds that cannot be made are errors of usage that name the remedy.
func TestFoldsAtTheDoor(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"more folds than rows": func(c *Settings) { c.Folds = 200 },
		"streams":              func(c *Settings) { c.Folds, c.EvalRows = 5, 10 },
	} {
		c := fixed()
		c.Dataset, c.Models = "iris", []string{"gaussian"}
		change(&c)
		_, err := (&Job{Settings: c}).Run(t.Context())
		require.ErrorIs(t, err, ErrUsage, name)
		require.ErrorContains(t, err, "Folds", name)
	}
	for text, want := range map[string]Folds{"auto": AutoFolds, "none": OneSplit, "7": 7} {
		var f Folds
		require.NoError(t, f.UnmarshalText([]byte(text)))
		require.Equal(t, want, f)
		require.Equal(t, text, f.String())
	}
	for _, text := range []string{"1", "-3", "x", ""} {
		require.Error(t, new(Folds).UnmarshalText([]byte(text)), text)
	}
}

// Budgets read back; what is none is refused.
func TestBudgetText(t *testing.T) {
	for text, back := range map[string]string{"auto": "auto", "60s": "1m0s", "2e12": "2e+12", "1m30s": "1m30s"} {
		b, err := ParseBudget(text)
		require.NoError(t, err)
		require.Equal(t, back, b.String())
		again, err := ParseBudget(b.String())
		require.NoError(t, err)
		require.Equal(t, b, again)
	}
	for _, text := range []string{"", "0", "-2", "-3s", "0s", "soon", "Inf", "NaN"} {
		_, err := ParseBudget(text)
		require.Error(t, err, text)
	}
}

// Repetitions show the error of training: it is that of the mean over them, and is part of
// the error of a difference. A model that is trained without chance has none but that
// of the rows that it is fitted to.
func TestRepeats(t *testing.T) {
	c := fixed()
	c.Dataset, c.Models, c.Repeats = "iris", []string{"gaussian", "gmm"}, 4
	c.Components, c.GMM.Starts = Given(Range{3, 3}), 2
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	c.Repeats = 0
	once, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	var values [2][]float64
	for i, m := range o.Results.Models {
		require.Len(t, m.Test.Repeated, 4)
		require.InDelta(t, *once.Results.Models[i].Test.Nats, *m.Test.Repeated[0], 1e-12, "the first is the run without")
		for _, v := range m.Test.Repeated {
			values[i] = append(values[i], *v)
		}
		mean, se := meanAndError(values[i])
		require.InDelta(t, mean, *m.Test.Nats, 1e-12)
		require.InDelta(t, se, *m.Test.SETraining, 1e-12)
		require.Positive(t, se)
	}
	diff := make([]float64, 4)
	for i := range diff {
		diff[i] = values[0][i] - values[1][i]
	}
	_, se := meanAndError(diff)
	p := o.Results.Pairs[0]
	require.InDelta(t, se, *p.SETraining, 1e-12)
	require.Greater(t, *p.SE, *p.SETraining)

	// In folds, where each repetition divides the rows anew.
	c.Repeats, c.Folds, c.Models = 2, 3, []string{"gaussian"}
	o, err = (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, *o.Results.Models[0].Test.Repeated[0], *o.Results.Models[0].Test.Repeated[1])
	require.Equal(t, 150, o.Results.Models[0].Test.Rows)
}
