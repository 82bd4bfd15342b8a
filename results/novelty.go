package results

// Novelty says how new rows drawn from the models are, beside the same
// statistics of rows that are known to be new or copied. Distances are those of
// the columns as the models see them.
type Novelty struct {
	// Rows is the number of rows in each set, RowsTrain the number of training
	// rows that they are compared with, the first ones, and RowsHeld that of the
	// test rows, the first half.
	Rows      int          `json:"rows"`
	RowsTrain int          `json:"rows_train"`
	RowsHeld  int          `json:"rows_held"`
	Sets      []NoveltySet `json:"sets"`
}

// NoveltySet holds the statistics of one set of rows.
type NoveltySet struct {
	Name string `json:"name"`
	// Control is true for rows that no model made.
	Control bool `json:"control"`
	// Copying is C_T (Meehan et al. 2020): far below 0 the rows are nearer to
	// training rows than held-out rows are; absent where cells are too small.
	Copying *float64 `json:"copying_z,omitempty"`
	// Hull is the mean distance from the convex hull of the ten nearest
	// training rows.
	Hull float64 `json:"hull_distance"`
	// Different is the share of cells of the training rows with more or fewer
	// rows than their share (NDB/k); 0.05 of them are so by chance.
	Different float64 `json:"bins_different_share"`
	// Coverage is the share of held-out rows with one of these rows nearby,
	// and Density how many of them a row is near to, in the mean.
	Coverage float64 `json:"coverage"`
	Density  float64 `json:"density"`
}
