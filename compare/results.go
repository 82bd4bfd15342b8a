package compare

import (
	"encoding/json"
	"io"

	"likely/density"
)

// Schema is the version of the layout of results.json. Fields may be added
// under one version; a change of meaning makes a new one.
const Schema = "likely.results/1"

// Results is the content of results.json: everything that a comparison found,
// with the units in the field names. Nats are per example, of the original
// data. A quantity that was not computed is absent, never 0.
type Results struct {
	Schema   string         `json:"schema"`
	Seed     uint64         `json:"seed"`
	Version  Version        `json:"version"`
	Warnings []string       `json:"warnings"`
	Dataset  DatasetResult  `json:"dataset"`
	Models   []*ModelResult `json:"models"`
	Pairs    []PairResult   `json:"pairs"`
	Novelty  *NoveltyResult `json:"novelty,omitempty"`
}

// Version says which program made the numbers, on what.
type Version struct {
	Likely   string `json:"likely"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// DatasetResult describes the data as the models saw them.
type DatasetResult struct {
	Name      string          `json:"name"`
	SHA256    string          `json:"sha256"`
	Dim       int             `json:"dim"`
	RowsTrain int             `json:"rows_train"`
	RowsValid int             `json:"rows_valid"`
	RowsTest  int             `json:"rows_test"`
	Measure   density.Measure `json:"measure"`
	// Binarize is how levels became bits: none, threshold, static or dynamic
	// (in training; the evaluation rows are static).
	Binarize string `json:"binarize"`
	// DequantizeStep is the width of the noise; absent where columns differ
	// or nothing was spread.
	DequantizeStep *float64 `json:"dequantize_step,omitempty"`
	// Transform is what the models see: standard, center or none.
	Transform string `json:"transform"`
	// Test describes a test set of its own.
	Test *FileResult `json:"test,omitempty"`
	// Missing is the number of values that are missing; log p is then that of
	// what is observed of each row.
	Missing int `json:"missing_values,omitempty"`
	// Weights says how often rows count, if not once each.
	Weights *WeightsResult `json:"weights,omitempty"`
	// RowsHeld is the number of rows that were held in memory, a sample of a
	// file of which the rest was streamed.
	RowsHeld int `json:"rows_in_memory,omitempty"`
	// EvalRows is the limit on the rows evaluated of each split, if any.
	EvalRows int `json:"eval_rows,omitempty"`
}

// WeightsResult describes the weights of rows: their column, their sums, and the
// number of rows that were left out for a weight of 0.
type WeightsResult struct {
	Column string  `json:"column"`
	Total  float64 `json:"sum"`
	Train  float64 `json:"sum_train"`
	Valid  float64 `json:"sum_valid,omitempty"`
	Test   float64 `json:"sum_test,omitempty"`
	Absent int     `json:"rows_of_weight_0"`
}

// FileResult identifies a file.
type FileResult struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// ModelResult is what was found for one model.
type ModelResult struct {
	Name                 string        `json:"name"`
	Family               string        `json:"family"`
	Parameters           int           `json:"parameters"`
	FitSeconds           float64       `json:"fit_seconds"`
	FitExamplesPerSecond float64       `json:"fit_examples_per_second"`
	Config               any           `json:"config"`
	File                 string        `json:"file,omitempty"`
	Train                *SplitResult  `json:"train,omitempty"`
	Valid                *SplitResult  `json:"valid,omitempty"`
	Test                 *SplitResult  `json:"test,omitempty"`
	Bounds               *BoundsResult `json:"bounds,omitempty"`
	Gap                  *GapResult    `json:"gap,omitempty"`
	// GapTrain is the gap of as many training rows, and Overfitting what the
	// encoder loses more on rows that it was not trained on.
	GapTrain    *GapResult         `json:"gap_train,omitempty"`
	Overfitting *OverfittingResult `json:"encoder_overfitting,omitempty"`
	// Sandwich is by importance sampling from the encoder, SandwichAnnealed by
	// annealing in both directions.
	Sandwich         *SandwichResult    `json:"sandwich,omitempty"`
	SandwichAnnealed *SandwichResult    `json:"sandwich_annealed,omitempty"`
	RateSplit        *RateResult        `json:"rate_split,omitempty"`
	Estimators       []EstimatorResult  `json:"estimators,omitempty"`
	Checks           *ChecksResult      `json:"checks,omitempty"`
	Diagnostics      *DiagnosticsResult `json:"diagnostics,omitempty"`
	Selection        *SelectionResult   `json:"selection,omitempty"`
}

// SplitResult is the quality of a model on one part of the data. Models
// without a density have a reconstruction error only.
type SplitResult struct {
	Kind       *density.Kind `json:"kind,omitempty"`
	Nats       *float64      `json:"nats,omitempty"`
	SEData     *float64      `json:"se_data,omitempty"`
	SESamples  *float64      `json:"se_samples,omitempty"`
	BitsPerDim *float64      `json:"bits_per_dim,omitempty"`
	// Rows is the number of rows evaluated, Samples the draws for each.
	Rows    int `json:"rows"`
	Samples int `json:"samples,omitempty"`
	// Evaluations is the number of evaluations of p(x|z) that all rows took,
	// those that adapted the proposal included.
	Evaluations int64 `json:"likelihood_evaluations,omitempty"`
	// ReconstructionRMSE is the root mean squared error over all entries,
	// in the units of the data.
	ReconstructionRMSE *float64 `json:"reconstruction_rmse,omitempty"`
}

// BoundsResult holds the bounds on log p(x) over the test rows (the training
// rows where none were held out).
type BoundsResult struct {
	On            string   `json:"on"`
	ELBO          *float64 `json:"elbo_nats,omitempty"`
	ELBOSEData    *float64 `json:"elbo_se_data,omitempty"`
	ELBOSESamples *float64 `json:"elbo_se_samples,omitempty"`
	// ELBORefined is the ELBO with q(z|x) refined for each of the first rows;
	// Quadrature the integral over a code of one to three dimensions, with the
	// largest error that it estimates for a row.
	ELBORefined          *float64 `json:"elbo_refined_nats,omitempty"`
	ELBORefinedSEData    *float64 `json:"elbo_refined_se_data,omitempty"`
	ELBORefinedSESamples *float64 `json:"elbo_refined_se_samples,omitempty"`
	ELBORefinedRows      *int     `json:"elbo_refined_rows,omitempty"`
	Quadrature           *float64 `json:"quadrature_nats,omitempty"`
	QuadratureError      *float64 `json:"quadrature_error_nats,omitempty"`
	QuadratureRows       *int     `json:"quadrature_rows,omitempty"`
	IWAE                 *float64 `json:"iwae_nats,omitempty"`
	IWAESamples          *int     `json:"iwae_samples,omitempty"`
	IWAESEData           *float64 `json:"iwae_se_data,omitempty"`
	IWAESESamples        *float64 `json:"iwae_se_samples,omitempty"`
	// AIS is the bound by annealing from the prior over the most temperatures.
	AIS             *float64 `json:"ais_nats,omitempty"`
	AISSEData       *float64 `json:"ais_se_data,omitempty"`
	AISSESamples    *float64 `json:"ais_se_samples,omitempty"`
	AISRows         int      `json:"ais_rows,omitempty"`
	AISTemperatures int      `json:"ais_temperatures,omitempty"`
	Rate            *float64 `json:"rate_nats,omitempty"`
	Distortion      *float64 `json:"distortion_nats,omitempty"`
}

// GapResult is log p(x) − ELBO, and its parts, all on the same rows: the first
// ones where q(z|x) was refined, else all. Errors are those of the draws.
type GapResult struct {
	Total           *float64 `json:"total_nats,omitempty"`
	Approximation   *float64 `json:"approximation_nats,omitempty"`
	Amortization    *float64 `json:"amortization_nats,omitempty"`
	SE              *float64 `json:"se_nats,omitempty"`
	ApproximationSE *float64 `json:"approximation_se_nats,omitempty"`
	AmortizationSE  *float64 `json:"amortization_se_nats,omitempty"`
	Rows            int      `json:"rows"`
	// RowsConverged is on how many of the rows the refinement converged.
	RowsConverged *int `json:"rows_converged,omitempty"`
}

// SandwichResult brackets log p(x) on rows drawn from the model itself, the
// only rows for which an upper bound can be certified.
type SandwichResult struct {
	Lower   *float64 `json:"lower_nats,omitempty"`
	Upper   *float64 `json:"upper_nats,omitempty"`
	LowerSE *float64 `json:"lower_se_nats,omitempty"`
	UpperSE *float64 `json:"upper_se_nats,omitempty"`
	// Width is upper − lower; Single the upper bound of one draw (EUBO).
	Width   *float64 `json:"width_nats,omitempty"`
	WidthSE *float64 `json:"width_se_nats,omitempty"`
	Single  *float64 `json:"single_draw_upper_nats,omitempty"`
	// Certified says that both sides are bounds in expectation, for any number of
	// draws: an upper bound needs a draw from the posterior, and the code that a
	// row was drawn from is one.
	Certified bool   `json:"certified"`
	On        string `json:"on"`
	Rows      int    `json:"rows"`
	// Samples is the number of draws, or of chains, for each row; Temperatures
	// that of annealing.
	Samples      int `json:"samples"`
	Temperatures int `json:"temperatures,omitempty"`
	// Evaluations is the number of evaluations of p(x|z) that all rows took.
	Evaluations int64 `json:"likelihood_evaluations"`
}

// OverfittingResult is what held-out rows have more of than training rows:
// amortisation gap, and bound. Errors are over rows and draws.
type OverfittingResult struct {
	// ELBOHeld and ELBOTrain are the bounds of the encoder on the rows of each,
	// and ELBO the first less the second, which the model overfits too.
	ELBOHeld  *float64 `json:"elbo_held_out_nats,omitempty"`
	ELBOTrain *float64 `json:"elbo_train_nats,omitempty"`
	ELBO      *float64 `json:"elbo_difference_nats,omitempty"`
	ELBOSE    *float64 `json:"elbo_difference_se_nats,omitempty"`
	// Amortization is what of it is the encoder's fault alone.
	Amortization *float64 `json:"amortization_nats,omitempty"`
	SE           *float64 `json:"se_nats,omitempty"`
	RowsHeld     int      `json:"rows_held_out"`
	RowsTrain    int      `json:"rows_train"`
}

// RateResult divides the mean rate of some rows: what the code says of the row, and
// how far the codes of all rows together are from the prior, by dimension where the
// prior is N(0, I) and q(z|x) has independent dimensions.
type RateResult struct {
	On               string    `json:"on"`
	Rate             *float64  `json:"rate_nats,omitempty"`
	Information      *float64  `json:"mutual_information_nats,omitempty"`
	Marginal         *float64  `json:"marginal_kl_nats,omitempty"`
	SE               *float64  `json:"se_nats,omitempty"`
	TotalCorrelation *float64  `json:"total_correlation_nats,omitempty"`
	Dimensions       []float64 `json:"dimension_kl_nats,omitempty"`
	Rows             int       `json:"rows"`
	Samples          int       `json:"samples"`
}

// DiagnosticsResult tells how far the numbers of a model can be trusted.
type DiagnosticsResult struct {
	ESSMedian    *float64 `json:"ess_median,omitempty"`
	KHatBadShare *float64 `json:"khat_bad_share,omitempty"`
	ActiveUnits  *int     `json:"active_units,omitempty"`
	// RatePerDim is the mean divergence of each dimension of the code from the
	// prior, on the training rows; absent where the prior is a mixture.
	RatePerDim  []float64 `json:"rate_per_dimension_nats,omitempty"`
	FloorActive *bool     `json:"floor_active,omitempty"`
	Converged   *bool     `json:"converged,omitempty"`
}

// PairResult is the mean over the same test rows of log p_A − log p_B. The
// standard error is that of the paired differences, Monte Carlo included.
type PairResult struct {
	A    string  `json:"a"`
	B    string  `json:"b"`
	Diff float64 `json:"diff_nats"`
	// SE is absent for a single row, which says nothing about the spread.
	SE *float64 `json:"se_nats,omitempty"`
	// Rows is the number of test rows compared.
	Rows int `json:"rows"`
	// Better names the model with the larger log p where the difference
	// is significant, and is absent where it is not.
	Better string `json:"better,omitempty"`
}

// WriteJSON writes the results as indented JSON.
func (r *Results) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
