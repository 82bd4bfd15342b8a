package results

import "likely/density"

// Checks holds what can be known of a model beside its numbers: whether its
// rows look like the data, whether draws that stand for the posterior are from it,
// and how the importance weights are spread.
type Checks struct {
	// TwoSample compares rows drawn from the model with those evaluated.
	TwoSample *TwoSample `json:"two_sample,omitempty"`
	// CalibrationEncoder is that of the draws of the encoder, CalibrationWeighted
	// that of draws of the proposal that log p is estimated with, chosen by their
	// importance weights.
	CalibrationEncoder  *Calibration `json:"calibration_encoder,omitempty"`
	CalibrationWeighted *Calibration `json:"calibration_weighted,omitempty"`
	// Weights counts the importance weights of the encoder's draws.
	Weights *Histogram `json:"weights,omitempty"`
	// Rows holds the numbers of each of the first rows.
	Rows []Row `json:"rows,omitempty"`
}

// TwoSample is an energy test (Székely & Rizzo 2013); a small p says that
// rows of the model can be told from the data.
type TwoSample struct {
	Distance     float64 `json:"energy_distance"`
	P            float64 `json:"p_value"`
	Rows         int     `json:"rows"`
	RowsModel    int     `json:"rows_model"`
	Permutations int     `json:"permutations"`
}

// Calibration says whether the codes of rows drawn from the model rank
// uniformly among draws given the row (Talts et al. 2018).
type Calibration struct {
	// P is the smallest of the p-values of the dimensions, times their number;
	// Values are these.
	P      float64   `json:"p_value"`
	Values []float64 `json:"p_values"`
	// Counts[j][r] is the number of rows with r of the draws below the code in
	// dimension j.
	Counts  [][]int `json:"counts"`
	Rows    int     `json:"rows"`
	Samples int     `json:"samples,omitempty"`
}

// Histogram counts log weights in nats below the largest of their row.
type Histogram struct {
	From  float64 `json:"from_nats"`
	Width float64 `json:"width_nats"`
	// Counts are draws, Mass the share of the sum of weights that they carry in
	// the mean over rows; Below is the number of draws under the first bin.
	Counts []int     `json:"counts"`
	Mass   []float64 `json:"mass"`
	Below  int       `json:"below"`
	Rows   int       `json:"rows"`
	Draws  int       `json:"draws"`
}

// Row is what was found on one row, in nats of the original data. Errors are
// those of the draws.
type Row struct {
	Where           string       `json:"row"`
	Kind            density.Kind `json:"kind"`
	LogProb         *float64     `json:"log_prob_nats,omitempty"`
	SE              *float64     `json:"se_nats,omitempty"`
	ESS             *float64     `json:"ess,omitempty"`
	KHat            *float64     `json:"khat,omitempty"`
	ELBO            *float64     `json:"elbo_nats,omitempty"`
	ELBORefined     *float64     `json:"elbo_refined_nats,omitempty"`
	Approximation   *float64     `json:"approximation_nats,omitempty"`
	ApproximationSE *float64     `json:"approximation_se_nats,omitempty"`
	Amortization    *float64     `json:"amortization_nats,omitempty"`
	AmortizationSE  *float64     `json:"amortization_se_nats,omitempty"`
	Converged       bool         `json:"refinement_converged"`
}
