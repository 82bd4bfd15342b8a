package vae

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

// standardizing returns the transform of the data under which networks are
// trained whose p(x|z) has location and scale: each column to mean 0 and variance 1
// or, unless perColumn, all columns by one common factor. Afterwards it is folded
// into the first and the last layer, so that fitting does not depend on the units of
// the data and the model takes them as they are.
func standardizing(x *mat.Dense, perColumn bool) (density.Transform, error) {
	_, d := x.Dims()
	t := density.NewIdentity(d)
	mean, variance := density.Moments(x)
	t.Shift = mean
	var common float64
	for _, v := range variance {
		common += v / float64(d)
	}
	common = math.Sqrt(common)
	if !(common > 0) {
		return t, fmt.Errorf("vae: all rows are the same: %w; a density needs rows that differ", density.ErrConstant)
	}
	for j, v := range variance {
		t.Scale[j] = common
		if perColumn {
			if !(v > 0) {
				return t, fmt.Errorf("vae: column %d has the single value %v: %w; drop the column, spread discrete values by dequantising, or use a shared or fixed sigma", j+1, mean[j], density.ErrConstant)
			}
			t.Scale[j] = math.Sqrt(v)
		}
	}
	return t, nil
}

// standardizingInputs returns the transform that brings each column that varies to
// mean 0 and variance 1.
func standardizingInputs(x *mat.Dense) density.Transform {
	mean, variance := density.Moments(x)
	t := density.NewIdentity(len(mean))
	t.Shift = mean
	for j, v := range variance {
		if v > 0 {
			t.Scale[j] = math.Sqrt(v)
		}
	}
	return t
}

// separateInputs lets the encoder see in(x) while p(x|z) is of t(x). Where the two are
// the same they share their memory, as they do from the start.
func (s *trainState[T]) separateInputs(in, t density.Transform) {
	if slices.Equal(in.Shift, t.Shift) && slices.Equal(in.Scale, t.Scale) {
		return
	}
	d := len(t.Shift)
	s.inputFactor, s.inputShift = make([]T, d), make([]T, d)
	for j, scale := range in.Scale {
		s.inputFactor[j], s.inputShift[j] = T(t.Scale[j]/scale), T((t.Shift[j]-in.Shift[j])/scale)
	}
	s.target = make([]T, s.settings.Batch*d)
	if s.net.config.Prior.kind == priorVamp { // whose pseudo-inputs began as rows of t(x)
		inputs := nn.View(s.theta, s.net.priorParts)
		for k := range s.net.config.Prior.components {
			s.toInputs(inputs[k*d:(k+1)*d], inputs[k*d:(k+1)*d])
		}
	}
}

// toInputs takes a row of t(x) to what the encoder sees of it.
func (s *trainState[T]) toInputs(dst, row []T) {
	for j, v := range row {
		dst[j] = v*s.inputFactor[j] + s.inputShift[j]
	}
}

// fold changes parameters of a network trained on t(x), of which the encoder saw
// in(x), into those of the same density of x.
func fold[T kernel.Float](n *network[T], theta []T, in, t density.Transform) {
	first := n.encoder.Layers[0]
	weight, bias := nn.View(theta, first.Weight), nn.View(theta, first.Bias)
	for k := range bias {
		sum := float64(bias[k])
		for j := range in.Scale {
			w := float64(weight[j*first.Out+k]) / in.Scale[j]
			weight[j*first.Out+k] = T(w)
			sum -= w * in.Shift[j]
		}
		bias[k] = T(sum)
	}
	last := n.decoder.Layers[len(n.decoder.Layers)-1]
	weight, bias = nn.View(theta, last.Weight), nn.View(theta, last.Bias)
	for j, scale := range t.Scale {
		for i := range last.In {
			w := &weight[i*last.Out+j]
			*w = T(float64(*w) * scale)
		}
		bias[j] = T(float64(bias[j])*scale + t.Shift[j])
		if n.config.networkScale() {
			k := n.config.Dim + j
			bias[k] = T(float64(bias[k]) + 2*math.Log(scale))
		}
	}
	if n.config.Prior.kind == priorVamp {
		inputs, d := nn.View(theta, n.priorParts), n.config.Dim
		for i, v := range inputs {
			inputs[i] = T(float64(v)*in.Scale[i%d] + in.Shift[i%d])
		}
	}
	logvar := nn.View(theta, n.logvar)
	for j := range logvar {
		logvar[j] = T(float64(logvar[j]) + 2*math.Log(t.Scale[j]))
	}
}
