package elbo

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Place is where the posterior of a row lies: z = Mean + Root·u, with u nearly N(0, I).
type Place struct {
	Mean   []float64  // L
	Root   *mat.Dense // L×L
	LogDet float64    // ln |Root|
}

// Place returns where a ladder found the posterior of the row: around one mode, or the
// mean of weighted draws. It is nil where the proposal has no one place.
func (w *Weights) Place() *Place {
	if w.frame == nil {
		return nil
	}
	f := w.frame
	p := &Place{Mean: append([]float64{}, f.mean...), Root: mat.DenseCopyOf(f.out), LogDet: f.logDet}
	for j, v := range w.variance {
		p.LogDet += 0.5 * math.Log(v)
		for k := range f.l {
			p.Root.Set(k, j, p.Root.At(k, j)*math.Sqrt(v))
		}
	}
	return p
}

// Integrable returns the proposal that q was made of, if q is what [Adaptive] makes for a
// code of one dimension, which can be integrated over as well; else nil.
func Integrable(q density.Proposal) density.Proposal {
	if a, ok := q.(*adaptive); ok && a.m.LatentDim() == 1 {
		return a.q
	}
	return nil
}

// Climbs says whether q is a ladder of proposals; see [NewLadder].
func Climbs(q density.Proposal) bool {
	_, ok := q.(*ladder)
	return ok
}
