package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"likely/density"
	"likely/internal/wholefile"
)

// result is what a model reached on the test rows of one unit of a table.
type result struct {
	LogProb []float64    `json:"log_prob"`            // nats, one a row
	StdErr  []float64    `json:"std_err,omitempty"`   // of its estimate; none where it is exact
	Kind    density.Kind `json:"kind"`                // what the numbers are
	Samples int          `json:"samples,omitempty"`   // codes drawn for each row
	Doubt   int          `json:"untrusted,omitempty"` // rows with a Pareto k̂ above the threshold
	Choice  string       `json:"choice"`              // what was chosen on validation rows
	Seconds float64      `json:"seconds"`
}

// estimate returns the mean over the rows of several results.
func estimate(results []result) density.Estimate {
	var values, errs []float64
	for _, r := range results {
		values = append(values, r.LogProb...)
		errs = append(errs, r.StdErr...)
	}
	if len(errs) == 0 {
		errs = nil
	}
	return density.MeanEstimate(values, errs, results[0].Kind, results[0].Samples)
}

// store keeps results by name, in a file if it has one.
type store struct {
	path    string
	results map[string]result
}

func openStore(path string) (*store, error) {
	s := &store{path: path, results: make(map[string]result)}
	if path == "" {
		return s, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.results); err != nil {
		return nil, fmt.Errorf("--state %s holds no results: %w; give another file", path, err)
	}
	return s, nil
}

// get returns the result of that name, computed if it is not there yet.
func (s *store) get(name string, compute func() (result, error)) (result, error) {
	if r, ok := s.results[name]; ok {
		return r, nil
	}
	begin := time.Now()
	r, err := compute()
	if err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	r.Seconds = time.Since(begin).Seconds()
	s.results[name] = r
	if s.path == "" {
		return r, nil
	}
	return r, wholefile.Write(s.path, func(w io.Writer) error { return json.NewEncoder(w).Encode(s.results) })
}
