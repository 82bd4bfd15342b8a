package gmm

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/internal/safetensors"
)

// Config is what a saved mixture needs beside its tensors.
type Config struct {
	Dim        int    `json:"dim"`
	Components int    `json:"components"`
	Covariance string `json:"covariance"`
}

// Config describes the model for a file.
func (m *Model) Config() Config {
	return Config{Dim: m.d, Components: m.k, Covariance: m.shapes.family().String()}
}

// Tensors returns the parameters as they are saved: weights [K], means [K,D] and
// covariances, whose shape depends on the family: [D,D] for tied, [K,D] for diag,
// [K] for spherical, [D] for tied-diag, [1] for tied-spherical, [K,D] or [K,D,D]
// for others, by whether they are diagonal.
func (m *Model) Tensors() []safetensors.Tensor {
	return []safetensors.Tensor{
		{Name: "weights", Shape: []int{m.k}, Data: slices.Clone(m.weights)},
		{Name: "means", Shape: []int{m.k, m.d}, Data: slices.Clone(m.means)},
		m.Family().toTensor(m.shapes),
	}
}

// FromTensors rebuilds the model that [Model.Tensors] describes. Anything
// inconsistent, missing or superfluous is an error that wraps ErrParameters or
// ErrCollapsed. Covariances that are symmetric within 1e-6 are made so.
func FromTensors(c Config, tensors []safetensors.Tensor) (*Model, error) {
	find := func(name string) (safetensors.Tensor, error) {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return safetensors.Tensor{}, fmt.Errorf("gmm: tensor %q is missing: %w", name, ErrParameters)
		}
		return tensors[i], nil
	}
	for i, t := range tensors {
		if i >= 3 || t.Name != "weights" && t.Name != "means" && t.Name != "covariances" {
			return nil, fmt.Errorf("gmm: tensor %.60q is not one of weights, means and covariances: %w", t.Name, ErrParameters)
		}
	}
	if c.Components < 1 || c.Dim < 1 {
		return nil, fmt.Errorf("gmm: %d components of %d dimensions: %w", c.Components, c.Dim, ErrParameters)
	}
	family, err := ParseCovariance(c.Covariance)
	if err != nil {
		return nil, err
	}
	weights, err := find("weights")
	if err == nil {
		err = checkShape(weights, c.Components)
	}
	if err != nil {
		return nil, err
	}
	means, err := find("means")
	if err == nil {
		err = checkShape(means, c.Components, c.Dim)
	}
	if err != nil {
		return nil, err
	}
	covariances, err := find("covariances")
	if err != nil {
		return nil, err
	}
	s, err := family.fromTensor(covariances, c.Components, c.Dim)
	if err != nil {
		return nil, err
	}
	return newModel(weights.Data, mat.NewDense(c.Components, c.Dim, means.Data), s)
}

func checkShape(t safetensors.Tensor, want ...int) error {
	if !slices.Equal(t.Shape, want) {
		return fmt.Errorf("gmm: tensor %q has shape %v, want %v: %w", t.Name, t.Shape, want, ErrParameters)
	}
	return nil
}

// asymmetry is how far a covariance in a file may be from symmetric, relative to
// √(Σᵢᵢ·Σⱼⱼ): what float32 and other programs leave.
const asymmetry = 1e-6

// symmetrised returns a copy of a covariance (D×D) as the mean of itself and its
// transpose. One that is symmetric keeps its bits. The error says where it is not
// finite, or further from symmetric than rounding explains.
func symmetrised(c []float64, d int) ([]float64, error) {
	c = slices.Clone(c)
	for i, v := range c {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("is %v in row %d and column %d: %w; want a finite number", v, i/d+1, i%d+1, ErrParameters)
		}
	}
	for a := range d {
		for b := range a {
			upper, lower := c[b*d+a], c[a*d+b]
			if upper == lower {
				continue
			}
			if !(math.Abs(upper-lower) <= asymmetry*math.Sqrt(c[a*d+a])*math.Sqrt(c[b*d+b])) {
				return nil, fmt.Errorf("is not symmetric: %v in row %d and column %d, %v across: %w", lower, a+1, b+1, upper, ErrParameters)
			}
			c[a*d+b] = lower + (upper-lower)/2
			c[b*d+a] = c[a*d+b]
		}
	}
	return c, nil
}
