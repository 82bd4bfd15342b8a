package results

// Mixtures is a model with a code as finite mixtures of its outputs p(x|z), at draws from
// the prior and at evenly spread codes.
type Mixtures struct {
	// On says which rows, and Rows how many of the first; Sets is the number of sets of
	// codes, whose spread is the error.
	On   string `json:"on"`
	Rows int    `json:"rows"`
	Sets int    `json:"sets"`
	// Reference is log p of the rows that distances are measured by: the integral over
	// the code where Exact, else the estimate.
	Reference *float64 `json:"reference_nats,omitempty"`
	Exact     bool     `json:"reference_exact"`
	// Even is absent for codes of more than 10 dimensions.
	Draws *MixtureCurve `json:"draws"`
	Even  *MixtureCurve `json:"even_codes,omitempty"`
}

// MixtureCurve is log p against the number of codes.
type MixtureCurve struct {
	Points []MixturePoint `json:"points"`
	// Rate is the power of the number of codes with which the distance fell over the
	// last three points; absent for fewer, or where it was infinite.
	Rate        *float64 `json:"rate,omitempty"`
	Evaluations int64    `json:"likelihood_evaluations"`
}

// MixturePoint is the mean log p of the rows, its standard error by the sets, and the root
// mean square of the distance of a row from its reference, all in nats.
type MixturePoint struct {
	Codes    int      `json:"codes"`
	Nats     *float64 `json:"nats,omitempty"`
	SE       *float64 `json:"se_nats,omitempty"`
	Distance *float64 `json:"distance_nats,omitempty"`
}
