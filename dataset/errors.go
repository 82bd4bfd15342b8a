package dataset

import "errors"

// Errors that name what is wrong with a file or with a request. They are
// wrapped with the place and the remedy. A NaN or an infinity wraps
// density.ErrNonFinite, a constant column density.ErrConstant.
var (
	// ErrUnknown reports a name that is neither a known dataset nor a file.
	ErrUnknown = errors.New("unknown dataset")
	// ErrAbsent reports a known dataset whose files are not on this machine.
	ErrAbsent = errors.New("dataset is not on this machine")
	// ErrFormat reports a file that does not follow its format.
	ErrFormat = errors.New("file does not follow its format")
	// ErrTruncated reports a file that ends before its contents do.
	ErrTruncated = errors.New("file is cut short")
	// ErrTooLarge reports a compressed file that unpacks to more than
	// MaxUnpacked bytes, or an array too large to address.
	ErrTooLarge = errors.New("contents are too large")
	// ErrEmpty reports a file without a single row of data.
	ErrEmpty = errors.New("there are no rows")
	// ErrRagged reports rows that differ in width.
	ErrRagged = errors.New("rows differ in width")
	// ErrText reports a cell that is not a number.
	ErrText = errors.New("not a number")
	// ErrMissing reports an empty cell.
	ErrMissing = errors.New("value is missing")
	// ErrLabels reports labels that cannot be used.
	ErrLabels = errors.New("labels do not fit")
	// ErrColumn reports the name of a column that is not there.
	ErrColumn = errors.New("no such column")
	// ErrNames reports column names that are empty or occur twice.
	ErrNames = errors.New("columns need names of their own")
	// ErrUnseen reports a level of a categorical column that the training data
	// do not have.
	ErrUnseen = errors.New("an unknown level")
	// ErrType reports a column whose values do not fit its type.
	ErrType = errors.New("values do not fit the type")
	// ErrGroups reports groups of rows that cannot be used.
	ErrGroups = errors.New("groups do not fit")
	// ErrWeights reports weights of rows that cannot be used.
	ErrWeights = errors.New("weights do not fit")
	// ErrMismatch reports two sets of data that cannot be used together, such
	// as a test file of another width.
	ErrMismatch = errors.New("data sets do not match")
	// ErrTooFew reports data with too few rows to fit anything to.
	ErrTooFew = errors.New("too few rows")
	// ErrLattice reports data whose values are not evenly spaced levels.
	ErrLattice = errors.New("values are not on a lattice")
	// ErrMeasure reports an operation that the measure of the data forbids,
	// such as dequantising twice.
	ErrMeasure = errors.New("measure of the data does not allow this")
)
