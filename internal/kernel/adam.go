package kernel

import "math"

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
	var (
		beta1, beta2 = T(p.Beta1), T(p.Beta2)
		one1, one2   = T(1 - p.Beta1), T(1 - p.Beta2)
		rate         = T(p.Rate / (1 - math.Pow(p.Beta1, float64(p.Step))))
		root         = T(1 / math.Sqrt(1-math.Pow(p.Beta2, float64(p.Step))))
		epsilon      = T(p.Epsilon)
		keep         = T(1 - p.Rate*p.WeightDecay)
	)
	for i, gi := range g {
		mi := T(beta1*m[i]) + T(one1*gi)
		vi := T(beta2*v[i]) + T(one2*T(gi*gi))
		m[i], v[i] = mi, vi
		w[i] = T(keep*w[i]) - T(rate*mi)/(T(T(math.Sqrt(float64(vi)))*root)+epsilon)
	}
}
