package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

func number(v float64) *float64 { return &v }

// What JSON cannot hold is absent, and absent is NaN, never 0.
func TestOptional(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.Nil(t, Optional(v))
	}
	require.Equal(t, 0.0, *Optional(0))
	require.Equal(t, -2.5, *Optional(-2.5))
	require.Equal(t, -2.5, Value(number(-2.5)))
	require.True(t, math.IsNaN(Value(nil)))
}

// estimated is an estimate whose numbers all differ.
var estimated = density.Estimate{Value: -3, DataErr: 0.5, SampleErr: 0.25, Kind: density.Consistent, Rows: 7, Samples: 100}

// An estimate goes into a part of the data and comes back.
func TestSplit(t *testing.T) {
	s := Split{Rows: 7}
	_, ok := s.Estimate()
	require.False(t, ok, "no density")
	_, ok = (*Split)(nil).Estimate()
	require.False(t, ok)
	s.SetEstimate(estimated)
	require.Equal(t, -3.0, *s.Nats)
	require.Equal(t, 0.5, *s.SEData)
	require.Equal(t, 0.25, *s.SESamples)
	require.Equal(t, 100, s.Samples)
	e, ok := s.Estimate()
	require.True(t, ok)
	require.Equal(t, estimated, e)

	one := density.Estimate{Value: -3, DataErr: math.NaN(), Rows: 1}
	s = Split{Rows: 1}
	s.SetEstimate(one)
	require.Nil(t, s.SEData, "one row has no standard error")
	e, ok = s.Estimate()
	require.True(t, ok)
	require.True(t, math.IsNaN(e.DataErr))
	require.Zero(t, e.SampleErr)

	s = Split{Rows: 1}
	s.SetEstimate(density.Estimate{Value: math.Inf(-1)})
	_, ok = s.Estimate()
	require.False(t, ok, "log p of −∞ is no number in JSON")

	m := Model{Train: &Split{Rows: 1}, Valid: &Split{Rows: 2}, Test: &Split{Rows: 3}}
	require.Equal(t, 1, m.Split("train").Rows)
	require.Equal(t, 2, m.Split("valid").Rows)
	require.Equal(t, 3, m.Split("test").Rows)
}

// Each bound has fields of its own, and its errors in their places.
func TestBounds(t *testing.T) {
	var b Bounds
	_, ok := b.Bound()
	require.False(t, ok)
	_, ok = (*Bounds)(nil).Bound()
	require.False(t, ok)
	b.SetELBO(estimated, 2, 5)
	at := func(shift float64) density.Estimate {
		return density.Estimate{Value: -3 + shift, DataErr: 0.5 + shift, SampleErr: 0.25 + shift, Rows: 7 + int(shift)}
	}
	b.SetIWAE(at(1), 50)
	b.SetRefined(at(2))
	b.SetAIS(at(3), 300)
	b.SetQuadrature(-1.5, 1e-9, 4)
	got, err := json.Marshal(&b)
	require.NoError(t, err)
	require.JSONEq(t, `{"on": "",
		"elbo_nats": -3, "elbo_se_data": 0.5, "elbo_se_samples": 0.25, "rate_nats": 2, "distortion_nats": 5,
		"iwae_nats": -2, "iwae_se_data": 1.5, "iwae_se_samples": 1.25, "iwae_samples": 50,
		"elbo_refined_nats": -1, "elbo_refined_se_data": 2.5, "elbo_refined_se_samples": 2.25, "elbo_refined_rows": 9,
		"ais_nats": 0, "ais_se_data": 3.5, "ais_se_samples": 3.25, "ais_rows": 10, "ais_temperatures": 300,
		"quadrature_nats": -1.5, "quadrature_error_nats": 1e-9, "quadrature_rows": 4}`, string(got))
	e, ok := b.Bound()
	require.True(t, ok)
	require.Equal(t, density.Estimate{Value: -3, DataErr: 0.5, SampleErr: 0.25, Kind: density.LowerBound}, e)
}

// The errors of a gap are those of the draws; it is divided where both parts are
// known.
func TestGap(t *testing.T) {
	at := func(shift float64) density.Estimate {
		return density.Estimate{Value: 1 + shift, DataErr: 9, SampleErr: 0.25 + shift, Rows: 7}
	}
	g := NewGap(at(0), at(1), at(2), 6)
	got, err := json.Marshal(g)
	require.NoError(t, err)
	require.JSONEq(t, `{"total_nats": 1, "se_nats": 0.25, "approximation_nats": 2, "approximation_se_nats": 1.25,
		"amortization_nats": 3, "amortization_se_nats": 2.25, "rows": 7, "rows_converged": 6}`, string(got))
	require.True(t, g.Divided())
	require.False(t, (*Gap)(nil).Divided())
	require.False(t, (&Gap{Total: number(1)}).Divided())
	require.False(t, (&Gap{Total: number(1), Approximation: number(1)}).Divided())
	require.False(t, (&Gap{Total: number(1), Amortization: number(1)}).Divided())
}

