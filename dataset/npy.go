package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"codeberg.org/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"
)

// array is a NumPy array with its values as numbers, rows first.
type array struct {
	shape  []int64
	n, d   int
	values []float64 // row-major
	kind   string    // type without byte order, such as f8
}

// readNPY reads a single NumPy array: the first dimension counts the rows,
// three dimensions are images.
func readNPY(in *input, opt Options) (*Dataset, error) {
	raw, err := in.readAll()
	if err != nil {
		return nil, err
	}
	most := int64(math.MaxInt64)
	if in.compressed {
		most = in.limit / 8
	}
	a, err := parseNPY(raw, most)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", in.path, err)
	}
	return a.dataset(opt), nil
}

// readNPZ reads an archive of NumPy arrays. The data are x_train (and x_test,
// with the classes y_train and y_test), else x, X, data or images (with y,
// labels or target), else the only array there is.
func readNPZ(in *input, opt Options, wantTest bool) (train, test *Dataset, err error) {
	raw, err := in.readAll()
	if err != nil {
		return nil, nil, err
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: %s: %w: %w; get the whole file again", in.path, err, ErrFormat)
	}
	members := make(map[string]*zip.File)
	var names []string
	for _, file := range archive.File {
		name := strings.TrimSuffix(file.Name, ".npy")
		if _, again := members[name]; !again {
			names = append(names, name)
		}
		members[name] = file
	}
	first := func(candidates ...string) string {
		for _, name := range candidates {
			if members[name] != nil {
				return name
			}
		}
		return ""
	}
	x := first("x_train", "X_train", "x", "X", "data", "images")
	if x == "" && len(names) == 1 {
		x = names[0]
	}
	if x == "" {
		return nil, nil, fmt.Errorf("dataset: %s holds the arrays %q: %w; call the one with the data x", in.path, names, ErrFormat)
	}
	left := in.limit
	member := func(x, y string) (*Dataset, error) {
		a, err := readMember(members[x], &left)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s, array %s: %w", in.path, x, err)
		}
		d := a.dataset(opt)
		if y == "" {
			return d, nil
		}
		if a, err = readMember(members[y], &left); err == nil {
			err = d.label(a)
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: %s, array %s: %w", in.path, y, err)
		}
		return d, nil
	}
	labels := ""
	switch x {
	case "x_train", "X_train":
		labels = first("y_train")
	case "x", "X", "data", "images":
		labels = first("y", "labels", "target")
	}
	if train, err = member(x, labels); err != nil {
		return nil, nil, err
	}
	if held := first("x_test", "X_test"); wantTest && held != "" && strings.HasSuffix(x, "_train") {
		if test, err = member(held, first("y_test")); err != nil {
			return nil, nil, err
		}
	}
	return train, test, nil
}

// readMember unpacks and parses one array of an archive, of which left bytes
// may still be unpacked.
func readMember(file *zip.File, left *int64) (*array, error) {
	unpacked, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w; get the whole file again", err, ErrFormat)
	}
	defer unpacked.Close()
	raw, err := io.ReadAll(&bounded{r: unpacked, left: *left})
	switch {
	case errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("the archive unpacks to more than its bound: %w; save the array as .npy if that is its true size", ErrTooLarge)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w; get the whole file again", ErrTruncated)
	case err != nil:
		return nil, fmt.Errorf("%w: %w; get the file again", err, ErrFormat)
	}
	*left -= int64(len(raw))
	return parseNPY(raw, (*left+int64(len(raw)))/8)
}

