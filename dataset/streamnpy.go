package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"codeberg.org/sbinet/npyio/npy/float16"
)

// streamNPY reads the rows of a NumPy array, one after the other.
func streamNPY(in *input, opt Options, w *streamWriter) error {
	h, err := readNPYHeader(in.reader)
	if err != nil {
		return in.wrap(err)
	}
	if h.fortran && len(h.shape) > 1 {
		return fmt.Errorf("dataset: %s holds its columns one after the other, and is not read in pieces: %w; save it row by row, with numpy.ascontiguousarray", in.path, ErrFormat)
	}
	if opt.Weights != "" && len(h.shape) > 2 {
		return errImageWeights(in.path)
	}
	opt.Label = "" // it is that of text and Parquet files
	c, err := choose(columnNames(h.d), false, opt)
	if err != nil {
		return fmt.Errorf("dataset: %s: %w", in.path, err)
	}
	w.begin(c)
	rows := h.n
	if opt.Limit > 0 {
		rows = min(rows, opt.Limit)
	}
	codes := newMissingCodes(opt.MissingValues)
	raw, row := make([]byte, h.d*h.size), make([]float64, len(c.columns))
	for i := range rows {
		if _, err := io.ReadFull(in.reader, raw); err != nil {
			return in.fail(fmt.Errorf("row %d of %d: %w", i+1, rows, err))
		}
		to := 0
		for j := range h.d {
			if c.roles[j] != roleValue {
				continue
			}
			v := h.number(raw[j*h.size:])
			if codes.number(v) {
				v = math.NaN()
			}
			if math.IsInf(v, 0) || math.IsNaN(v) && !opt.gaps() {
				return (&Dataset{File: in.path}).unfinite(i, j, v)
			}
			row[to] = v
			to++
		}
		if err := w.row(row, 0); err != nil {
			return err
		}
	}
	if _, err := in.reader.Peek(1); err == nil && rows == h.n {
		return fmt.Errorf("dataset: %s goes on after an array of shape %s: %w; save the array again", in.path, shapeText(h.shape), ErrFormat)
	}
	return nil
}

// npyNumber returns how a value of the given type, one of npySizes, is read.
func npyNumber(kind string, order binary.ByteOrder) func([]byte) float64 {
	switch kind {
	case "f8":
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	case "f4":
		return func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case "f2":
		return func(b []byte) float64 { return float64(float16.Float16Frombits(order.Uint16(b)).Float32()) }
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
