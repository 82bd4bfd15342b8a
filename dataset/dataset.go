package dataset

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Dataset is a table of numbers that knows where it comes from, what its
// columns mean and against which measure a density of it is taken.
//
// Methods return a new Dataset and leave the receiver alone; slices other
// than the values may be shared between the two.
type Dataset struct {
	// Name is the name of a known dataset, or that of the file without its
	// folder and extension.
	Name string
	// X holds the values, N×D, one example a row, in original units.
	X *mat.Dense
	// Columns holds the D column names.
	Columns []string
	// Labels holds the class of each row (length N), an index into
	// LabelNames where there are names, or nil. No model is shown them.
	Labels []int
	// LabelNames names the classes, or is nil.
	LabelNames []string

	// Groups holds the group of each row (length N), or is nil. Rows of one group are
	// never divided between parts. GroupNames names them.
	Groups     []int
	GroupNames []string

	// Types holds the type of each column (length D), where the reader was
	// asked for types, else it is nil; [Dataset.Typed] finds them.
	Types []ColumnType
	// Levels holds the names of the levels of each categorical column (length
	// D, nil for other columns); values are the indices of these. It is nil
	// where no column is categorical.
	Levels [][]string
	// Notes holds what a person should know about how the file was read.
	Notes []Note

	// Weights says how often each row counts (length N, positive), or is nil
	// where each counts once. Absent is the number of rows of weight 0, which
	// are left out.
	Weights []float64
	Absent  int

	// Measure is what a density of the data is a density with respect to.
	Measure density.Measure
	// Step is the spacing of the levels of discrete data, in original units;
	// 0 where the data are continuous or their spacing is not declared. It
	// is kept through [Dataset.Dequantize].
	Step float64
	// Steps holds the spacing of each column (length D) where columns differ,
	// else it is nil and Step stands for all.
	Steps []float64
	// Lo and Hi are the lowest and the highest level that can occur, such as
	// 0 and 255; both 0 where the range is not known.
	Lo, Hi float64
	// Height and Width are the shape of an image, row by row in the columns
	// of X; both 0 where rows are not images.
	Height, Width int

	// Source says who made the data, and where they were published.
	Source string
	// Licence says on what terms they may be passed on.
	Licence string
	// SHA256 is the fingerprint in hexadecimal: of the contents of the file,
	// after gunzip if it is gzipped, so that it does not depend on who
	// compressed it (zcat FILE | sha256sum prints it). Synthetic data, which
	// have no file, are fingerprinted by their values as little-endian
	// float64. Cutting, dequantising and binarising keep it.
	SHA256 string
	// File is the path that was read, or empty.
	File string

	// Truth is the density the data were drawn from where it is known, else
	// nil.
	Truth density.Exact

	rows  []int   // row of the original data that each row is; nil: row i is i
	lines []int32 // line in the file of each original row; nil: not a text file
	// sampled holds the line of each original row where these are a sample of
	// the rows of a text file.
	sampled map[int]int32

	choice *choice // while the data are being read

	part uint64 // 0 for training data, 1 for a test set of its own

	// origin is the data that levels and range are taken from where they are
	// not declared, so that all parts of a split agree; nil: these.
	origin *Dataset
}

// Rows returns N, the number of examples.
func (d *Dataset) Rows() int {
	n, _ := d.X.Dims()
	return n
}

// Dim returns D, the number of columns.
func (d *Dataset) Dim() int {
	_, c := d.X.Dims()
	return c
}

// IsImage reports whether rows are images of Height×Width pixels.
func (d *Dataset) IsImage() bool { return d.Height > 0 && d.Width > 0 }

// Row returns the number, from 0, that row i has in the original data. It is
// what ties random draws to an example however the data are cut.
func (d *Dataset) Row(i int) int {
	if d.rows == nil {
		return i
	}
	return d.rows[i]
}

// Where says in words where a value came from, for messages: file, line or
// row, and the column's number and name. Arguments count from 0, the words
// from 1. With col < 0 the column is left out.
func (d *Dataset) Where(row, col int) string {
	place := d.File
	if place == "" {
		place = d.Name
	}
	var where strings.Builder
	where.WriteString(place)
	if original := d.Row(row); d.lines != nil {
		fmt.Fprintf(&where, ", line %d", d.lines[original])
	} else if d.sampled != nil {
		fmt.Fprintf(&where, ", line %d", d.sampled[original])
	} else {
		fmt.Fprintf(&where, ", row %d", original+1)
	}
	if col >= 0 {
		where.WriteString(", ")
		where.WriteString(columnPlace(d.Columns, col))
	}
	return where.String()
}

// columnPlace says which column col (from 0) is: its number from 1 and, where
// it has one of its own, its name.
func columnPlace(columns []string, col int) string {
	if col < len(columns) && columns[col] != "" && !isColumnName(columns[col], col) {
		return fmt.Sprintf("column %d (%s)", col+1, quote(columns[col]))
	}
	return fmt.Sprintf("column %d", col+1)
}

