package vae

import "likely/density"

// Evaluable returns how log p(x) is known: the closed form of a linear decoder and
// no proposal, or the model itself and its encoder to draw codes from.
func (m *Model) Evaluable() (density.Model, density.Proposal, error) {
	if marginal, ok, err := m.Marginal(); ok {
		return marginal, nil, err
	}
	return m, m.Encoder(), nil
}
