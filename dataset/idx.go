package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// idxTypes maps the type code of an IDX file to the size of a value in bytes.
var idxTypes = map[byte]int{
	0x08: 1, // unsigned byte
	0x09: 1, // signed byte
	0x0B: 2, // int16
	0x0C: 4, // int32
	0x0D: 4, // float32
	0x0E: 8, // float64
}

// readIDX reads an array in the format of MNIST: two zero bytes, a type code,
// the number of dimensions, each dimension as a big-endian uint32, then the
// values, big-endian, last dimension fastest. The first dimension counts the
// rows; three dimensions are images. Nothing is allocated on the word of the
// header alone.
func readIDX(in *input, opt Options) (*Dataset, error) {
	var magic [4]byte
	if _, err := io.ReadFull(in.reader, magic[:]); err != nil {
		return nil, in.fail(err)
	}
	size, known := idxTypes[magic[2]]
	if magic[0] != 0 || magic[1] != 0 || !known || magic[3] == 0 {
		return nil, fmt.Errorf("dataset: %s begins with % x, which is not IDX: %w; give an IDX file, or name the file by its true format", in.path, magic, ErrFormat)
	}
	header := make([]byte, 4*int(magic[3]))
	if _, err := io.ReadFull(in.reader, header); err != nil {
		return nil, in.fail(err)
	}
	shape := make([]int64, magic[3])
	for i := range shape {
		shape[i] = int64(binary.BigEndian.Uint32(header[4*i:]))
	}
	n, d, err := arrayShape(shape, size)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: the header promises %s values: %w", in.path, shapeText(shape), err)
	}
	want := int64(n) * int64(d) * int64(size)
	if have := in.size - 4 - int64(len(header)); !in.compressed && have != want {
		return nil, idxLength(in.path, shape, want, have)
	}
	rows := n
	if opt.Limit > 0 {
		rows = min(n, opt.Limit)
	}
	if !in.holds(8 * int64(rows) * int64(d)) {
		return nil, in.tooLarge()
	}
	var raw bytes.Buffer
	if !in.compressed {
		raw.Grow(rows * d * size) // the file is known to be that long
	}
	if _, err := io.CopyN(&raw, in.reader, int64(rows)*int64(d)*int64(size)); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, idxLength(in.path, shape, want, int64(raw.Len()))
		}
		return nil, in.fail(err)
	}
	rest, err := io.Copy(io.Discard, in.reader)
	if err != nil {
		return nil, in.fail(err)
	}
	if have := int64(raw.Len()) + rest; have != want {
		return nil, idxLength(in.path, shape, want, have)
	}
	out := &Dataset{X: mat.NewDense(rows, d, idxValues(raw.Bytes(), magic[2])), Columns: columnNames(d)}
	if len(shape) == 3 || len(shape) == 4 && shape[3] == 1 {
		out.Height, out.Width = int(shape[1]), int(shape[2])
	}
	switch magic[2] {
	case 0x08:
		out.Step = 1
		out.Lo, out.Hi = byteLevels(out.X.RawMatrix().Data)
	case 0x09, 0x0B, 0x0C:
		out.Step = 1
	}
	return out, nil
}

// idxLength says that a file holds more or fewer values than it promises.
func idxLength(path string, shape []int64, want, have int64) error {
	if have < want {
		return fmt.Errorf("dataset: %s: the header promises %s values, %d bytes, and %d follow: %w; get the whole file again", path, shapeText(shape), want, have, ErrTruncated)
	}
	return fmt.Errorf("dataset: %s: the header promises %s values, %d bytes, and %d follow: %w; get the file again", path, shapeText(shape), want, have, ErrFormat)
}