// columnName is the name of column col (from 0) where the file gives none.
func columnName(col int) string { return fmt.Sprintf("x%d", col+1) }

// isColumnName reports whether name is what column col has without a name of
// its own. It makes no string: tables may be wide.
func isColumnName(name string, col int) bool {
	if len(name) < 2 || name[0] != 'x' || name[1] == '0' || name[1] == '+' || name[1] == '-' {
		return false
	}
	k, err := strconv.Atoi(name[1:])
	return err == nil && k == col+1
}

// count is a number of things in words: 1 column, 2 columns.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func columnNames(d int) []string {
	names := make([]string, d)
	for j := range names {
		names[j] = columnName(j)
	}
	return names
}

// Take returns the given rows (from 0) in the given order. The rows remember
// which rows of the original data they are. It panics if a row is out of
// range or none is asked for.
func (d *Dataset) Take(rows []int) *Dataset {
	if len(rows) == 0 {
		panic("dataset: no rows to take")
	}
	x := mat.NewDense(len(rows), d.Dim(), nil)
	out := d.with(x)
	out.origin = d.root()
	out.rows = make([]int, len(rows))
	if d.Labels != nil {
		out.Labels = make([]int, len(rows))
	}
	if d.Weights != nil {
		out.Weights = make([]float64, len(rows))
	}
	if d.Groups != nil {
		out.Groups = make([]int, len(rows))
	}
	for i, r := range rows {
		copy(x.RawRowView(i), d.X.RawRowView(r))
		out.rows[i] = d.Row(r)
		if d.Labels != nil {
			out.Labels[i] = d.Labels[r]
		}
		if d.Weights != nil {
			out.Weights[i] = d.Weights[r]
		}
		if d.Groups != nil {
			out.Groups[i] = d.Groups[r]
		}
	}
	return out
}

// Head returns the first n rows, or all of them if there are not more or n is
// 0 or less. It shares the values with d.
func (d *Dataset) Head(n int) *Dataset {
	if n <= 0 || n >= d.Rows() {
		return d
	}
	out := d.with(density.Rows(d.X, 0, n))
	out.origin = d.root()
	if d.rows != nil {
		out.rows = d.rows[:n]
	}
	if d.Labels != nil {
		out.Labels = d.Labels[:n]
	}
	if d.Weights != nil {
		out.Weights = d.Weights[:n]
	}
	if d.Groups != nil {
		out.Groups = d.Groups[:n]
	}
	return out
}

// with returns a copy of d with other values.
func (d *Dataset) with(x *mat.Dense) *Dataset {
	out := *d
	out.X = x
	return &out
}

func (d *Dataset) root() *Dataset {
	if d.origin != nil {
		return d.origin
	}
	return d
}

// Range returns the lowest and the highest level: Lo and Hi where they are
// declared, else the smallest and the largest value of the data that these
// rows were taken from, or of the training data for a test set. Readers of
// bytes declare what the bytes show: 0 to 1, 0 to 16, or 0 to 255 where one is
// above 127.
func (d *Dataset) Range() (lo, hi float64) {
	if d.Hi > d.Lo {
		return d.Lo, d.Hi
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	all := d.root()
	for i := range all.Rows() {
		for _, v := range all.X.RawRowView(i) {
			if !math.IsNaN(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	return lo, hi
}

// checkFinite returns an error that names the place of the first value that
// is infinite, or NaN where nothing may be missing. A column in which all is
// missing is an error too, unless columns may be hollow; a row in which all is,
// counts nothing.
func (d *Dataset) checkFinite(missing, hollow bool) error {
	seen := make([]bool, d.Dim())
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if math.IsInf(v, 0) || math.IsNaN(v) && !missing {
				return d.unfinite(i, j, v)
			}
			if !math.IsNaN(v) {
				seen[j] = true
			}
		}
	}
	for j, found := range seen {
		if !found && d.Rows() > 0 && !hollow {
			return errHollowColumn(d.Place(), d.Columns, j)
		}
	}
	return nil
}

func errHollowColumn(file string, columns []string, j int) error {
	return optionErrorf("dataset: %s: %s holds no value at all: %w; remove the column (%s)", file, columnPlace(columns, j), ErrMissing, dropGap(columns[j], j))
}

// unfinite returns the error for a value that is no number.
func (d *Dataset) unfinite(row, col int, v float64) error {
	return fmt.Errorf("dataset: %s is %v: %w; remove the row or fill the value in", d.Where(row, col), v, density.ErrNonFinite)
}

// Missing returns the number of values that are missing, NaN in X.
func (d *Dataset) Missing() int {
	count := 0
	for i := range d.Rows() {
		for _, v := range d.X.RawRowView(i) {
			if math.IsNaN(v) {
				count++
			}
		}
	}
	return count
}
