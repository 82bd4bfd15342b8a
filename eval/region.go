package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
)

// region is a box with the logarithms of its integral and of the difference
// between the two rules.
type region struct {
	centre, half []float64
	log, err     float64
	split        int // the dimension to cut
	edge         bool
}

// cubature integrates over the code for one row.
type cubature struct {
	ctx   context.Context
	m     density.Latent
	rule  rule
	x     *mat.Dense
	row   int
	spent int64

	regions  []*region
	log, err float64
	edge     bool
}

// cells is the number of regions on each axis to begin with, by dimension.
var cells = [...]int{1: 128, 2: 24, 3: 10}

func (c *cubature) run(low, high []float64, s QuadratureSettings) error {
	if err := c.evaluate(c.begin(low, high)); err != nil {
		return err
	}
	if s.Hints != nil {
		if err := c.look(s); err != nil {
			return err
		}
	}
	for {
		c.sum()
		if c.err <= s.Tolerance || c.spent >= int64(s.Evaluations) {
			return nil
		}
		if err := c.refine(s.Tolerance); err != nil {
			return err
		}
	}
}

// begin returns a grid of regions over the box.
func (c *cubature) begin(low, high []float64) []*region {
	l := len(low)
	n := cells[l]
	total := 1
	for range l {
		total *= n
	}
	regions := make([]*region, total)
	for i := range regions {
		r := &region{centre: make([]float64, l), half: make([]float64, l)}
		for j, k := 0, i; j < l; j, k = j+1, k/n {
			cell := k % n
			r.half[j] = (high[j] - low[j]) / float64(2*n)
			r.centre[j] = low[j] + float64(2*cell+1)*r.half[j]
			r.edge = r.edge || cell == 0 || cell == n-1
		}
		regions[i] = r
	}
	return regions
}

// evaluate integrates new regions and adds them.
func (c *cubature) evaluate(fresh []*region) error {
	const batch = 256
	nodes, l := len(c.rule.nodes), len(fresh[0].centre)
	z := mat.NewDense(batch*nodes, l, nil)
	for from := 0; from < len(fresh); from += batch {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		part := fresh[from:min(from+batch, len(fresh))]
		codes := density.Rows(z, 0, len(part)*nodes)
		for i, r := range part {
			for k, node := range c.rule.nodes {
				for j, v := range node {
					codes.Set(i*nodes+k, j, r.centre[j]+v*r.half[j])
				}
			}
		}
		logs := c.m.LogLik(nil, c.x, codes)
		c.spent += int64(len(logs))
		for k, v := range c.m.LogPrior(nil, codes) {
			logs[k] += v
			if math.IsNaN(logs[k]) || math.IsInf(logs[k], 1) {
				return fmt.Errorf("eval: quadrature: log p(x,z) is %v at z = %v for row %d: %w; check the row, or train the model with a smaller rate", logs[k], codes.RawRowView(k), c.row+1, elbo.ErrNotANumber)
			}
		}
		for i, r := range part {
			r.integrate(c.rule, logs[i*nodes:(i+1)*nodes])
		}
	}
	c.regions = append(c.regions, fresh...)
	return nil
}

// integrate applies both rules to the logarithms of the integrand at the nodes.
func (r *region) integrate(q rule, logs []float64) {
	r.log, r.err = math.Inf(-1), math.Inf(-1)
	peak := slices.Max(logs)
	if math.IsInf(peak, -1) {
		return
	}
	var high, low float64
	spread := make([]float64, len(r.half))
	for k, v := range logs {
		f := math.Exp(v - peak)
		high += q.high[k] * f
		low += q.low[k] * f
		for j, u := range q.nodes[k] {
			// The integrand varies most along the axis on which large
			// and small values lie apart.
			spread[j] += math.Abs(f-math.Exp(logs[0]-peak)) * math.Abs(u)
		}
	}
	volume := 0.0
	for j, h := range r.half {
		volume += math.Log(2 * h)
		if spread[j]*h > spread[r.split]*r.half[r.split] {
			r.split = j
		}
	}
	// The rules have negative weights: a region they make nothing of counts as
	// its largest value.
	if high > 0 {
		r.log = peak + volume + math.Log(high)
	}
	difference := math.Abs(high - low)
	if !(high > 0) {
		difference = 1
	}
	r.err = peak + volume + math.Log(max(difference, 1e-17))
	if q.order != nil {
		r.err = max(r.err, q.unseen(logs)+math.Log(r.half[0]))
	}
}

// unresolved is by how many nats a peak between nodes must be able to rise above them to
// count as an error: it is much narrower then than they are apart, and neither rule sees
// it.
const unresolved = 2

