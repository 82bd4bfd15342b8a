package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func example() *File {
	return &File{
		Tensors: []Tensor{
			{Name: "weights", Shape: []int{3}, Data: []float64{0.25, 0.5, 0.25}},
			{Name: "means", Shape: []int{3, 2}, Data: []float64{0.1, -2, 3, math.Pi, 1e300, 6}},
			{Name: "scalar", Shape: []int{}, Data: []float64{7}},
			{Name: "empty", Shape: []int{0, 4}, Data: []float64{}},
		},
		Metadata: map[string]string{"config": `{"family":"full"}`},
	}
}

func encode(t testing.TB, f *File) []byte {
	var b bytes.Buffer
	require.NoError(t, Write(&b, f))
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	raw := encode(t, example())
	require.Zero(t, (8+binary.LittleEndian.Uint64(raw))%8, "numbers must start at a multiple of 8 bytes")
	got, err := Read(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, example(), got)
	require.Equal(t, raw, encode(t, got), "the same file must have the same bytes")
	_, ok := got.Lookup("means")
	require.True(t, ok)
	_, ok = got.Lookup("covariances")
	require.False(t, ok)
}

// Values that float32 holds exactly take four bytes, others eight.
func TestWidth(t *testing.T) {
	narrow := encode(t, &File{Tensors: []Tensor{{Name: "a", Shape: []int{2}, Data: []float64{0.5, float64(float32(0.1))}}}})
	require.Contains(t, string(narrow), `"F32"`)
	wide := encode(t, &File{Tensors: []Tensor{{Name: "a", Shape: []int{2}, Data: []float64{0.5, 0.1}}}})
	require.Contains(t, string(wide), `"F64"`)
}

// Every cut of a good file is a bad file.
func TestTruncation(t *testing.T) {
	raw := encode(t, example())
	for n := range len(raw) {
		_, err := Read(bytes.NewReader(raw[:n]))
		require.ErrorIs(t, err, ErrFormat, "cut to %d of %d bytes", n, len(raw))
	}
	_, err := Read(bytes.NewReader(append(raw, 0)))
	require.ErrorIs(t, err, ErrFormat)
}

func file(header string, data ...byte) []byte {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(raw, header...), data...)
}

func TestMalformed(t *testing.T) {
	eight := make([]byte, 8)
	for name, raw := range map[string][]byte{
		"huge header":     binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
		"no object":       file(`[1]`),
		"twice":           file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, eight...),
		"overlap":         file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, eight...),
		"hole":            file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, eight...),
		"negative":        file(`{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}`, eight...),
		"overflow":        file(`{"a":{"dtype":"F64","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}`, eight...),
		"reversed":        file(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}}`, eight...),
		"shape too large": file(`{"a":{"dtype":"F64","shape":[3],"data_offsets":[0,8]}}`, eight...),
		"shape too small": file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, eight...),
		"beyond the end":  file(`{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, eight...),
		"other type":      file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, eight...),
		"metadata":        file(`{"__metadata__":{"a":1}}`),
		"text after":      file(`{}{}`),
		"bytes after":     file(`{}`, eight...),
	} {
		_, err := Read(bytes.NewReader(raw))
		require.ErrorIs(t, err, ErrFormat, name)
	}
}

type broken struct{}

var errBroken = errors.New("disk on fire")

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestOtherFailures(t *testing.T) {
	_, err := Read(broken{})
	require.ErrorIs(t, err, errBroken)
	require.NotErrorIs(t, err, ErrFormat, "a failing disk is not a damaged file")
	require.ErrorIs(t, Write(broken{}, example()), errBroken)
	require.ErrorContains(t, Write(&bytes.Buffer{}, &File{Tensors: []Tensor{{Name: "a", Shape: []int{2}, Data: []float64{1}}}}), "shape [2] but 1 values")
	require.ErrorContains(t, Write(&bytes.Buffer{}, &File{Tensors: []Tensor{{Name: "a", Shape: []int{0}}, {Name: "a", Shape: []int{0}}}}), "repeated")
}

func FuzzRead(f *testing.F) {
	raw := encode(f, example())
	f.Add(raw)
	f.Add(raw[:len(raw)-3])
	f.Add(file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Read(bytes.NewReader(raw))
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		again, err := Read(bytes.NewReader(encode(t, got)))
		require.NoError(t, err)
		require.Len(t, again.Tensors, len(got.Tensors))
	})
}
