package results

// Search is how the sizes of a model were chosen: by log p of rows that it was not trained
// on, within a budget of work.
type Search struct {
	// RowsLeftOut is the number of rows by which candidates were compared, and Folds that
	// of parts of the training rows which were left out in turn, absent where these were
	// the validation rows.
	RowsLeftOut int `json:"rows_left_out"`
	Folds       int `json:"folds,omitempty"`
	// Budget is what could be spent, in floating-point operations or in seconds, and
	// Spent the operations that choosing and training took.
	Budget        float64 `json:"budget_operations,omitempty"`
	BudgetSeconds float64 `json:"budget_seconds,omitempty"`
	Spent         float64 `json:"operations"`
	// Best had the highest mean, and Chosen is the simplest within one standard error
	// of it.
	Best   string `json:"best"`
	Chosen string `json:"chosen"`
	// Improving says why more work may make the model better; "": it would not, as far
	// as was seen.
	Improving  string  `json:"still_improving,omitempty"`
	Candidates []Tried `json:"candidates"`
}

// Tried is what became of a candidate.
type Tried struct {
	Name       string `json:"name"`
	Parameters int    `json:"parameters"`
	Round      int    `json:"round"`
	// Status is finished, behind, unbegun or failed.
	Status string `json:"status"`
	// Unsound says that its likelihood says little about the data.
	Unsound bool `json:"unsound,omitempty"`
	// Gap is how much its mean lies below that of the best at its last comparison.
	Gap   *float64 `json:"behind_nats,omitempty"`
	GapSE *float64 `json:"behind_se,omitempty"`
	// Curve has the mean over the rows left out at each comparison.
	Curve []Point `json:"curve,omitempty"`
	Error string  `json:"error,omitempty"`
}

// Point is the mean over the rows left out, after so many passes over those trained on.
type Point struct {
	Passes float64 `json:"passes"`
	Nats   float64 `json:"nats"`
}

// Fold is what became of a part of the rows, held out from the whole procedure.
type Fold struct {
	Rows int      `json:"rows"`
	Nats *float64 `json:"nats,omitempty"`
	// Chosen is the size that was chosen without them, and Improving as in [Search].
	Chosen    string `json:"chosen,omitempty"`
	Improving string `json:"still_improving,omitempty"`
}

// Last returns the mean at the last comparison; nil where there was none.
func (t *Tried) Last() *float64 {
	if len(t.Curve) == 0 {
		return nil
	}
	return Optional(t.Curve[len(t.Curve)-1].Nats)
}