// unseen returns the logarithm of the largest mass, in units of half the region, that a
// peak between two nodes in one dimension can have if the logarithm of the integrand is
// concave there: it is below the lines through the nodes on either side, where these
// meet. −Inf: no peak rises far enough.
func (q rule) unseen(logs []float64) float64 {
	mass := math.Inf(-1)
	at := func(k int) (t, v float64) { return q.nodes[q.order[k]][0], logs[q.order[k]] }
	peak := func(rise, length, top float64) {
		if rise > unresolved && !math.IsInf(rise, 1) {
			mass = max(mass, top+rise+math.Log(length))
		}
	}
	last := len(q.order) - 1
	slope := func(k, next int) float64 { // of the line through node k and the one behind it
		t, v := at(k)
		s, u := at(next)
		return (v - u) / math.Abs(t-s)
	}
	// Beyond the outermost nodes, and between them and the next, one line is all there is.
	for _, k := range [][3]int{{0, 1, 2}, {last, last - 1, last - 2}} {
		t, v := at(k[0])
		s, u := at(k[1])
		gap, length := 1-math.Abs(t), math.Abs(t-s)
		peak(slope(k[0], k[1])*gap, gap, v)
		peak(u+slope(k[1], k[2])*length-max(u, v), length, max(u, v))
	}
	for k := 1; k < last-1; k++ {
		t, v := at(k)
		s, u := at(k + 1)
		left, right := slope(k, k-1), slope(k+1, k+2)
		if !(left > 0 && right > 0) {
			continue
		}
		// v + left·a = u + right·(s − t − a)
		if a := (u - v + right*(s-t)) / (left + right); a > 0 && a < s-t {
			peak(v+left*a-max(u, v), s-t, max(u, v))
		}
	}
	return mass
}

// halves returns the two halves of a region.
func (r *region) halves() []*region {
	out := make([]*region, 2)
	for side := range out {
		half := slices.Clone(r.half)
		half[r.split] /= 2
		centre := slices.Clone(r.centre)
		centre[r.split] += float64(2*side-1) * half[r.split]
		out[side] = &region{centre: centre, half: half, split: r.split, edge: r.edge}
	}
	return out
}

// sum adds up the regions.
func (c *cubature) sum() {
	logs, errs, edge := make([]float64, len(c.regions)), make([]float64, len(c.regions)), math.Inf(-1)
	for i, r := range c.regions {
		logs[i], errs[i] = r.log, r.err
		if r.edge {
			edge = max(edge, r.log)
		}
	}
	c.log = density.LogSumExp(logs)
	c.err = math.Exp(density.LogSumExp(errs) - c.log) // d log p = dp/p
	c.edge = edge-c.log > math.Log(1e-9)
}

// refine cuts the regions with the largest errors, all but those that together are
// within half the tolerance, a quarter of all at most.
func (c *cubature) refine(tolerance float64) error {
	slices.SortStableFunc(c.regions, func(a, b *region) int { return cmp.Compare(a.err, b.err) })
	allowed := tolerance / 2
	kept := 0
	var sum float64
	for kept < len(c.regions)-1 {
		sum += math.Exp(c.regions[kept].err - c.log)
		if sum > allowed {
			break
		}
		kept++
	}
	// Not all at once: what halving one teaches may spare others.
	kept = max(kept, len(c.regions)*3/4)
	var fresh []*region
	for _, r := range c.regions[kept:] {
		fresh = append(fresh, r.halves()...)
	}
	c.regions = c.regions[:kept]
	return c.evaluate(fresh)
}

// look cuts the regions within five standard deviations of draws of the hints until
// they are no wider than these are spread: a region into which the peak reaches
// from its neighbour may have no node near it, and both rules miss the same.
func (c *cubature) look(s QuadratureSettings) error {
	const draws = 64
	z := mat.NewDense(draws, len(c.regions[0].centre), nil)
	s.Hints.Rand(z, c.x, density.NewSource(s.Seed, "eval.quadrature.hints", uint64(c.row)))
	_, variance := density.Moments(z)
	margin := make([]float64, len(variance))
	for j, v := range variance {
		margin[j] = 5 * math.Sqrt(v)
	}
	for range 60 {
		var fresh, kept []*region
		for _, r := range c.regions {
			wide := -1
			for j, h := range r.half {
				if h > 2*math.Sqrt(variance[j]) && (wide < 0 || h/math.Sqrt(variance[j]) > r.half[wide]/math.Sqrt(variance[wide])) {
					wide = j
				}
			}
			if wide < 0 || !r.near(z, margin) {
				kept = append(kept, r)
				continue
			}
			r.split = wide
			fresh = append(fresh, r.halves()...)
		}
		if len(fresh) == 0 {
			return nil
		}
		c.regions = kept
		if err := c.evaluate(fresh); err != nil {
			return err
		}
	}
	return nil
}

// near reports whether a row of z lies in the region or within the margin of it.
func (r *region) near(z *mat.Dense, margin []float64) bool {
	n, _ := z.Dims()
	for i := range n {
		inside := true
		for j, v := range z.RawRowView(i) {
			inside = inside && math.Abs(v-r.centre[j]) <= r.half[j]+margin[j]
		}
		if inside {
			return true
		}
	}
	return false
}
