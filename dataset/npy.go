package dataset

import (
	"archive/zip"
	"bufio"
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
	*npyHeader
	values []float64 // row-major
	large  tally     // rows with whole numbers beyond 2⁵³
}

// readNPY reads a single NumPy array: the first dimension counts the rows,
// three dimensions are images.
func readNPY(in *input, opt Options) (*Dataset, error) {
	known := int64(-1)
	if !in.compressed {
		known = in.size
	}
	a, err := readArray(in.reader, known, opt.Limit, in.holds)
	if err != nil {
		return nil, in.wrap(err)
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
		return nil, nil, fmt.Errorf("dataset: %s holds the arrays %s: %w; call the one with the data x", in.path, quoteList(names), ErrFormat)
	}
	left := in.limit
	member := func(x, y string) (*Dataset, error) {
		a, err := readMember(members[x], opt.Limit, &left)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s, array %s: %w", in.path, x, err)
		}
		d := a.dataset(opt)
		d.Notes = append(d.Notes, taken(x, y, names)...)
		if y == "" {
			return d, nil
		}
		if a, err = readMember(members[y], opt.Limit, &left); err == nil {
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

// taken notes which arrays of an archive were taken, where it holds others.
func taken(x, y string, names []string) []Note {
	if len(names) == 1 {
		return nil
	}
	text := "array " + quote(x) + " is taken for the rows"
	if y != "" {
		text += ", " + quote(y) + " for their classes"
	}
	var rest []string
	for _, name := range names {
		if name != x && name != y && !slices.Contains(knownArrays, name) {
			rest = append(rest, name)
		}
	}
	if len(rest) > 0 {
		text += "; " + quoteList(rest) + " " + isAre(len(rest)) + " not read"
	}
	return []Note{{Kind: NoteReading, Text: text}}
}

// knownArrays are the names that have a place in an archive with test rows.
var knownArrays = []string{"x_train", "X_train", "y_train", "x_test", "X_test", "y_test"}

// readMember unpacks and parses one array of an archive, of which left bytes
// may still be held.
func readMember(file *zip.File, limit int, left *int64) (*array, error) {
	unpacked, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w; get the whole file again", err, ErrFormat)
	}
	defer unpacked.Close()
	bound := &bounded{r: unpacked, left: *left}
	contents := bufio.NewReader(bound)
	a, err := readArray(contents, -1, limit, func(bytes int64) bool { return bytes <= *left })
	if err != nil && !errors.Is(err, ErrTooLarge) {
		// What is damaged may look like anything: the checksum at the end tells.
		if _, damage := io.Copy(io.Discard, contents); damage != nil {
			err = damage
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrTooLarge) && bound.left <= 0:
		return nil, fmt.Errorf("the archive unpacks to more than its bound: %w; save the array as .npy if that is its true size", ErrTooLarge)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w; get the whole file again", ErrTruncated)
	case !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrText):
		return nil, fmt.Errorf("%w: %w; get the file again", err, ErrFormat)
	default:
		return nil, err
	}
	*left -= 8 * int64(len(a.values))
	return a, nil
}

// npyHeader is what a NumPy file says of itself.
type npyHeader struct {
	shape   []int64
	n, d    int
	kind    string // type without byte order, such as f8
	size    int    // bytes of a value
	fortran bool   // the first index is the fastest
	number  func([]byte) float64
}

// mostHeader is the longest header of a NumPy file that is believed, in bytes.
const mostHeader = 1 << 20

