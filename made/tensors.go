package made

import (
	"fmt"
	"math"
	"slices"

	"likely/density"
	"likely/internal/nn"
	"likely/internal/safetensors"
)

// Config is what a saved model needs beside its tensors.
type Config struct {
	Dim        int      `json:"dim"`
	Columns    []Column `json:"column_kinds"`
	Components int      `json:"components"`
	Hidden     []int    `json:"hidden"`
	Orders     int      `json:"orders"`
	Floor      float64  `json:"floor"`
}

// Config describes the model for a file.
func (m *Model) Config() Config {
	return Config{Dim: len(m.columns), Columns: slices.Clone(m.columns), Components: m.components, Hidden: slices.Clone(m.hidden), Orders: len(m.networks), Floor: m.floor}
}

// Tensors returns the model as it is saved: shift [D] and scale [D] of the columns, the
// orders [M,D] (columns from 0), and for network m and layer l networks.m.l.weight
// [In,Out], with zeros where the mask cuts, and networks.m.l.bias [Out].
func (m *Model) Tensors() []safetensors.Tensor {
	d := len(m.columns)
	orders := safetensors.Tensor{Name: "orders", Shape: []int{len(m.networks), d}}
	for _, n := range m.networks {
		for _, j := range n.order {
			orders.Data = append(orders.Data, float64(j))
		}
	}
	out := []safetensors.Tensor{
		{Name: "shift", Shape: []int{d}, Data: slices.Clone(m.transform.Shift)},
		{Name: "scale", Shape: []int{d}, Data: slices.Clone(m.transform.Scale)},
		orders,
	}
	for k, n := range m.networks {
		n.each(k, func(name string, shape []int, place nn.Span) error {
			out = append(out, safetensors.Tensor{Name: name, Shape: shape, Data: slices.Clone(nn.View(n.theta, place))})
			return nil
		})
	}
	return out
}

// each calls f for each tensor of the network, which is the one of that number, until
// one fails.
func (n *network) each(number int, f func(name string, shape []int, place nn.Span) error) error {
	for l, d := range n.mlp.Layers {
		if err := f(fmt.Sprintf("networks.%d.%d.weight", number, l), []int{d.In, d.Out}, d.Weight); err != nil {
			return err
		}
		if err := f(fmt.Sprintf("networks.%d.%d.bias", number, l), []int{d.Out}, d.Bias); err != nil {
			return err
		}
	}
	return nil
}

// FromTensors rebuilds the model that [Model.Tensors] describes; tensors with other names
// are ignored. Anything inconsistent is an error that wraps [ErrParameters].
func FromTensors(c Config, tensors []safetensors.Tensor) (*Model, error) {
	if err := c.check(tensors); err != nil {
		return nil, err
	}
	find := func(name string, shape ...int) ([]float64, error) {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("made: tensor %q is missing: %w", name, ErrParameters)
		}
		if !slices.Equal(tensors[i].Shape, shape) {
			return nil, fmt.Errorf("made: tensor %q has shape %v, want %v: %w", name, tensors[i].Shape, shape, ErrParameters)
		}
		for _, v := range tensors[i].Data {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("made: tensor %q holds %v: %w", name, v, ErrParameters)
			}
		}
		return tensors[i].Data, nil
	}
	var t density.Transform
	var orders []float64
	var err error
	for _, p := range []struct {
		name  string
		shape []int
		to    *[]float64
	}{{"shift", []int{c.Dim}, &t.Shift}, {"scale", []int{c.Dim}, &t.Scale}, {"orders", []int{c.Orders, c.Dim}, &orders}} {
		if *p.to, err = find(p.name, p.shape...); err != nil {
			return nil, err
		}
	}
	if err := t.Check(); err != nil {
		return nil, fmt.Errorf("made: %w: %w", err, ErrParameters)
	}
	networks := make([]*network, c.Orders)
	for k := range networks {
		order, err := permutation(orders[k*c.Dim : (k+1)*c.Dim])
		if err != nil {
			return nil, err
		}
		n := newNetwork(c.Columns, c.Components, c.Hidden, order)
		err = n.each(k, func(name string, shape []int, place nn.Span) error {
			data, err := find(name, shape...)
			copy(nn.View(n.theta, place), data)
			return err
		})
		if err != nil {
			return nil, err
		}
		n.cut(n.theta) // whatever the file says, no column sees itself
		networks[k] = n
	}
	return newModel(Settings{Columns: slices.Clone(c.Columns), Components: c.Components, Hidden: slices.Clone(c.Hidden), Floor: c.Floor},
		density.Transform{Shift: slices.Clone(t.Shift), Scale: slices.Clone(t.Scale)}, networks), nil
}

// check refuses what no model has, before anything of that size is allocated: a network
// cannot have more numbers than the tensors hold.
func (c Config) check(tensors []safetensors.Tensor) error {
	total := 0
	for _, t := range tensors {
		total += len(t.Data)
	}
	if c.Dim < 1 || len(c.Columns) != c.Dim || c.Components < 1 || c.Components > total || c.Orders < 1 || c.Orders > total || !(c.Floor > 0) || math.IsInf(c.Floor, 0) {
		return fmt.Errorf("made: %d columns, %d normals, %d orders, floor %v: %w", len(c.Columns), c.Components, c.Orders, c.Floor, ErrParameters)
	}
	for j, column := range c.Columns {
		if column.Kind < 0 || int(column.Kind) >= len(kindNames) || column.Kind == Categorical && (column.Levels < 1 || column.Levels > maxLevels) {
			return fmt.Errorf("made: column %d is %v with %d levels: %w", j+1, column.Kind, column.Levels, ErrParameters)
		}
	}
	in, out := places(c.Columns, c.Components)
	below, size := in[c.Dim], 0
	for _, width := range append(slices.Clone(c.Hidden), out[c.Dim]) {
		if width < 1 || width > total || below > total/width {
			return fmt.Errorf("made: hidden layers %v: %w", c.Hidden, ErrParameters)
		}
		size += below*width + width
		below = width
	}
	if size > total {
		return fmt.Errorf("made: hidden layers %v need %d numbers, the tensors hold %d: %w", c.Hidden, size, total, ErrParameters)
	}
	return nil
}

// permutation reads an order of the columns.
func permutation(data []float64) ([]int, error) {
	order, seen := make([]int, len(data)), make([]bool, len(data))
	for at, v := range data {
		j := int(v)
		if float64(j) != v || j < 0 || j >= len(data) || seen[j] {
			return nil, fmt.Errorf("made: %v is no order of %d columns: %w", data, len(data), ErrParameters)
		}
		order[at], seen[j] = j, true
	}
	return order, nil
}
