package vae

import (
	"fmt"
	"math"
	"slices"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

// standardizing returns the transform of the data under which networks are
// trained whose p(x|z) has location and scale: each column to mean 0 and variance 1
// or, unless perColumn, all columns by one common factor. Afterwards it is folded
// into the first and the last layer, so that fitting does not depend on the units of
// the data and the model takes them as they are.
func standardizing(of moments, perColumn bool) (density.Transform, error) {
	d := len(of.mean)
	t := density.NewIdentity(d)
	copy(t.Shift, of.mean)
	var common float64
	for _, v := range of.variance {
		common += v / float64(d)
	}
	common = math.Sqrt(common)
	if !(common > 0) {
		return t, fmt.Errorf("vae: all rows are the same: %w; a density needs rows that differ", density.ErrConstant)
	}
	for j, v := range of.variance {
		t.Scale[j] = common
		if perColumn {
			if !(v > 0) {
				return t, fmt.Errorf("vae: column %d has the single value %v: %w; drop the column, spread discrete values by dequantising, or use a shared or fixed sigma", of.first+j+1, of.mean[j], density.ErrConstant)
			}
			t.Scale[j] = math.Sqrt(v)
		}
	}
	return t, nil
}

// standardizingInputs returns the transform that brings each column that varies to
// mean 0 and variance 1.
func standardizingInputs(of moments) density.Transform {
	t := density.NewIdentity(len(of.mean))
	copy(t.Shift, of.mean)
	for j, v := range of.variance {
		if v > 0 {
			t.Scale[j] = math.Sqrt(v)
		}
	}
	return t
}

// separateInputs lets the encoder see in(x) while p(x|z) is of t(x). Where the two are
// the same they share their memory, as they do from the start.
func (s *trainState[T]) separateInputs(in, t density.Transform) {
	c := &s.net.config
	s.inputs = newInputs(c, &s.net.heads).under(in)
	same := slices.Equal(in.Shift, t.Shift) && slices.Equal(in.Scale, t.Scale)
	if same && s.inputs.asTheyAre() {
		return
	}
	s.target = make([]T, s.settings.Batch*c.Dim)
	if same {
		return
	}
	s.inputFactor, s.inputShift = make([]T, c.Dim), make([]T, c.Dim)
	for j, scale := range in.Scale {
		s.inputFactor[j], s.inputShift[j] = T(t.Scale[j]/scale), T((t.Shift[j]-in.Shift[j])/scale)
	}
}

// toInputs takes a row of t(x) to what the encoder sees of it.
func (s *trainState[T]) toInputs(dst, row []T) {
	see(s.inputs, dst, row, s.inputFactor, s.inputShift)
}

// under returns the inputs of an encoder that sees in(x).
func (in *inputs) under(t density.Transform) *inputs {
	out := *in
	out.fill = slices.Clone(in.fill)
	if out.fill == nil {
		return &out
	}
	for j, scale := range t.Scale {
		if at := in.heads.loc[j]; in.heads.loc[j+1]-at == 1 {
			out.fill[at] = (in.fill[at] - t.Shift[j]) / scale
		}
	}
	return &out
}

// fold changes parameters of a network trained on t(x), of which the encoder saw
// in(x), into those of the same density of x.
func fold[T kernel.Float](n *network[T], theta []T, in, t density.Transform) {
	first := n.encoder.Layers[0]
	weight, bias := nn.View(theta, first.Weight), nn.View(theta, first.Bias)
	for k := range bias {
		sum := float64(bias[k])
		for j, scale := range in.Scale {
			at := n.loc[j]
			if n.loc[j+1]-at > 1 {
				continue // what the encoder sees is no matter of units
			}
			w := float64(weight[at*first.Out+k]) / scale
			weight[at*first.Out+k] = T(w)
			sum -= w * in.Shift[j]
		}
		bias[k] = T(sum)
	}
	last := n.decoder.Layers[len(n.decoder.Layers)-1]
	weight, bias = nn.View(theta, last.Weight), nn.View(theta, last.Bias)
	for j, scale := range t.Scale {
		at := n.loc[j]
		if n.loc[j+1]-at > 1 {
			continue // logits have no units
		}
		for i := range last.In {
			w := &weight[i*last.Out+at]
			*w = T(float64(*w) * scale)
		}
		bias[at] = T(float64(bias[at])*scale + t.Shift[j])
	}
	logvar := nn.View(theta, n.logvar)
	n.eachScale(func(k, j int) {
		shift := 2 * math.Log(t.Scale[j])
		if n.network {
			bias[n.locations()+k] = T(float64(bias[n.locations()+k]) + shift)
		} else if k < len(logvar) { // else one for all columns, which have one scale
			logvar[k] = T(float64(logvar[k]) + shift)
		}
	})
	if n.config.Prior.kind == priorVamp {
		width, parts := n.encoder.In(), nn.View(theta, n.priorParts)
		for row := range len(parts) / width {
			for j, scale := range in.Scale {
				if at := n.loc[j]; n.loc[j+1]-at == 1 {
					v := &parts[row*width+at]
					*v = T(float64(*v)*scale + in.Shift[j])
				}
			}
		}
	}
}
