// Package comparison is the main job: it fits several models to the same rows,
// evaluates them on the same held-out rows in the same units, and says which
// differences the data can show.
//
// The road of a row: a file or a named table becomes a dataset (Data.load);
// discrete levels are spread or binarised once, from the seed; rows are dealt
// into training, validation and test rows; a transform learned on the training
// rows alone takes them to model space (Data). Each family in the registry
// fits there (Job.fit). Evaluation asks each model for what it is: a closed
// form, or else importance sampling from its encoder beside the ELBO. Log
// densities go back to the units of the data by the transform's log-Jacobian,
// a single constant for all rows. Results collects the numbers; figures draw
// them.
//
// Everything random derives from the seed, the purpose and the row, so equal
// configurations give equal results, bit for bit, on any number of cores.
package compare
