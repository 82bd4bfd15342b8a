package tree

import (
	"fmt"
	"slices"

	"likely/internal/safetensors"
)

// Config is what a saved tree needs beside its tensors.
type Config struct {
	Dim int `json:"dim"`
}

// Config describes the model for a file.
func (m *Model) Config() Config { return Config{Dim: len(m.levels)} }

// Tensors returns the model as it is saved: levels [D], parents [D] (−1 for the root),
// and probabilities [P], the distributions of the first column for each value of its
// parent, then those of the second, and so on.
func (m *Model) Tensors() []safetensors.Tensor {
	d := len(m.levels)
	all := slices.Concat(m.probability...)
	return []safetensors.Tensor{
		{Name: "levels", Shape: []int{d}, Data: toFloats(m.levels)},
		{Name: "parents", Shape: []int{d}, Data: toFloats(m.parents)},
		{Name: "probabilities", Shape: []int{len(all)}, Data: all},
	}
}

// FromTensors rebuilds the model that [Model.Tensors] describes; tensors with other
// names are ignored. Anything inconsistent is an error that wraps [ErrParameters].
func FromTensors(c Config, tensors []safetensors.Tensor) (*Model, error) {
	find := func(name string) (safetensors.Tensor, error) {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return safetensors.Tensor{}, fmt.Errorf("tree: tensor %q is missing: %w", name, ErrParameters)
		}
		if len(tensors[i].Shape) != 1 || name != "probabilities" && tensors[i].Shape[0] != c.Dim {
			return safetensors.Tensor{}, fmt.Errorf("tree: tensor %q has shape %v for %d columns: %w", name, tensors[i].Shape, c.Dim, ErrParameters)
		}
		return tensors[i], nil
	}
	if c.Dim < 1 {
		return nil, fmt.Errorf("tree: %d columns: %w", c.Dim, ErrParameters)
	}
	levels, err := find("levels")
	if err != nil {
		return nil, err
	}
	parents, err := find("parents")
	if err != nil {
		return nil, err
	}
	all, err := find("probabilities")
	if err != nil {
		return nil, err
	}
	l, p := make([]int, c.Dim), make([]int, c.Dim)
	for j := range l {
		l[j], p[j] = int(levels.Data[j]), int(parents.Data[j])
		if float64(l[j]) != levels.Data[j] || float64(p[j]) != parents.Data[j] || l[j] < 1 || l[j] > maxStates || p[j] < -1 || p[j] >= c.Dim {
			return nil, fmt.Errorf("tree: column %d has %v values and the parent %v: %w", j+1, levels.Data[j], parents.Data[j], ErrParameters)
		}
	}
	probabilities, rest := make([][]float64, c.Dim), all.Data
	for j := range l {
		size := l[j]
		if p[j] >= 0 {
			size *= l[p[j]]
		}
		if size > len(rest) {
			return nil, fmt.Errorf("tree: the probabilities end within column %d: %w", j+1, ErrParameters)
		}
		probabilities[j], rest = rest[:size], rest[size:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("tree: %d probabilities after the last column: %w", len(rest), ErrParameters)
	}
	return New(l, p, probabilities)
}

func toFloats(v []int) []float64 {
	out := make([]float64, len(v))
	for i, e := range v {
		out[i] = float64(e)
	}
	return out
}
