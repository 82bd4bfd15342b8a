package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"likely/density"
	"likely/internal/oneline"
)

// Options says how to read a file. The zero value reads all of it.
type Options struct {
	// Limit is the number of rows to read, from the first; 0 reads all. The
	// rest of a file is read for its fingerprint only.
	Limit int
	// Label names the column that holds the classes of a text or Parquet
	// file, by its name or its number from 1; it becomes Labels. Empty: no
	// column does.
	Label string

	// Missing says that an empty cell, NA, ?, null or NaN is a value that is
	// missing, which is NaN in X. Otherwise it is an error.
	Missing bool

	// Weights names the column that says how often each row counts, by its
	// name or its number from 1 (among the columns that are left, if there is
	// a Label); it becomes Weights. Empty: each row counts once.
	Weights string

	// Group names the column, of text or numbers, that says to which group a row belongs,
	// by its name or its number from 1; it becomes Groups. It may be that of Label, which
	// for known data and for classes of their own array is called label. Empty: no column
	// does.
	Group string

	// Columns names the columns to keep, Drop those to leave out (of what
	// Columns keeps): by name, by number from 1, or by a pattern such as
	// "pixel*". Without Columns all are kept. The columns of labels and weights
	// need not be among them.
	Columns, Drop []string

	// MissingValues lists what stands for a missing value beside what Missing
	// knows, such as -999 or unknown. A number stands for itself however it is
	// written. It implies Missing.
	MissingValues []string

	// Header says whether the first line of a text holds names; the zero value
	// finds out.
	Header Header

	// Categories says that columns of text with few values become categorical:
	// codes from 0 in the order of the sorted texts, which [Dataset.Levels]
	// keeps. It also has the types of all columns found. Otherwise text is an
	// error.
	Categories bool
	// Measured says that numbers are measured, whatever they look like: columns of
	// numbers are Continuous unless Types says otherwise.
	Measured bool
	// Types overrules the types of columns, by name, number or pattern. It
	// implies Categories.
	Types map[string]ColumnType

	// Like says that the columns must be those of another table, by name where
	// both have names: they are put into its order, others are left out with a
	// note, and categorical columns are given its codes.
	Like *Schema
	// UnseenMissing says that a level which Like does not have is a missing
	// value; otherwise it is an error that wraps [ErrUnseen].
	UnseenMissing bool
	// AbsentMissing says that a column of Like which the file does not have holds
	// missing values; otherwise it is an error that wraps [ErrMismatch].
	AbsentMissing bool

	unpacked int64 // bound on compressed files; 0: MaxUnpacked
}

// Header says whether a text begins with the names of its columns.
type Header int

const (
	HeaderAuto    Header = iota // found out from the first lines
	HeaderPresent               // it does
	HeaderAbsent                // it does not
)

// categories reports whether types were asked for.
func (o *Options) categories() bool { return o.Categories || len(o.Types) > 0 }

// gaps reports whether values may be missing.
func (o *Options) gaps() bool { return o.Missing || len(o.MissingValues) > 0 }

// Open returns the data that a name stands for: a known dataset (see [List]),
// else the path of a file or of a folder in the form of MNIST. Of data that
// come with a test set it returns the training part; [OpenPair] returns both.
// A file that is called like a known dataset is reached as ./name.
//
// Errors name the file, the line or row, the column and the remedy, and wrap
// one of the errors of this package or of density.
func Open(nameOrPath string) (*Dataset, error) { return OpenWith(nameOrPath, Options{}) }

// OpenWith is [Open] with options.
func OpenWith(nameOrPath string, opt Options) (*Dataset, error) {
	train, _, err := open(nameOrPath, opt, false)
	return train, err
}

// OpenPair returns training and test data, where the data come with a test
// set of their own: a folder in the form of MNIST, or an .npz file with
// x_train and x_test. Otherwise test is nil. Options.Limit applies to each.
func OpenPair(nameOrPath string, opt Options) (train, test *Dataset, err error) {
	return open(nameOrPath, opt, true)
}

