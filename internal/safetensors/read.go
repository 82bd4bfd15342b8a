package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxHeader is the largest header that is read, 100 MB as in the format's
// reference implementation.
const maxHeader = 100_000_000

// Read reads a safetensors file. Tensors are returned in the order of their
// bytes. Only F32 and F64 tensors are accepted. Every way in which the bytes
// can fail to be such a file gives an error that wraps [ErrFormat] and says
// what is wrong; memory stays proportional to the bytes that are really there.
func Read(r io.Reader) (*File, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, damaged(err, "the file ends within its first 8 bytes")
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader {
		return nil, fmt.Errorf("safetensors: header of %d bytes is too long: %w", length, ErrFormat)
	}
	header, err := io.ReadAll(io.LimitReader(r, int64(length)))
	if err != nil {
		return nil, damaged(err, "reading the header")
	}
	if uint64(len(header)) != length {
		return nil, fmt.Errorf("safetensors: the header should have %d bytes, the file ends after %d: %w", length, len(header), ErrFormat)
	}
	f, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	var size int64 // what the tensors claim; one byte more is asked for, and is too much
	for _, e := range entries {
		size = max(size, e.Offsets[0], e.Offsets[1])
	}
	data, err := io.ReadAll(io.LimitReader(r, min(size, math.MaxInt64-1)+1))
	if err != nil {
		return nil, damaged(err, "reading the numbers")
	}
	if err := fill(f, entries, data); err != nil {
		return nil, err
	}
	return f, nil
}

// damaged wraps err; an early end of the input is a damaged file, any other
// failure is the reader's own.
func damaged(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("safetensors: %s: %w", what, ErrFormat)
	}
	return fmt.Errorf("safetensors: %s: %w", what, err)
}

// parseHeader decodes the JSON header token by token at its top level, because
// encoding/json would silently keep the last of two tensors with one name.
func parseHeader(header []byte) (*File, []entry, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, fmt.Errorf("safetensors: the header is not a JSON object: %w", ErrFormat)
	}
	f := &File{}
	var entries []entry
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, nil, fmt.Errorf("safetensors: the header breaks off: %w", ErrFormat)
		}
		if seen[name] {
			return nil, nil, fmt.Errorf("safetensors: %q appears twice: %w", name, ErrFormat)
		}
		seen[name] = true
		if name == metadataKey {
			if err := d.Decode(&f.Metadata); err != nil {
				return nil, nil, fmt.Errorf("safetensors: metadata is not a map of strings: %w", ErrFormat)
			}
			continue
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("safetensors: the entry of %q is malformed: %w", name, ErrFormat)
		}
		f.Tensors = append(f.Tensors, Tensor{Name: name, Shape: e.Shape})
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("safetensors: the header breaks off: %w", ErrFormat)
	}
	if rest := header[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return nil, nil, fmt.Errorf("safetensors: text after the header's object: %w", ErrFormat)
	}
	return f, entries, nil
}

// fill checks that the entries cover data exactly, without overlap or hole,
// and decodes their values.
func fill(f *File, entries []entry, data []byte) error {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return slices.Compare(entries[a].Offsets[:], entries[b].Offsets[:])
	})
	tensors := make([]Tensor, 0, len(order))
	var end int64
	for _, i := range order {
		t, e := f.Tensors[i], entries[i]
		width := int64(0)
		switch e.DType {
		case "F32":
			width = 4
		case "F64":
			width = 8
		default:
			return fmt.Errorf("safetensors: %q has type %q, want F32 or F64: %w", t.Name, e.DType, ErrFormat)
		}
		if e.Offsets[0] != end || e.Offsets[1] < end || e.Offsets[1] > int64(len(data)) {
			return fmt.Errorf("safetensors: %q claims bytes %d to %d, but %d to at most %d are its: %w", t.Name, e.Offsets[0], e.Offsets[1], end, len(data), ErrFormat)
		}
		size, ok := product(e.Shape, int64(len(data)))
		if !ok || size*width != e.Offsets[1]-end {
			return fmt.Errorf("safetensors: shape %v of %q does not match its %d bytes: %w", e.Shape, t.Name, e.Offsets[1]-end, ErrFormat)
		}
		if t.Shape == nil {
			t.Shape = []int{}
		}
		t.Data = decode(data[end:e.Offsets[1]], width)
		end = e.Offsets[1]
		tensors = append(tensors, t)
	}
	if end != int64(len(data)) {
		return fmt.Errorf("safetensors: bytes after the last tensor, which ends at byte %d: %w", end, ErrFormat)
	}
	f.Tensors = tensors
	return nil
}

// product multiplies the sizes of a shape; it fails on a negative size and as
// soon as the product exceeds limit, which also rules out overflow.
func product(shape []int, limit int64) (int64, bool) {
	size := int64(1)
	for _, s := range shape {
		if s < 0 {
			return 0, false
		}
		if s == 0 {
			return 0, true
		}
		if size > limit/int64(s) {
			return 0, false
		}
		size *= int64(s)
	}
	return size, true
}

func decode(b []byte, width int64) []float64 {
	values := make([]float64, int64(len(b))/width)
	for i := range values {
		if width == 4 {
			values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		} else {
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	return values
}
