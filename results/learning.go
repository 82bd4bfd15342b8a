package results

// LearningPoint is log p of the held-out rows under a model that was chosen and fitted
// with so many rows, and its standard error.
type LearningPoint struct {
	RowsFitted int      `json:"rows_fitted"`
	Nats       *float64 `json:"nats,omitempty"`
	SE         *float64 `json:"se_nats,omitempty"`
	Chosen     string   `json:"chosen,omitempty"`
	Improving  string   `json:"still_improving,omitempty"`
}

// LearningPair is the difference of two models with so many rows, on the same held-out
// rows, as a [Pair].
type LearningPair struct {
	A          string   `json:"a"`
	B          string   `json:"b"`
	RowsFitted int      `json:"rows_fitted"`
	Diff       float64  `json:"diff_nats"`
	SE         *float64 `json:"se_nats,omitempty"`
	Better     string   `json:"better,omitempty"`
	SoFar      string   `json:"better_so_far,omitempty"`
}
