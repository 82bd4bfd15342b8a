package kde

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/internal/safetensors"
)

// Config is what a saved kernel density needs beside its tensors.
type Config struct {
	Dim     int    `json:"dim"`
	Kernels int    `json:"kernels"`
	Shape   string `json:"shape"`
}

// Config describes the model for a file.
func (m *Model) Config() Config { return Config{Dim: m.d, Kernels: m.n, Shape: m.shape.String()} }

// Tensors returns the model as it is saved: points [N,D], counts [N], and factor, the
// lower triangular L of H = LLᵀ, [D,D], or [D] where H is diagonal.
func (m *Model) Tensors() []safetensors.Tensor {
	factor := safetensors.Tensor{Name: "factor", Shape: []int{m.d}, Data: slices.Clone(m.lower)}
	if m.shape == Full {
		factor.Shape = []int{m.d, m.d}
	}
	return []safetensors.Tensor{
		{Name: "points", Shape: []int{m.n, m.d}, Data: slices.Clone(m.points)},
		{Name: "counts", Shape: []int{m.n}, Data: slices.Clone(m.counts)},
		factor,
	}
}

// FromTensors rebuilds the model that [Model.Tensors] describes; tensors with other
// names are ignored. Anything inconsistent is an error that wraps [ErrParameters] or
// [ErrSettings].
func FromTensors(c Config, tensors []safetensors.Tensor) (*Model, error) {
	if c.Kernels < 1 || c.Dim < 1 {
		return nil, fmt.Errorf("kde: %d kernels of %d dimensions: %w", c.Kernels, c.Dim, ErrParameters)
	}
	shape, err := ParseShape(c.Shape)
	if err != nil {
		return nil, err
	}
	want := map[string][]int{"points": {c.Kernels, c.Dim}, "counts": {c.Kernels}, "factor": {c.Dim}}
	if shape == Full {
		want["factor"] = []int{c.Dim, c.Dim}
	}
	data := make(map[string][]float64)
	for name, size := range want {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("kde: tensor %q is missing: %w", name, ErrParameters)
		}
		if !slices.Equal(tensors[i].Shape, size) {
			return nil, fmt.Errorf("kde: tensor %q has shape %v, want %v: %w", name, tensors[i].Shape, size, ErrParameters)
		}
		data[name] = tensors[i].Data
	}
	return New(shape, mat.NewDense(c.Kernels, c.Dim, data["points"]), data["counts"], data["factor"])
}
