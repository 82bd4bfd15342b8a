package vae

import "likely/internal/kernel"

// columnGradient is the gradient of columnwise.
type columnGradient[T kernel.Float] struct {
	*heads
	parts []gradientPart[T]
}

type gradientPart[T kernel.Float] struct {
	gradient[T]
	from, to int
}

func newGradient[T kernel.Float](f *columnwise) *columnGradient[T] {
	g := &columnGradient[T]{heads: &f.heads}
	for _, p := range f.parts {
		var own any = p.gradient64()
		if _, single := any(T(0)).(float32); single {
			own = p.gradient32()
		}
		g.parts = append(g.parts, gradientPart[T]{own.(gradient[T]), p.from, p.to})
	}
	return g
}

// grad returns log p(x|z) in nats, of the values that are there, and stores its
// derivatives by the locations and by the scales in dloc and ds. The kernels see no
// value that is missing.
func (g *columnGradient[T]) grad(x, loc, s, w, dloc, ds []T) float64 {
	var sum float64
	for _, p := range g.parts {
		done := p.from
		for a, b := presentValues(x, p.from, p.to); ; a, b = presentValues(x, b, p.to) {
			clear(span(dloc, g.loc, done, a))
			clear(span(ds, g.scale, done, a))
			if a == b {
				break
			}
			sum += p.grad(x[a:b], span(loc, g.loc, a, b), span(s, g.scale, a, b), span(w, g.scale, a, b), span(dloc, g.loc, a, b), span(ds, g.scale, a, b))
			done = b
		}
	}
	return sum
}
