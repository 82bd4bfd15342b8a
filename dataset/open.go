package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"likely/density"
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

	unpacked int64 // bound on compressed files; 0: MaxUnpacked
}

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
// levels, range, shape and class names it takes over. A test set of another
// width, or with other column names, is an error that wraps [ErrMismatch].
func OpenTest(nameOrPath string, opt Options, train *Dataset) (*Dataset, error) {
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
		train, _, err = Synthetic(e.Name, n, 1)
		return train, nil, err
	case e.Embedded:
		var file fs.File
		if file, err = embedded.Open(path.Join("data", e.file)); err != nil {
			return nil, nil, fmt.Errorf("dataset: %w", err)
		}
		defer file.Close()
		options := e.options
		options.Limit, options.Weights = opt.Limit, opt.Weights
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
	return train, test, nil
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
	in, err := newInput(r, size, name, cmp.Or(opt.unpacked, MaxUnpacked))
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
	for _, d := range []*Dataset{train, test} {
		if d == nil {
			continue
		}
		d.Name, d.File, d.SHA256 = baseName(name), name, sum
		if err := d.checkFinite(opt.Missing); err != nil {
			return nil, nil, err
		}
	}
	if opt.Weights != "" {
		for _, d := range []**Dataset{&train, &test} {
			if *d == nil {
				continue
			}
			if *d, err = (*d).weigh(opt.Weights); err != nil {
				return nil, nil, err
			}
			// A row may have held nothing but its weight.
			if err := (*d).checkFinite(opt.Missing); err != nil {
				return nil, nil, err
			}
		}
	}
	if test != nil {
		if err := pair(train, test); err != nil {
			return nil, nil, err
		}
	}
	return train, test, nil
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
	if test.Dim() != train.Dim() {
		return fmt.Errorf("dataset: %s has %s where the training data %s have %d: %w; give a file with the same columns in the same order",
			test.Place(), count(test.Dim(), "column"), train.Place(), train.Dim(), ErrMismatch)
	}
	if Named(train.Columns) && Named(test.Columns) {
		for j, name := range train.Columns {
			if test.Columns[j] != name {
				return fmt.Errorf("dataset: %s, column %d is called %q and %q in the training data %s: %w; put the columns in the same order",
					test.Place(), j+1, test.Columns[j], name, train.Place(), ErrMismatch)
			}
		}
	}
	if train.Measure != density.Continuous || test.Measure != density.Continuous {
		return fmt.Errorf("dataset: %s is paired with %s after a change of measure: %w; dequantise or binarise afterwards", test.Place(), train.Place(), ErrMeasure)
	}
	test.part = 1
	test.origin = train.root()
	test.adoptLabels(train)
	test.Columns = train.Columns
	test.Step, test.Steps = train.Step, train.Steps
	test.Lo, test.Hi = train.Lo, train.Hi
	test.Height, test.Width = train.Height, train.Width
	return nil
}

// Named reports whether columns have names of their own, not those that a file
// without a header is given.
func Named(columns []string) bool {
	for j, name := range columns {
		if name != columnName(j) {
			return true
		}
	}
	return false
}