// parseNPY parses a whole .npy file of at most the given number of values. The reader underneath trusts the header,
// so lengths are verified before it allocates, and what it panics on in a
// damaged header becomes an error.
func parseNPY(raw []byte, most int64) (a *array, err error) {
	defer func() {
		if r := recover(); r != nil {
			a, err = nil, fmt.Errorf("damaged NumPy header: %w; save the array again", ErrFormat)
		}
	}()
	if !bytes.HasPrefix(raw, []byte("\x93NUMPY")) {
		return nil, fmt.Errorf("does not begin as a NumPy file: %w; save the array with numpy.save, or name the file by its true format", ErrFormat)
	}
	if len(raw) < 12 {
		return nil, fmt.Errorf("%w; get the whole file again", ErrTruncated)
	}
	header := int64(10) + int64(binary.LittleEndian.Uint16(raw[8:]))
	if raw[6] >= 2 {
		header = 12 + int64(binary.LittleEndian.Uint32(raw[8:]))
	}
	if int64(len(raw)) < header {
		return nil, fmt.Errorf("the header is longer than the file: %w; get the whole file again", ErrTruncated)
	}
	r, err := npy.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; save the array again with numpy.save", err, ErrFormat)
	}
	a = &array{kind: strings.TrimLeft(strings.Trim(r.Header.Descr.Type, `'"`), "<>|=")}
	element, known := npyTypes[a.kind]
	if !known {
		return nil, fmt.Errorf("values of type %s: %w; save numbers, with x.astype('f8')", r.Header.Descr.Type, ErrText)
	}
	for _, s := range r.Header.Descr.Shape {
		a.shape = append(a.shape, int64(s))
	}
	if a.n, a.d, err = arrayShape(a.shape, element.size); err != nil {
		return nil, fmt.Errorf("array of shape %v: %w", a.shape, err)
	}
	want, have := int64(a.n)*int64(a.d)*int64(element.size), int64(len(raw))-header
	if have < want {
		return nil, fmt.Errorf("shape %v takes %d bytes and %d follow: %w; get the whole file again", a.shape, want, have, ErrTruncated)
	}
	if have > want {
		return nil, fmt.Errorf("shape %v takes %d bytes and %d follow: %w; save the array again", a.shape, want, have, ErrFormat)
	}
	if int64(a.n)*int64(a.d) > most {
		return nil, fmt.Errorf("shape %v unpacks to more than %d values: %w for a compressed file; unpack it first if that is its true size", a.shape, most, ErrTooLarge)
	}
	if a.values, err = element.read(r); err != nil {
		return nil, fmt.Errorf("%w: %w; save the array again with numpy.save", err, ErrFormat)
	}
	if r.Header.Descr.Fortran && len(a.shape) > 1 {
		a.values = rowMajor(a.values, r.Header.Descr.Shape)
	}
	return a, nil
}

// npyTypes holds the element types that are numbers: their size in bytes and
// how to read them.
var npyTypes = map[string]struct {
	size int
	read func(*npy.Reader) ([]float64, error)
}{
	"f8": {8, func(r *npy.Reader) (v []float64, err error) { return v, r.Read(&v) }},
	"f4": {4, readElements[float32]},
	"i1": {1, readElements[int8]},
	"i2": {2, readElements[int16]},
	"i4": {4, readElements[int32]},
	"i8": {8, readElements[int64]},
	"u1": {1, readElements[uint8]},
	"u2": {2, readElements[uint16]},
	"u4": {4, readElements[uint32]},
	"u8": {8, readElements[uint64]},
	"b1": {1, func(r *npy.Reader) ([]float64, error) {
		var bools []bool
		if err := r.Read(&bools); err != nil {
			return nil, err
		}
		values := make([]float64, len(bools))
		for i, b := range bools {
			if b {
				values[i] = 1
			}
		}
		return values, nil
	}},
}

func readElements[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32](r *npy.Reader) ([]float64, error) {
	var elements []T
	if err := r.Read(&elements); err != nil {
		return nil, err
	}
	values := make([]float64, len(elements))
	for i, e := range elements {
		values[i] = float64(e)
	}
	return values, nil
}

// rowMajor turns values stored with the first dimension fastest into values
// with the last dimension fastest.
func rowMajor(values []float64, shape []int) []float64 {
	out := make([]float64, len(values))
	strides := make([]int, len(shape))
	stride := 1
	for k, s := range shape {
		strides[k] = stride
		stride *= s
	}
	index := make([]int, len(shape))
	for i := range out {
		from := 0
		for k, j := range index {
			from += j * strides[k]
		}
		out[i] = values[from]
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// dataset makes a dataset of the first opt.Limit rows of an array.
func (a *array) dataset(opt Options) *Dataset {
	n := a.n
	if opt.Limit > 0 {
		n = min(n, opt.Limit)
	}
	d := &Dataset{X: mat.NewDense(n, a.d, a.values[:n*a.d:n*a.d]), Columns: columnNames(a.d)}
	if len(a.shape) == 3 || len(a.shape) == 4 && a.shape[3] == 1 {
		d.Height, d.Width = int(a.shape[1]), int(a.shape[2])
	}
	switch a.kind {
	case "b1":
		d.Step, d.Lo, d.Hi = 1, 0, 1
	case "u1":
		d.Step, d.Lo, d.Hi = 1, 0, math.MaxUint8
	case "i1", "i2", "i4", "i8", "u2", "u4", "u8":
		d.Step = 1
	}
	return d
}

// label takes the classes of the rows from an array of whole numbers.
func (d *Dataset) label(a *array) error {
	if a.d != 1 || a.n < d.Rows() {
		return fmt.Errorf("shape %v for the classes of %d rows: %w; give one number a row", a.shape, d.Rows(), ErrLabels)
	}
	d.Labels = make([]int, d.Rows())
	if i := slices.IndexFunc(a.values[:d.Rows()], func(v float64) bool {
		return !(v >= 0 && v <= math.MaxInt32 && v == math.Trunc(v))
	}); i >= 0 {
		return fmt.Errorf("row %d is %v, which is no class: %w; number the classes from 0", i+1, a.values[i], ErrLabels)
	}
	for i := range d.Labels {
		d.Labels[i] = int(a.values[i])
	}
	return nil
}