// Both sides of a sandwich have the errors over simulated rows.
func TestSandwich(t *testing.T) {
	lower := density.Estimate{Value: -4, DataErr: 0.5, SampleErr: 9, Rows: 20, Samples: 100}
	s := NewSandwich(lower, density.Estimate{Value: -3, DataErr: 0.75}, 1, 0.125, -2)
	got, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"lower_nats": -4, "lower_se_nats": 0.5, "upper_nats": -3, "upper_se_nats": 0.75, "width_nats": 1,
		"width_se_nats": 0.125, "single_draw_upper_nats": -2, "certified": true, "on": "simulated", "rows": 20, "samples": 100,
		"likelihood_evaluations": 0}`, string(got))
	require.Nil(t, NewSandwich(lower, lower, 1, 1, math.NaN()).Single)
}

// An estimator gives back what it was told.
func TestEstimator(t *testing.T) {
	e := Estimator{Draws: 100}
	e.SetEstimate(estimated)
	back, ok := e.Estimate()
	require.True(t, ok)
	require.Equal(t, estimated, back)
	_, ok = (&Estimator{}).Estimate()
	require.False(t, ok, "it was refused")
}

// Candidates are ranked by the criterion that was asked for, and else by held-out
// rows.
func TestRanked(t *testing.T) {
	c := Candidate{LogLik: number(0), BIC: number(1), AIC: number(2), ICL: number(3), HeldOut: number(4)}
	for criterion, want := range map[string]float64{"bic": 1, "aic": 2, "icl": 3, "held-out": 4, "cv": 4} {
		require.Equal(t, want, *c.Ranked(criterion), criterion)
	}
}

// The training rows are reported where no rows were held out, and only there.
func TestReported(t *testing.T) {
	require.Equal(t, "train", (&Results{}).Reported())
	require.Equal(t, "train", (&Results{Dataset: Dataset{RowsTrain: 5, RowsValid: 2}}).Reported())
	require.Equal(t, "test", (&Results{Dataset: Dataset{RowsTest: 1}}).Reported())
}

// Results read back to what was written, under the names that the format promises.
func TestReadBack(t *testing.T) {
	kind := density.LowerBound
	r := &Results{
		Schema: Schema, Seed: 1<<63 + 1, Warnings: []string{"w"}, Settings: json.RawMessage(`{"dataset":"iris"}`),
		Dataset: Dataset{Name: "iris", Dim: 4, RowsTrain: 100, RowsTest: 50, Measure: density.Dequantized, DequantizeStep: number(0.1), Binarize: "none", Transform: "standard"},
		Models:  []*Model{{Name: "vae", Parameters: 3, Test: &Split{Kind: &kind, Nats: number(-2), Rows: 50}, Config: map[string]any{"latent": 2.0}}},
		Pairs:   []Pair{{A: "a", B: "b", Diff: -1, SE: number(0.5), Rows: 50, Better: "b"}},
	}
	var text bytes.Buffer
	require.NoError(t, r.WriteJSON(&text))
	for _, name := range []string{`"schema": "likely.results/1"`, `"seed": 9223372036854775809`, `"diff_nats": -1`, `"kind": "lower_bound"`, `"measure": "dequantized"`, `"dequantize_step": 0.1`, `"better": "b"`} {
		require.Contains(t, text.String(), name)
	}
	back, err := ReadJSON(&text)
	require.NoError(t, err)
	var settings bytes.Buffer
	require.NoError(t, json.Compact(&settings, back.Settings))
	back.Settings = settings.Bytes()
	require.Equal(t, r, back)
}

// What is not the results of this version is refused, in one line.
func TestReadsNothingElse(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"seed": -1}`, `{"schema": "likely.results/2"}`, `{}`} {
		_, err := ReadJSON(strings.NewReader(text))
		require.ErrorIs(t, err, ErrFormat, text)
		require.NotContains(t, err.Error(), "\n")
	}
	failed := errors.New("no disk")
	require.ErrorIs(t, (&Results{}).WriteJSON(failing{failed}), failed)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
