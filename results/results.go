// Package results is what results.json says: the types, with the units in the field
// names, and how they are written and read. It knows no model, so that a program
// can show a comparison without linking what made it.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"likely/internal/oneline"
)

// FileName is the file that every output folder of a comparison holds.
const FileName = "results.json"

// ErrFormat reports a file that does not hold results.
var ErrFormat = errors.New("not the results of a comparison")

// Schema is the version of the layout of results.json. Fields may be added
// under one version; a change of meaning makes a new one.
const Schema = "likely.results/1"

// Results is the content of results.json: everything that a comparison found,
// with the units in the field names. Nats are per example, of the original
// data. A quantity that was not computed is absent, never 0.
type Results struct {
	Schema  string  `json:"schema"`
	Seed    uint64  `json:"seed"`
	Version Version `json:"version"`
	// Settings is what the comparison was asked to do: enough to repeat it.
	Settings json.RawMessage `json:"settings,omitempty"`
	Warnings []string        `json:"warnings"`
	Dataset  Dataset         `json:"dataset"`
	Models   []*Model        `json:"models"`
	Pairs    []Pair          `json:"pairs"`
	// LearningPairs are the differences of models that were fitted to some of the rows.
	LearningPairs []LearningPair `json:"learning_pairs,omitempty"`
	Novelty       *Novelty       `json:"novelty,omitempty"`
}

// Version says which program made the numbers, on what.
type Version struct {
	Likely   string `json:"likely"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ReadJSON reads what [Results.WriteJSON] wrote. Anything else is an error that wraps
// [ErrFormat].
func ReadJSON(r io.Reader) (*Results, error) {
	out := new(Results)
	if err := json.NewDecoder(r).Decode(out); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, oneline.Error(err))
	}
	if out.Schema != Schema {
		return nil, fmt.Errorf("%w: its schema is %q, and this program reads %q", ErrFormat, out.Schema, Schema)
	}
	return out, nil
}

// Reported is the part of the data that is reported: test, or train where no rows
// were held out.
func (r *Results) Reported() string {
	if r.Dataset.RowsTest == 0 {
		return "train"
	}
	return "test"
}

// WriteJSON writes the results as indented JSON.
func (r *Results) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