// idxValues converts the bytes of an array, big-endian, to numbers.
func idxValues(raw []byte, code byte) []float64 {
	size := idxTypes[code]
	values := make([]float64, len(raw)/size)
	order := binary.BigEndian
	switch code {
	case 0x08:
		for i, b := range raw {
			values[i] = float64(b)
		}
	case 0x09:
		for i, b := range raw {
			values[i] = float64(int8(b))
		}
	case 0x0B:
		for i := range values {
			values[i] = float64(int16(order.Uint16(raw[2*i:])))
		}
	case 0x0C:
		for i := range values {
			values[i] = float64(int32(order.Uint32(raw[4*i:])))
		}
	case 0x0D:
		for i := range values {
			values[i] = float64(math.Float32frombits(order.Uint32(raw[4*i:])))
		}
	case 0x0E:
		for i := range values {
			values[i] = math.Float64frombits(order.Uint64(raw[8*i:]))
		}
	}
	return values
}

// arrayShape turns the shape of an array into rows and columns: the first
// dimension against all others. It fails if there are none, or more values of
// the given size in bytes than memory can address.
func arrayShape(shape []int64, size int) (n, d int, err error) {
	const most = math.MaxInt / 16 // room for each value as a float64, and some
	if len(shape) == 0 {
		return 0, 0, fmt.Errorf("%w; give an array with one example a row", ErrEmpty)
	}
	total, width := int64(1), int64(1)
	for i, s := range shape {
		if s <= 0 {
			return 0, 0, fmt.Errorf("%w; give an array with at least one row and one column", ErrEmpty)
		}
		if total > most/int64(max(size, 8))/s {
			return 0, 0, fmt.Errorf("%w; cut the data", ErrTooLarge)
		}
		total *= s
		if i > 0 {
			width *= s
		}
	}
	return int(shape[0]), int(width), nil
}

// openFolder reads the four files of a dataset in the form of MNIST:
// train-images-idx3-ubyte and train-labels-idx1-ubyte, the same with t10k- or
// test- for the test rows, with or without .gz, with a dot or a dash before
// idx. Labels may be missing.
func openFolder(folder string, opt Options, wantTest bool) (train, test *Dataset, err error) {
	if train, err = openIDXPart(folder, "train", opt); err != nil {
		return nil, nil, err
	}
	if !wantTest {
		return train, nil, nil
	}
	for _, part := range []string{"t10k", "test"} {
		if test, err = openIDXPart(folder, part, opt); err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return train, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if err := pair(train, test); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// openIDXPart reads the images and the labels of one part of such a folder.
func openIDXPart(folder, part string, opt Options) (*Dataset, error) {
	name, err := findIDX(folder, part+"-images")
	if err != nil {
		return nil, err
	}
	images, _, err := openFile(name, Options{Limit: opt.Limit}, false)
	if err != nil {
		return nil, err
	}
	images.Name = filepath.Base(filepath.Clean(folder))
	if name, err = findIDX(folder, part+"-labels"); err != nil {
		return images, nil
	}
	labels, _, err := openFile(name, Options{Limit: opt.Limit}, false)
	if err != nil {
		return nil, err
	}
	if labels.Dim() != 1 || labels.Rows() != images.Rows() {
		return nil, fmt.Errorf("dataset: %s holds %d×%d values where there are %d images: %w; get both files again",
			name, labels.Rows(), labels.Dim(), images.Rows(), ErrLabels)
	}
	images.Labels = make([]int, labels.Rows())
	for i := range images.Labels {
		v := labels.X.At(i, 0)
		if v < 0 || v != math.Trunc(v) || v > math.MaxInt32 {
			return nil, fmt.Errorf("dataset: %s is %v, which is no class: %w; get the file again", labels.Where(i, -1), v, ErrLabels)
		}
		images.Labels[i] = int(v)
	}
	return images, nil
}

// findIDX returns the path of the file of a folder that begins with the given
// part, such as train-images.
func findIDX(folder, part string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, part) && strings.HasSuffix(strings.TrimSuffix(name, ".gz"), "-ubyte") && !entry.IsDir() {
			return filepath.Join(folder, name), nil
		}
	}
	return "", fmt.Errorf("dataset: folder %s holds no %s-idx3-ubyte (or .gz): %w; give a file, or a folder with the four files of MNIST", folder, part, fs.ErrNotExist)
}
