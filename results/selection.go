package results

// Selection is how the mixture's size and family were chosen. Totals are
// over the training rows, in nats of the original data; criteria are in the
// sense in which larger is better, BIC = 2·log L − p·ln n.
type Selection struct {
	Criterion  string      `json:"criterion"`
	Candidates []Candidate `json:"candidates"`
}

// Candidate is one family with one number of components.
type Candidate struct {
	Covariance string   `json:"covariance"`
	Components int      `json:"components"`
	Parameters int      `json:"parameters,omitempty"`
	LogLik     *float64 `json:"log_likelihood_total_nats,omitempty"`
	BIC        *float64 `json:"bic_nats,omitempty"`
	AIC        *float64 `json:"aic_nats,omitempty"`
	ICL        *float64 `json:"icl_nats,omitempty"`
	HeldOut    *float64 `json:"held_out_nats,omitempty"`
	HeldOutErr *float64 `json:"held_out_se,omitempty"`
	Degenerate bool     `json:"degenerate,omitempty"`
	NotFitted  string   `json:"not_fitted,omitempty"`
}

// Ranked returns the number that candidates were ranked by.
func (c *Candidate) Ranked(criterion string) *float64 {
	switch criterion {
	case "bic":
		return c.BIC
	case "aic":
		return c.AIC
	case "icl":
		return c.ICL
	}
	return c.HeldOut
}
