package results

// Scale says how much of the reported log p is owed to structure of the density that is
// narrower than what the data or the settings resolve, in nats per row: what log p loses
// when the density is averaged over that scale around each row.
type Scale struct {
	On   string `json:"on"`
	Rows int    `json:"rows"`
	// Step is the loss over the cells between rounded values; absent where no column
	// lies on a grid. Floor is that from ten times the floor of variances; absent where
	// the floor does not bind.
	Step  *float64 `json:"step_nats,omitempty"`
	Floor *float64 `json:"floor_nats,omitempty"`
	// Dependent says that the number depends on such a scale, so that it is compared
	// with no other; Advice says what to do about it.
	Dependent bool   `json:"dependent"`
	Advice    string `json:"advice,omitempty"`
}

// Comparable reports whether the model's log p may be compared with that of others.
func (m *Model) Comparable() bool { return m.Scale == nil || !m.Scale.Dependent }
