package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// entry is one tensor's record in the JSON header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

const metadataKey = "__metadata__"

// Write writes f to w. Tensors keep their order in the byte buffer. A tensor
// whose values all fit float32 exactly is stored as F32, any other as F64, so
// that nothing is rounded. It returns an error for a shape that does not match
// its data, for a repeated or reserved name, and when w fails.
func Write(w io.Writer, f *File) error {
	header := make(map[string]any, len(f.Tensors)+1)
	if len(f.Metadata) > 0 {
		header[metadataKey] = f.Metadata
	}
	var end int64
	for _, t := range f.Tensors {
		if _, taken := header[t.Name]; taken || t.Name == "" || t.Name == metadataKey {
			return fmt.Errorf("safetensors: tensor name %q is empty, reserved or repeated", t.Name)
		}
		size := 1
		for _, s := range t.Shape {
			size *= s
		}
		if size != len(t.Data) {
			return fmt.Errorf("safetensors: tensor %q has shape %v but %d values", t.Name, t.Shape, len(t.Data))
		}
		e := entry{DType: "F64", Shape: append([]int{}, t.Shape...)}
		width := int64(8)
		if fitsFloat32(t.Data) {
			e.DType, width = "F32", 4
		}
		e.Offsets = [2]int64{end, end + width*int64(size)}
		end = e.Offsets[1]
		header[t.Name] = e
	}
	text, err := json.Marshal(header) // keys in sorted order: equal files have equal bytes
	if err != nil {
		return fmt.Errorf("safetensors: encoding the header: %w", err)
	}
	for len(text)%8 != 0 { // the format pads with spaces so that numbers are aligned
		text = append(text, ' ')
	}
	buffer := binary.LittleEndian.AppendUint64(make([]byte, 0, int64(8+len(text))+end), uint64(len(text)))
	buffer = append(buffer, text...)
	for _, t := range f.Tensors {
		buffer = appendValues(buffer, t.Data, header[t.Name].(entry).DType)
	}
	if _, err := w.Write(buffer); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

func appendValues(buffer []byte, data []float64, dtype string) []byte {
	for _, v := range data {
		if dtype == "F32" {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(float32(v)))
		} else {
			buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(v))
		}
	}
	return buffer
}

// fitsFloat32 reports whether every value survives a round trip through
// float32 unchanged.
func fitsFloat32(data []float64) bool {
	for _, v := range data {
		if float64(float32(v)) != v {
			return false
		}
	}
	return true
}
