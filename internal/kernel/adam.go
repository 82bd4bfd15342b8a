package kernel

import (
	"math"
	"unsafe"
)

// AdamParams are the settings of one step of Adam (Kingma and Ba, 2015), with
// the decoupled weight decay of Loshchilov and Hutter (2019).
type AdamParams struct {
	Rate, Beta1, Beta2, Epsilon float64
	WeightDecay                 float64 // share of the weight taken off per unit of Rate
	Step                        int     // 1 at the first step
}

const badStep = "kernel: Adam's first step is 1"

// Adam takes one step down the gradient g from the weights w, updating the
// running means m of g and v of g² on the way, in one pass:
//
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − rate·(m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε) + decay·w)
func Adam[T Float](p AdamParams, w, g, m, v []T) {
	if len(g) != len(w) || len(m) != len(w) || len(v) != len(w) {
		panic(badLength)
	}
	if p.Step < 1 {
		panic(badStep)
	}
	step := float64(p.Step)
	current[T]().adam(unsafe.SliceData(w), unsafe.SliceData(g), unsafe.SliceData(m), unsafe.SliceData(v),
		T(p.Beta1), T(1-p.Beta1), T(p.Beta2), T(1-p.Beta2),
		T(p.Rate/(1-math.Pow(p.Beta1, step))), T(1/math.Sqrt(1-math.Pow(p.Beta2, step))), T(p.Epsilon),
		T(1-p.Rate*p.WeightDecay), len(w))
}
