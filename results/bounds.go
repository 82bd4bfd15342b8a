package results

// Bounds holds the bounds on log p(x) over the test rows (the training
// rows where none were held out).
type Bounds struct {
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

// Gap is log p(x) − ELBO, and its parts, all on the same rows: the first
// ones where q(z|x) was refined, else all. Errors are those of the draws.
type Gap struct {
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

// Overfitting is what held-out rows have more of than training rows:
// amortisation gap, and bound. Errors are over rows and draws.
type Overfitting struct {
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

// Sandwich brackets log p(x) on rows drawn from the model itself, the
// only rows for which an upper bound can be certified.
type Sandwich struct {
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

// Rate divides the mean rate of some rows: what the code says of the row, and
// how far the codes of all rows together are from the prior, by dimension where the
// prior is N(0, I) and q(z|x) has independent dimensions.
type Rate struct {
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
