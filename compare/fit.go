package compare

import (
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
	// Settings is what the fit was asked to do, for results.json.
	Settings map[string]any `json:"settings"`
	History  History        `json:"history"`
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

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
