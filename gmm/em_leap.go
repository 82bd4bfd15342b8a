package gmm

import (
	"slices"

	"likely/internal/em"
)

// run is EM as package em sees it.
type run struct{ *EM }

func (r run) Path() *em.Path { return &r.path }

func (r run) Responsibilities() em.Responsibilities {
	return em.Responsibilities{N: r.moments.n, K: r.k, R: r.moments.resp, Weight: r.moments.weight}
}

func (r run) Doubt() int { return r.doubt() }

// Hold keeps what a step of EM changes, but for the responsibilities and the path.
func (r run) Hold() (back func()) {
	e := r.EM
	logWeight, mean, count := slices.Clone(e.logWeight), slices.Clone(e.moments.mean), slices.Clone(e.moments.count)
	shapes, logLik, narrow := e.shapes, e.logLik, e.narrow
	return func() {
		copy(e.logWeight, logWeight)
		copy(e.moments.mean, mean)
		copy(e.moments.count, count)
		e.shapes, e.logLik, e.narrow = shapes, logLik, narrow
	}
}

// Forget drops what the last E-step left, which belongs to other responsibilities.
func (r run) Forget() {
	r.moments.ahead = nil
	if r.moments.gapped != nil {
		r.moments.gapped.sums = nil
	}
}
