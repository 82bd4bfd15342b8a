package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

const (
	// startDraws and startWiden make the start of the chains: a normal with the moments of
	// so many draws from the encoder, so much wider.
	startDraws, startWiden = 1000, 1.5
	referenceLeapfrogs     = 5
)

// reference is log p(x) of the first rows by annealing, as it is kept in a file.
type reference struct {
	Start        float64   `json:"start"` // how much wider than the encoder
	Chains       int       `json:"chains"`
	Temperatures int       `json:"temperatures"`
	Leapfrogs    int       `json:"leapfrogs"`
	LogProb      []float64 `json:"log_p"`
	StdErr       []float64 `json:"se"`
	Evaluations  int64     `json:"evaluations"`
}

// reference anneals the first rows of x, or reads what an earlier run kept.
func (o *options) reference(ctx context.Context, name string, m *vae.Model, x *mat.Dense, measure density.Measure) (*reference, error) {
	n, _ := x.Dims()
	file := ""
	if o.references != "" {
		base := filepath.Base(name)
		file = filepath.Join(o.references, strings.TrimSuffix(base, filepath.Ext(base))+".json")
		if r, err := readReference(file); err == nil {
			r.LogProb, r.StdErr = r.LogProb[:min(n, len(r.LogProb))], r.StdErr[:min(n, len(r.StdErr))]
			return r, nil
		} else if !os.IsNotExist(err) {
			return nil, err
		}
	}
	start, err := elbo.MatchMoments(ctx, m.Encoder(), x, startDraws, startWiden, 1)
	if err != nil {
		return nil, err
	}
	s := eval.AnnealSettings{
		Chains: o.referenceChains, Temperatures: o.referenceTemperatures, Leapfrogs: referenceLeapfrogs, Seed: 2, Start: start, Measure: measure,
	}
	a, err := eval.Anneal(ctx, m, x, s)
	if err != nil {
		return nil, err
	}
	r := &reference{startWiden, s.Chains, s.Temperatures, s.Leapfrogs, a.LogProb, a.StdErr, a.Spent}
	if file == "" {
		return r, nil
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	return r, err
}

func readReference(file string) (*reference, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &reference{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(r.LogProb) == 0 || len(r.LogProb) != len(r.StdErr) {
		return nil, fmt.Errorf("%s holds %d values and %d errors; remove it, and the rows are annealed again", file, len(r.LogProb), len(r.StdErr))
	}
	return r, nil
}

// pooled returns one standard error for all rows: that of a single row, from two chains,
// says little.
func (r *reference) pooled() float64 {
	var squares float64
	for _, v := range r.StdErr {
		squares += v * v / float64(len(r.StdErr))
	}
	return math.Sqrt(squares)
}