// OpenTest opens a file of test rows for the given training data, whose
// levels, range, shape, types and class names it takes over. Columns are put in
// the order of the training data, by name, see [Align]. A test set that lacks a
// column is an error that wraps [ErrMismatch].
func OpenTest(nameOrPath string, opt Options, train *Dataset) (*Dataset, error) {
	opt.Like = train.Schema()
	test, err := OpenWith(nameOrPath, opt)
	if err != nil {
		return nil, err
	}
	if err := pair(train, test); err != nil {
		return nil, err
	}
	return test, nil
}

func open(nameOrPath string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	return openGrouped(opt, func(opt Options) (train, test *Dataset, err error) {
		return openPlain(nameOrPath, opt, wantTest)
	})
}

func openPlain(nameOrPath string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	defer func() { err = oneline.Error(err) }()
	if entry, known := lookup(nameOrPath); known {
		return entry.open(opt, wantTest)
	}
	stat, err := os.Stat(nameOrPath)
	switch {
	case err == nil && stat.IsDir():
		return openFolder(nameOrPath, opt, wantTest)
	case err == nil:
		return openFile(nameOrPath, opt, wantTest)
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrPath, `/\.`):
		return nil, nil, unknown(nameOrPath)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("dataset: %s: %w; check the path, or give the name of a known dataset", nameOrPath, fs.ErrNotExist)
	}
	return nil, nil, fmt.Errorf("dataset: %w", err)
}

// open reads a known dataset.
func (e Entry) open(opt Options, wantTest bool) (train, test *Dataset, err error) {
	switch {
	case e.curve != nil:
		n := e.Rows
		if opt.Limit > 0 {
			n = min(n, opt.Limit)
		}
		if train, _, err = Synthetic(e.Name, n, 1); err == nil && opt.categories() {
			train, err = train.typedAs(opt.Types, opt.Measured)
		}
		return train, nil, err
	case e.Embedded:
		var file fs.File
		if file, err = embedded.Open(path.Join("data", e.file)); err != nil {
			return nil, nil, fmt.Errorf("dataset: %w", err)
		}
		defer file.Close()
		options := opt
		if e.options.Label != "" {
			options.Label = e.options.Label
		}
		options.Missing = options.Missing || e.options.Missing
		options.Categories, options.Types = e.options.Categories, nil
		if e.options.Categories {
			options.Types = opt.Types
		}
		if train, _, err = readFile(file, e.file, options, false); err == nil {
			train.File = "" // it has no path
		}
	default:
		folder := e.find()
		if folder == "" {
			return nil, nil, e.absent()
		}
		train, test, err = openFolder(folder, opt, wantTest)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, d := range []*Dataset{train, test} {
		if d != nil {
			d.Name, d.Source, d.Licence = e.Name, e.Source, e.Licence
			if e.dress != nil {
				e.dress(d)
			}
		}
	}
	if opt.categories() && train.Types == nil { // numbers, whose types may be those of images
		train, err = train.typedAs(opt.Types, opt.Measured)
	}
	return train, test, err
}

func openFile(name string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	return readFile(file, name, opt, wantTest)
}

// readFile reads an open file of any format, and checks what it holds.
func readFile(file fs.File, name string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	stat, err := file.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: %w", err)
	}
	return read(file, stat.Size(), name, opt, wantTest)
}

func read(r io.Reader, size int64, name string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	defer func() { err = oneline.Error(err) }()
	in, err := newInput(r, size, name, cmp.Or(opt.unpacked, unpackLimit(size)))
	if err != nil {
		return nil, nil, err
	}
	head, err := in.reader.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, in.fail(err)
	}
	if len(head) == 0 {
		return nil, nil, fmt.Errorf("dataset: %s is empty: %w; give a file with one example a row", name, ErrEmpty)
	}
	train, test, err = formatOf(name, head).read(in, opt, wantTest)
	if err != nil {
		return nil, nil, err
	}
	sum, err := in.fingerprint()
	if err != nil {
		return nil, nil, err
	}
	for _, d := range []**Dataset{&train, &test} {
		if *d == nil {
			continue
		}
		(*d).Name, (*d).File, (*d).SHA256 = baseName(name), name, sum
		if *d, err = (*d).complete(opt); err != nil {
			return nil, nil, err
		}
		if opt.Like == nil && opt.categories() {
			opt.Like, opt.Types = train.Schema(), nil // of the test rows
		}
	}
	if test != nil {
		if err := pair(train, test); err != nil {
			return nil, nil, err
		}
	}
	return train, test, nil
}

