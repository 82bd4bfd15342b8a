package results

import "likely/density"

// Model is what was found for one model.
type Model struct {
	Name                 string  `json:"name"`
	Family               string  `json:"family"`
	Parameters           int     `json:"parameters"`
	FitSeconds           float64 `json:"fit_seconds"`
	FitExamplesPerSecond float64 `json:"fit_examples_per_second"`
	Config               any     `json:"config"`
	File                 string  `json:"file,omitempty"`
	Train                *Split  `json:"train,omitempty"`
	Valid                *Split  `json:"valid,omitempty"`
	Test                 *Split  `json:"test,omitempty"`
	// Scale is what the reported log p owes to a scale that the data do not resolve.
	Scale  *Scale  `json:"scale,omitempty"`
	Bounds *Bounds `json:"bounds,omitempty"`
	Gap    *Gap    `json:"gap,omitempty"`
	// GapTrain is the gap of as many training rows, and Overfitting what the
	// encoder loses more on rows that it was not trained on.
	GapTrain    *Gap         `json:"gap_train,omitempty"`
	Overfitting *Overfitting `json:"encoder_overfitting,omitempty"`
	// Sandwich is by importance sampling from the encoder, SandwichAnnealed by
	// annealing in both directions.
	Sandwich         *Sandwich    `json:"sandwich,omitempty"`
	SandwichAnnealed *Sandwich    `json:"sandwich_annealed,omitempty"`
	RateSplit        *Rate        `json:"rate_split,omitempty"`
	Estimators       []Estimator  `json:"estimators,omitempty"`
	Mixtures         *Mixtures    `json:"finite_mixtures,omitempty"`
	Checks           *Checks      `json:"checks,omitempty"`
	Diagnostics      *Diagnostics `json:"diagnostics,omitempty"`
	Selection        *Selection   `json:"selection,omitempty"`
	Search           *Search      `json:"search,omitempty"`
	// Folds has an entry for each part of the rows that was held out in turn.
	Folds []Fold `json:"folds,omitempty"`
	// Learning is the learning curve, from the fewest rows to all.
	Learning []LearningPoint `json:"learning_curve,omitempty"`
}

// Split is the quality of a model on one part of the data. Models
// without a density have a reconstruction error only.
type Split struct {
	Kind      *density.Kind `json:"kind,omitempty"`
	Nats      *float64      `json:"nats,omitempty"`
	SEData    *float64      `json:"se_data,omitempty"`
	SESamples *float64      `json:"se_samples,omitempty"`
	// SETraining is the standard error of the mean over repetitions of the whole
	// procedure, which Nats is; Repeated has their values, null for one that failed.
	SETraining *float64   `json:"se_training,omitempty"`
	Repeats    int        `json:"repeats,omitempty"`
	Repeated   []*float64 `json:"repeated_nats,omitempty"`
	BitsPerDim *float64   `json:"bits_per_dim,omitempty"`
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

// Diagnostics tells how far the numbers of a model can be trusted.
type Diagnostics struct {
	ESSMedian    *float64 `json:"ess_median,omitempty"`
	KHatBadShare *float64 `json:"khat_bad_share,omitempty"`
	// Rungs counts the rows by the proposal that their codes were drawn from.
	Rungs       []Rung `json:"proposals,omitempty"`
	ActiveUnits *int   `json:"active_units,omitempty"`
	// RatePerDim is the mean divergence of each dimension of the code from the
	// prior, on the training rows; absent where the prior is a mixture.
	RatePerDim  []float64 `json:"rate_per_dimension_nats,omitempty"`
	FloorActive *bool     `json:"floor_active,omitempty"`
	Converged   *bool     `json:"converged,omitempty"`
}

// Rung is how many rows had their codes drawn from one kind of proposal, and how far
// their estimates can be trusted.
type Rung struct {
	Proposal string `json:"proposal"`
	Rows     int    `json:"rows"`
	// Untrusted is the number of rows whose k̂ is above the threshold; KHat is the
	// median of k̂ and Worst the largest.
	Untrusted int      `json:"rows_untrusted"`
	KHat      *float64 `json:"khat_median,omitempty"`
	Worst     *float64 `json:"khat_worst,omitempty"`
	// Evaluations is the mean number of evaluations of p(x|z) for one of them, a
	// gradient counted as two.
	Evaluations float64 `json:"evaluations_per_row,omitempty"`
	// Back is the number of rows for which a costlier proposal was tried and given up.
	Back int `json:"rows_back,omitempty"`
}

// Pair is the mean over the same test rows of log p_A − log p_B. The
// standard error is that of the paired differences, Monte Carlo included.
type Pair struct {
	A    string  `json:"a"`
	B    string  `json:"b"`
	Diff float64 `json:"diff_nats"`
	// SE is absent for a single row, which says nothing about the spread.
	SE *float64 `json:"se_nats,omitempty"`
	// SETraining is the part of SE that repetitions of the training have.
	SETraining *float64 `json:"se_training,omitempty"`
	// Rows is the number of test rows compared.
	Rows int `json:"rows"`
	// Needed is how many standard errors from zero the difference must be to count: 2 of
	// many rows, more of few. It is absent where there are too few for any to count, and
	// in results that were written before there was one.
	Needed *float64 `json:"se_needed,omitempty"`
	// Freedom is the number of degrees of freedom of SE, and Groups that of groups of rows
	// that are not independent; absent: not known, and none.
	Freedom *float64 `json:"se_degrees_of_freedom,omitempty"`
	Groups  int      `json:"groups,omitempty"`
	// Better names the model with the larger log p where the difference
	// is significant, and is absent where it is not.
	Better string `json:"better,omitempty"`
	// SoFar names the model with the larger log p where the difference is significant,
	// but the other may become better with more work; Better is then absent.
	SoFar string `json:"better_so_far,omitempty"`
}

// Split returns the quality on the part of the data of this name: train, valid or
// test; nil where there is none.
func (m *Model) Split(name string) *Split {
	switch name {
	case "train":
		return m.Train
	case "valid":
		return m.Valid
	}
	return m.Test
}

// Improving says why more work may make the model better, or "".
func (m *Model) Improving() string {
	if m.Search == nil {
		return ""
	}
	return m.Search.Improving
}