// readNPYHeader reads the header of a NumPy file, in which nothing is trusted.
// Versions 1 to 3 differ in the width of its length and in its encoding.
func readNPYHeader(from *bufio.Reader) (h *npyHeader, err error) {
	defer func() {
		if r := recover(); r != nil {
			h, err = nil, fmt.Errorf("damaged NumPy header: %w; save the array again", ErrFormat)
		}
	}()
	start, err := from.Peek(12)
	if len(start) > 0 && !bytes.HasPrefix(start, []byte("\x93NUMPY")[:min(6, len(start))]) {
		return nil, fmt.Errorf("does not begin as a NumPy file: %w; save the array with numpy.save, or name the file by its true format", ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	length := 10 + int64(binary.LittleEndian.Uint16(start[8:]))
	if start[6] >= 2 {
		length = 12 + int64(binary.LittleEndian.Uint32(start[8:]))
	}
	if length > mostHeader {
		return nil, fmt.Errorf("a header of %d bytes: %w; save the array again", length, ErrFormat)
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(from, raw); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the header is longer than the file: %w; get the whole file again", ErrTruncated)
		}
		return nil, err
	}
	if raw[6] == 3 {
		raw[6] = 2 // UTF-8 in place of Latin-1, which types of numbers have no use for
	}
	r, err := npy.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; save the array again with numpy.save", err, ErrFormat)
	}
	written := r.Header.Descr.Type
	h = &npyHeader{kind: strings.TrimLeft(strings.Trim(written, `'"`), "<>|="), fortran: r.Header.Descr.Fortran}
	if h.size = npySizes[h.kind]; h.size == 0 {
		return nil, fmt.Errorf("values of type %s: %w; save numbers, with x.astype('f8')", shorten(written), ErrText)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.Contains(written, ">") {
		order = binary.BigEndian
	}
	h.number = npyNumber(h.kind, order)
	for _, s := range r.Header.Descr.Shape {
		h.shape = append(h.shape, int64(s))
	}
	if h.n, h.d, err = arrayShape(h.shape, h.size); err != nil {
		return nil, fmt.Errorf("array of shape %s: %w", shapeText(h.shape), err)
	}
	return h, nil
}

// shapeText writes a shape as NumPy does, without commas, cut if it is long.
func shapeText(shape []int64) string {
	if len(shape) > 8 {
		return fmt.Sprintf("%v… (%d dimensions)", shape[:8], len(shape))
	}
	return fmt.Sprint(shape)
}

// readArray reads a NumPy file, the first limit rows of it where limit is
// positive. known is the number of bytes that it has, or −1: memory grows with
// what is there and not with what the header promises. holds reports whether
// so many bytes may be held.
func readArray(from *bufio.Reader, known int64, limit int, holds func(int64) bool) (*array, error) {
	h, err := readNPYHeader(from)
	if err != nil {
		return nil, err
	}
	rows := h.n
	if limit > 0 && !h.fortran {
		rows = min(rows, limit)
	}
	values := rows * h.d
	if !holds(8 * int64(values)) {
		return nil, fmt.Errorf("shape %s takes %d bytes as float64: %w for a compressed file; unpack it first if that is its true size", shapeText(h.shape), 8*int64(values), ErrTooLarge)
	}
	want := int64(h.n) * int64(h.d) * int64(h.size)
	a := &array{npyHeader: h}
	if known >= want {
		a.values = make([]float64, 0, values)
	}
	have := int64(0)
	buffer := make([]byte, min(values, 1<<15)*h.size)
	for len(a.values) < values {
		part := buffer[:min(len(buffer), (values-len(a.values))*h.size)]
		n, err := io.ReadFull(from, part)
		have += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("shape %s takes %d bytes and %d follow: %w; get the whole file again", shapeText(h.shape), want, have, ErrTruncated)
		}
		if err != nil {
			return nil, err
		}
		for at := 0; at < len(part); at += h.size {
			v := h.number(part[at:])
			if h.size == 8 && h.kind != "f8" && math.Abs(v) >= 1<<53 {
				a.large.add(len(a.values)/h.d + 1)
			}
			a.values = append(a.values, v)
		}
	}
	rest, err := io.Copy(io.Discard, from)
	if err != nil {
		return nil, err
	}
	switch have += rest; {
	case have < want:
		return nil, fmt.Errorf("shape %s takes %d bytes and %d follow: %w; get the whole file again", shapeText(h.shape), want, have, ErrTruncated)
	case have > want:
		return nil, fmt.Errorf("shape %s takes %d bytes and %d follow: %w; save the array again", shapeText(h.shape), want, have, ErrFormat)
	}
	if h.fortran && len(h.shape) > 1 {
		a.values = rowMajor(a.values, h.shape)
	}
	return a, nil
}

// npySizes holds the types that are numbers, and the bytes that one takes.
var npySizes = map[string]int{
	"f2": 2, "f4": 4, "f8": 8, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "u2": 2, "u4": 4, "u8": 8, "b1": 1,
}

// rowMajor turns values stored with the first dimension fastest into values
// with the last dimension fastest.
func rowMajor(values []float64, shape []int64) []float64 {
	out := make([]float64, len(values))
	strides := make([]int, len(shape))
	stride := 1
	for k, s := range shape {
		strides[k] = stride
		stride *= int(s)
	}
	index := make([]int, len(shape))
	for i := range out {
		from := 0
		for k, j := range index {
			from += j * strides[k]
		}
		out[i] = values[from]
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < int(shape[k]) {
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
	if a.large.count > 0 {
		d.Notes = append(d.Notes, a.large.note(NotePrecision, "", "%d whole numbers beyond 2^53, the first in row %d, are not held digit by digit, and different ones may be equal", a.large.count, a.large.lines[0]))
	}
	switch a.kind {
	case "b1":
		d.Step, d.Lo, d.Hi = 1, 0, 1
	case "u1":
		d.Step = 1
		d.Lo, d.Hi = byteLevels(a.values)
	case "i1", "i2", "i4", "i8", "u2", "u4", "u8":
		d.Step = 1
	}
	return d
}

// label takes the classes of the rows from an array of whole numbers.
func (d *Dataset) label(a *array) error {
	if a.d != 1 || a.n < d.Rows() {
		return fmt.Errorf("shape %s for the classes of %d rows: %w; give one number a row", shapeText(a.shape), d.Rows(), ErrLabels)
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
