package compare

import (
	"encoding/json"
	"fmt"

	"likely/results"
	"likely/saved"
)

// Fit is a fitted model with the story of its training. It is what a
// checkpoint keeps.
type Fit struct {
	Model *saved.Model `json:"-"`
	// Kind is the kind of model that it is.
	Kind Kind `json:"-"`
	// Seconds is the time the fit took, Passes how often it saw each
	// training row.
	Seconds float64 `json:"seconds"`
	Passes  float64 `json:"passes"`
	// Settings is what the fit did, every default in its place, and what it came
	// to, for results.json: an object.
	Settings json.RawMessage `json:"settings"`
	History  History         `json:"history"`
	// Course holds models on the way to the fit, the last one being the fit, where the
	// data have one or two columns. A checkpoint does not keep it.
	Course []Frame `json:"-"`
	// FloorActive and Converged are absent where the model has no such
	// thing.
	FloorActive *bool    `json:"floor_active,omitempty"`
	Converged   *bool    `json:"converged,omitempty"`
	Warnings    []string `json:"warnings"`
	// Selection is how size and covariance family were chosen, where they were.
	Selection *results.Selection `json:"selection,omitempty"`
	// Family names the kind in results.json where it is not that of the saved
	// model.
	Family string `json:"family,omitempty"`
	// Assumed says that the density rests on what training did not aim at.
	Assumed bool `json:"assumed,omitempty"`
	// Baseline says that the model is there for others to be measured against.
	Baseline bool `json:"baseline,omitempty"`
}

// record sets the settings of the fit to the union of some objects, of which a later
// one counts.
func (f *Fit) record(parts ...any) error {
	union := make(map[string]json.RawMessage)
	for _, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("the record of %s: %w", f.Model.Name, err)
		}
		if err := json.Unmarshal(text, &union); err != nil {
			return fmt.Errorf("the record of %s: %w", f.Model.Name, err)
		}
	}
	text, err := json.Marshal(union)
	f.Settings = text
	return err
}

// omit takes out of the record what the model has no use for.
func (f *Fit) omit(keys ...string) error {
	record := make(map[string]json.RawMessage)
	if err := json.Unmarshal(f.Settings, &record); err != nil {
		return fmt.Errorf("the record of %s: %w", f.Model.Name, err)
	}
	for _, key := range keys {
		delete(record, key)
	}
	return f.record(record)
}

// History is the course of a fit, for the figure: a bound on the mean log p,
// in nats per row of the original data, after each iteration or epoch.
type History struct {
	Unit string `json:"unit"` // iteration or epoch
	// Subtitle says what the numbers are, Quantity what to call their axis; "":
	// log p.
	Subtitle string    `json:"subtitle"`
	Quantity string    `json:"quantity,omitempty"`
	Train    []float64 `json:"train"`
	Valid    []float64 `json:"valid,omitempty"`
	Best     int       `json:"best,omitempty"` // counted from 1; 0: the last
}

// shifted returns values + c.
func shifted(values []float64, c float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v + c
	}
	return out
}

// weightedMean is mean where values count as often as weights say; nil: once.
func weightedMean(values, weights []float64) float64 {
	if weights == nil {
		return mean(values)
	}
	var sum, total float64
	for i, v := range values {
		sum += weights[i] * v
		total += weights[i]
	}
	return sum / total
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
