package eval

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
)

// bridge is the family of densities between a start q₀ and the posterior
//
//	log p_β(z) = (1 − β) log q₀(z|x) + β (log p(x|z) + log p(z)) + const
//
// for a block of rows with several chains each.
type bridge struct {
	m     density.LatentGradient
	start density.ProposalGradient // nil: the prior
	x     *mat.Dense               // B×D
	place *elbo.Place              // nil: chains are codes; else codes in its units
	codes *mat.Dense               // of the chains, where there is a place
	spent int64                    // evaluations of p(x|z)
}

// chains are codes and what the bridge is made of there: f0 = log q₀(z|x) and
// f1 = log p(x, z), and their gradients.
type chains struct {
	z, g0, g1 *mat.Dense // B·C×L
	f0, f1    []float64  // B·C
}

func newChains(n, l int) *chains {
	return &chains{
		z: mat.NewDense(n, l, nil), g0: mat.NewDense(n, l, nil), g1: mat.NewDense(n, l, nil),
		f0: make([]float64, n), f1: make([]float64, n),
	}
}

func (c *chains) copy(from *chains) {
	c.z.Copy(from.z)
	c.g0.Copy(from.g0)
	c.g1.Copy(from.g1)
	copy(c.f0, from.f0)
	copy(c.f1, from.f1)
}

// move takes over one chain of another set.
func (c *chains) move(i int, from *chains) {
	copy(c.z.RawRowView(i), from.z.RawRowView(i))
	copy(c.g0.RawRowView(i), from.g0.RawRowView(i))
	copy(c.g1.RawRowView(i), from.g1.RawRowView(i))
	c.f0[i], c.f1[i] = from.f0[i], from.f1[i]
}

// evaluate brings f0, f1 and their gradients up to date with z. scratch has the
// shape of z.
func (b *bridge) evaluate(c *chains, scratch *mat.Dense) {
	z := c.z
	if b.place != nil {
		z = b.placed(c.z)
	}
	b.m.LogLikGrad(c.f1, c.g1, b.x, z)
	prior := b.m.LogPriorGrad(c.f0, scratch, z)
	for i, v := range prior {
		c.f1[i] += v
	}
	c.g1.Add(c.g1, scratch)
	if b.place != nil {
		b.pull(c, scratch)
	}
	if b.start == nil {
		c.g0.Copy(scratch)
	} else {
		b.start.LogProbGrad(c.f0, c.g0, c.z, b.x)
	}
	b.spent += int64(len(c.f0))
}

// hamiltonian makes transitions of Hamiltonian Monte Carlo (Duane et al. 1987;
// Neal 2011): each leaves p_β invariant and is reversible.
type hamiltonian struct {
	leapfrogs int
	proposed  *chains
	momentum  *mat.Dense
	scratch   *mat.Dense
	energy    []float64 // of each chain
	size      []float64 // step of each row
}

func newHamiltonian(n, l, leapfrogs int) *hamiltonian {
	return &hamiltonian{
		leapfrogs: leapfrogs, proposed: newChains(n, l),
		momentum: mat.NewDense(n, l, nil), scratch: mat.NewDense(n, l, nil), energy: make([]float64, n),
	}
}

// transition moves the chains c. beta and step hold a temperature and a step size
// for each row of the block, random its stream, and accepted receives the mean
// probability of acceptance of its chains. Each transition varies the step by up
// to a fifth, independently of the state, so that no orbit is periodic.
func (h *hamiltonian) transition(b *bridge, c *chains, beta, step []float64, random []*rand.Rand, accepted []float64) {
	n := len(c.f0)
	count := n / len(beta)
	h.size = h.size[:0]
	for i := range beta {
		h.size = append(h.size, step[i]*(0.8+0.4*random[i].Float64()))
	}
	for k := range n {
		p := h.momentum.RawRowView(k)
		for j := range p {
			p[j] = random[k/count].NormFloat64()
		}
		h.energy[k] = energy(c, h.momentum, k, beta[k/count])
	}
	h.leap(b, c, beta, h.size)
	clear(accepted)
	for k := range n {
		i := k / count
		gain := h.energy[k] - energy(h.proposed, h.momentum, k, beta[i])
		// A path into a place where the model gives no number is rejected.
		probability := 0.0
		if !math.IsNaN(gain) {
			probability = math.Exp(min(gain, 0))
		}
		accepted[i] += probability / float64(count)
		if random[i].Float64() < probability {
			c.move(k, h.proposed)
		}
	}
}

// leap follows the dynamics from c for the given number of leapfrog steps and
// leaves the end in h.proposed and h.momentum.
func (h *hamiltonian) leap(b *bridge, c *chains, beta, size []float64) {
	q := h.proposed
	q.copy(c)
	count := len(c.f0) / len(beta)
	kick := func(half float64) {
		for k := range q.f0 {
			i := k / count
			p, g0, g1 := h.momentum.RawRowView(k), q.g0.RawRowView(k), q.g1.RawRowView(k)
			for j := range p {
				p[j] += half * size[i] * ((1-beta[i])*g0[j] + beta[i]*g1[j])
			}
		}
	}
	kick(0.5)
	for leap := range h.leapfrogs {
		for k := range q.f0 {
			z := q.z.RawRowView(k)
			for j, v := range h.momentum.RawRowView(k) {
				z[j] += size[k/count] * v
			}
		}
		b.evaluate(q, h.scratch)
		if leap < h.leapfrogs-1 {
			kick(1)
		}
	}
	kick(0.5)
}

// energy is −log p_β(z) + |p|²/2 of one chain.
func energy(c *chains, momentum *mat.Dense, k int, beta float64) float64 {
	var kinetic float64
	for _, v := range momentum.RawRowView(k) {
		kinetic += v * v
	}
	potential := -beta * c.f1[k]
	if beta < 1 {
		potential -= (1 - beta) * c.f0[k]
	}
	return potential + kinetic/2
}
