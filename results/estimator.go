package results

import "likely/density"

// Estimator is what one estimator of log p(x) says of the first rows of the
// evaluated part. All of a model's are means over the same rows, in nats of the
// original data, so that they differ by what they are, not by what they saw.
type Estimator struct {
	Name string `json:"name"`
	// Title is what to call it, and Note what its number is where the kind
	// does not say so.
	Title string       `json:"title"`
	Note  string       `json:"note,omitempty"`
	Kind  density.Kind `json:"kind"`
	// Certified says that the kind is that of a proof: an exact value, or a bound
	// in expectation. CUBO is an upper bound only of an expectation that its
	// estimate falls short of.
	Certified bool     `json:"certified"`
	Nats      *float64 `json:"nats,omitempty"`
	SEData    *float64 `json:"se_data,omitempty"`
	SESamples *float64 `json:"se_samples,omitempty"`
	Rows      int      `json:"rows"`
	// Refused says why there is no value.
	Refused string `json:"refused,omitempty"`
	// Draws is K in the K-sample bound, and the number of chains of annealing.
	Draws        int `json:"draws,omitempty"`
	Temperatures int `json:"temperatures,omitempty"`
	// Evaluations is the number of evaluations of p(x|z), or of it and its
	// gradient, that a row took. The K-sample bounds and the jackknife share
	// theirs.
	Evaluations int64 `json:"likelihood_evaluations_per_row,omitempty"`
	// Acceptance is that of the transitions of annealing, KHatBadShare the share
	// of rows whose k̂ is above the threshold, Error the error of quadrature.
	Acceptance   *float64 `json:"acceptance,omitempty"`
	KHatBadShare *float64 `json:"khat_bad_share,omitempty"`
	Error        *float64 `json:"error_nats,omitempty"`
	// Curve is the name of the curve of which this is a point, over Draws or,
	// where there are any, over Temperatures; Line that of a line across.
	Curve string `json:"curve,omitempty"`
	Line  string `json:"line,omitempty"`
}
