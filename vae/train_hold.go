package vae

// Hold keeps a part of the weights as it is from the next step on: the encoder, so that
// training moves p(x|z) and p(z) alone, or the model, so that it moves q(z|x) alone.
// These are the two halves of EM, with steps of the optimiser in the place of exact
// ones: with the model held, log p(x) stays, and what the bound gains is divergence
// from the posterior. A checkpoint does not keep it.
func (t *Trainer) Hold(encoder, model bool) { t.training.hold(encoder, model) }

func (r *run[T]) hold(encoder, model bool) { r.holds.encoder, r.holds.model = encoder, model }

// held says whether a piece of the parameters is to stay.
func (t *trainState[T]) held(p piece) bool {
	if p.net == 0 {
		return t.holds.encoder
	}
	return t.holds.model
}
