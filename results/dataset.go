package results

import "likely/density"

// Dataset describes the data as the models saw them.
type Dataset struct {
	Name      string `json:"name"`
	SHA256    string `json:"sha256"`
	Dim       int    `json:"dim"`
	RowsTrain int    `json:"rows_train"`
	RowsValid int    `json:"rows_valid"`
	RowsTest  int    `json:"rows_test"`
	// Folds is the number of parts that were held out in turn, from all that is fitted
	// and chosen: RowsTest is then all rows, and so are those that the models saved are
	// fitted to. Absent: rows were held out once.
	Folds   int             `json:"folds,omitempty"`
	Measure density.Measure `json:"measure"`
	// Columns says what the columns are, where their types make the measure.
	Columns []Column `json:"columns,omitempty"`
	// Binarize is how levels became bits: none, threshold, static or dynamic
	// (in training; the evaluation rows are static).
	Binarize string `json:"binarize"`
	// DequantizeStep is the width of the noise; absent where columns differ
	// or nothing was spread.
	DequantizeStep *float64 `json:"dequantize_step,omitempty"`
	// Transform is what the models see: standard, center or none.
	Transform string `json:"transform"`
	// Test describes a test set of its own.
	Test *File `json:"test,omitempty"`
	// Missing is the number of values that are missing; log p is then that of
	// what is observed of each row.
	Missing int `json:"missing_values,omitempty"`
	// Weights says how often rows count, if not once each.
	Weights *Weights `json:"weights,omitempty"`
	// RowsHeld is the number of rows that were held in memory, a sample of a
	// file of which the rest was streamed.
	RowsHeld int `json:"rows_in_memory,omitempty"`
	// Group is the column of the groups of rows, none of which is divided between parts,
	// and Groups their number.
	Group  string `json:"group,omitempty"`
	Groups int    `json:"groups,omitempty"`
	// EvalRows is the limit on the rows evaluated of each split, if any.
	EvalRows int `json:"eval_rows,omitempty"`
}

// Column describes a column: its type, and the names of the levels of a categorical
// one, in the order of their codes.
type Column struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Levels []string `json:"levels,omitempty"`
}

// Weights describes the weights of rows: their column, their sums, and the
// number of rows that were left out for a weight of 0.
type Weights struct {
	Column string  `json:"column"`
	Total  float64 `json:"sum"`
	Train  float64 `json:"sum_train"`
	Valid  float64 `json:"sum_valid,omitempty"`
	Test   float64 `json:"sum_test,omitempty"`
	Absent int     `json:"rows_of_weight_0"`
}

// File identifies a file.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}