// complete does with what was read what the options ask for, whatever the
// format, and checks it.
func (d *Dataset) complete(opt Options) (_ *Dataset, err error) {
	if d.choice == nil {
		if err := d.choose(opt); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", d.Place(), err)
		}
	}
	weights, types := d.choice.weights, d.choice.types
	d.choice = nil
	gaps := opt.gaps() || opt.UnseenMissing && opt.Like != nil // levels that training has not seen are gaps
	if err := d.checkFinite(gaps, opt.Like != nil); err != nil {
		return nil, err
	}
	if weights >= 0 {
		if d, err = d.weigh(weights); err != nil {
			return nil, err
		}
	}
	if err := d.adoptLevels(opt.Like, opt.UnseenMissing); err != nil {
		return nil, err
	}
	if opt.Like != nil {
		return d.follow(opt.Like, opt.AbsentMissing)
	}
	if opt.categories() {
		if d, err = d.typedAs(types, opt.Measured); err != nil {
			return nil, err
		}
	}
	d.Notes = append(d.Notes, d.suspects()...)
	d.Notes = append(d.Notes, d.dependences()...)
	return d, nil
}

// choose leaves out the columns of an array that were not asked for, and marks
// the values that are missing.
func (d *Dataset) choose(opt Options) (err error) {
	if d.IsImage() && (len(opt.Columns) > 0 || len(opt.Drop) > 0) {
		return fmt.Errorf("it holds images, whose pixels cannot be left out: %w; leave the choice of columns out", ErrColumn)
	}
	if d.IsImage() && opt.Weights != "" {
		return errImageWeights(d.Place())
	}
	if d.IsImage() && opt.Group != "" {
		return fmt.Errorf("it holds images, which have no column of groups: %w; group them by label, or not", ErrGroups)
	}
	opt.Label = "" // it is that of text and Parquet files
	if d.choice, err = choose(d.Columns, false, opt); err != nil {
		return err
	}
	if d.choice.group >= 0 {
		if err := d.groupByColumn(d.choice.group); err != nil {
			return err
		}
	}
	if codes := newMissingCodes(opt.MissingValues); len(codes.numbers) > 0 {
		for i := range d.Rows() {
			for j, v := range d.X.RawRowView(i) {
				if codes.number(v) {
					d.X.Set(i, j, math.NaN())
				}
			}
		}
	}
	if len(d.choice.columns) < d.Dim() {
		d.keep(slices.DeleteFunc(seq(d.Dim()), func(j int) bool { return d.choice.roles[j] != roleValue }))
	}
	return nil
}

// baseName is the name of a file without folder and extensions.
func baseName(name string) string {
	base := filepath.Base(name)
	base = strings.TrimSuffix(base, ".gz")
	if trimmed := strings.TrimSuffix(base, filepath.Ext(base)); trimmed != "" {
		return trimmed
	}
	return base
}

// pair makes test the test set of train, or says why it cannot be.
func pair(train, test *Dataset) error {
	aligned, err := Align(test, train.Schema())
	if err != nil {
		return fmt.Errorf("%w (training data: %s)", err, train.Place())
	}
	*test = *aligned
	if train.Measure != density.Continuous || test.Measure != density.Continuous {
		return fmt.Errorf("dataset: %s is paired with %s after a change of measure: %w; dequantise or binarise afterwards", test.Place(), train.Place(), ErrMeasure)
	}
	test.part = 1
	test.origin = train.root()
	test.adoptLabels(train)
	test.Columns, test.Types, test.Levels = train.Columns, train.Types, train.Levels
	test.Step, test.Steps = train.Step, train.Steps
	test.Lo, test.Hi = train.Lo, train.Hi
	test.Height, test.Width = train.Height, train.Width
	return nil
}

// Named reports whether columns have names of their own, not those that a file
// without a header is given.
func Named(columns []string) bool {
	for j, name := range columns {
		if !isColumnName(name, j) {
			return true
		}
	}
	return false
}
