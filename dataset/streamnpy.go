package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"codeberg.org/sbinet/npyio/npy"
)

// mostHeader is the longest header of a NumPy file that is believed, in bytes.
const mostHeader = 1 << 20

// streamNPY reads the rows of a NumPy array, one after the other.
func streamNPY(in *input, opt Options, w *streamWriter) error {
	header, err := npyHeader(in)
	if err != nil {
		return err
	}
	kind := strings.TrimLeft(strings.Trim(header.Descr.Type, `'"`), "<>|=")
	element, known := npyTypes[kind]
	if !known {
		return fmt.Errorf("dataset: %s holds values of type %s: %w; save numbers, with x.astype('f8')", in.path, header.Descr.Type, ErrText)
	}
	var shape []int64
	for _, s := range header.Descr.Shape {
		shape = append(shape, int64(s))
	}
	n, d, err := arrayShape(shape, element.size)
	if err != nil {
		return fmt.Errorf("dataset: %s: array of shape %v: %w", in.path, shape, err)
	}
	if header.Descr.Fortran && len(shape) > 1 {
		return fmt.Errorf("dataset: %s holds its columns one after the other, and is not read in pieces: %w; save it row by row, with numpy.ascontiguousarray", in.path, ErrFormat)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.Contains(header.Descr.Type, ">") {
		order = binary.BigEndian
	}
	if opt.Weights != "" && len(shape) > 2 {
		return errImageWeights(in.path)
	}
	if err := w.begin(columnNames(d)); err != nil {
		return err
	}
	rows := n
	if opt.Limit > 0 {
		n = min(n, opt.Limit)
	}
	number := npyNumber(kind, order)
	raw, row := make([]byte, d*element.size), make([]float64, d)
	for i := range n {
		if _, err := io.ReadFull(in.reader, raw); err != nil {
			return in.fail(fmt.Errorf("row %d of %d: %w", i+1, n, err))
		}
		for j := range row {
			row[j] = number(raw[j*element.size:])
			if math.IsInf(row[j], 0) || math.IsNaN(row[j]) && !opt.Missing {
				return (&Dataset{File: in.path}).unfinite(i, j, row[j])
			}
		}
		if err := w.row(row, 0); err != nil {
			return err
		}
	}
	if _, err := in.reader.Peek(1); err == nil && n == rows {
		return fmt.Errorf("dataset: %s goes on after an array of shape %v: %w; save the array again", in.path, shape, ErrFormat)
	}
	return nil
}

// npyHeader reads the header of a NumPy file, in which nothing is trusted.
func npyHeader(in *input) (header npy.Header, err error) {
	fail := func(format string, args ...any) (npy.Header, error) {
		return npy.Header{}, fmt.Errorf("dataset: %s: "+format, append([]any{in.path}, args...)...)
	}
	defer func() {
		if r := recover(); r != nil {
			header, err = fail("damaged NumPy header: %w; save the array again", ErrFormat)
		}
	}()
	start, err := in.reader.Peek(12)
	if err != nil {
		return header, in.fail(err)
	}
	if !bytes.HasPrefix(start, []byte("\x93NUMPY")) {
		return fail("does not begin as a NumPy file: %w; save the array with numpy.save, or name the file by its true format", ErrFormat)
	}
	length := 10 + int64(binary.LittleEndian.Uint16(start[8:]))
	if start[6] >= 2 {
		length = 12 + int64(binary.LittleEndian.Uint32(start[8:]))
	}
	if length > mostHeader {
		return fail("a header of %d bytes: %w; save the array again", length, ErrFormat)
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(in.reader, raw); err != nil {
		return header, in.fail(err)
	}
	r, err := npy.NewReader(bytes.NewReader(raw))
	if err != nil {
		return fail("%w: %w; save the array again with numpy.save", err, ErrFormat)
	}
	return r.Header, nil
}

// npyNumber returns how a value of the given type, one of npyTypes, is read.
func npyNumber(kind string, order binary.ByteOrder) func([]byte) float64 {
	switch kind {
	case "f8":
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	case "f4":
		return func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case "i8":
		return func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case "i4":
		return func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case "i2":
		return func(b []byte) float64 { return float64(int16(order.Uint16(b))) }
	case "i1":
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case "u8":
		return func(b []byte) float64 { return float64(order.Uint64(b)) }
	case "u4":
		return func(b []byte) float64 { return float64(order.Uint32(b)) }
	case "u2":
		return func(b []byte) float64 { return float64(order.Uint16(b)) }
	case "b1":
		return func(b []byte) float64 {
			if b[0] != 0 {
				return 1
			}
			return 0
		}
	}
	return func(b []byte) float64 { return float64(b[0]) } // u1
}
