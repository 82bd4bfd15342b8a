package lcm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"likely/density"
)

// start sets the first responsibilities of a run: those of Settings.From, or of seeds.
func (e *EM) start(ctx context.Context, src rand.Source) error {
	switch {
	case e.settings.From != nil:
		p, err := e.parametersOf(e.settings.From)
		if err != nil {
			return err
		}
		return e.begin(ctx, p, e.expect(ctx, p))
	case e.k == 1:
		for i := range e.data.n {
			e.resp[i] = e.data.weightOf(i)
		}
		return nil
	}
	return e.seed(ctx, src)
}

// seedRows returns the number of rows among which seeds of k classes are looked for.
func seedRows(k int) int { return max(300, 10*k) }

// seed makes a class of each of K rows, half-way between the row and the average of the
// data. After the first, a row is drawn with a probability proportional to
// how much less likely than under a class of its own it is under the nearest seed, as in
// k-means++ (Arthur & Vassilvitskii 2007), with the loss of log-likelihood, a Bregman
// divergence, for the squared distance (Nock, Luosto & Kivinen 2008).
func (e *EM) seed(ctx context.Context, src rand.Source) error {
	random := rand.New(src)
	d, k := e.data, e.k
	candidates := d.sample(seedRows(k), random)
	n := len(candidates)
	classes := d.classesOf(candidates)
	densities := newDensities(d.layout, classes, d.values)
	logs := make([]float64, n*n) // ln p(row|class of another)
	for i, r := range candidates {
		densities.conditional(row(logs, i, n), d.at(d.layout, r, r+1))
	}
	loss := make([]float64, n) // times the row's weight, under the nearest seed
	seeds := make([]int, 0, k)
	taken := make([]bool, n)
	for i, r := range candidates {
		loss[i] = d.weightOf(r) // the first is drawn by weight
	}
	for len(seeds) < k {
		if !(sum(loss) > 0) { // the rest are as likely as they can be
			for i, r := range candidates {
				if !taken[i] {
					loss[i] = d.weightOf(r)
				}
			}
		}
		seed := drawIndex(loss, sum(loss), random)
		taken[seed] = true
		for i, r := range candidates {
			lost := max(0, logs[i*n+i]-logs[i*n+seed]) * d.weightOf(r)
			if taken[i] {
				lost = 0
			}
			if len(seeds) > 0 {
				lost = min(lost, loss[i])
			}
			loss[i] = lost
		}
		seeds = append(seeds, seed)
	}
	p := newParameters(k, d.layout)
	for c, seed := range seeds {
		p.take(c, classes, seed)
		p.logWeight[c] = -math.Log(float64(k))
	}
	return e.begin(ctx, p, e.expect(ctx, p))
}

// begin ends an E-step under the parameters to start from, of a mean log-likelihood.
func (e *EM) begin(ctx context.Context, p *parameters, mean float64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("lcm: %w", err)
	}
	if math.IsInf(mean, -1) || math.IsNaN(mean) {
		return density.SettingErrorf(ErrSettings, "lcm: {From}: some row has probability 0 under the mixture to start from: {err}; start from one that was fitted under a prior")
	}
	e.p = p
	return nil
}

// sample returns the numbers of at most m rows, in order, drawn by their weights without
// replacement: those with the largest ln(u)/w (Efraimidis & Spirakis 2006).
func (d *data) sample(m int, random *rand.Rand) []int {
	rows := make([]int, d.n)
	for i := range rows {
		rows[i] = i
	}
	if d.n <= m {
		return rows
	}
	keys := make([]float64, d.n)
	for i := range keys {
		keys[i] = -random.ExpFloat64() / d.weightOf(i)
	}
	slices.SortFunc(rows, func(a, b int) int {
		switch {
		case keys[a] > keys[b]:
			return -1
		case keys[a] < keys[b]:
			return 1
		}
		return a - b
	})
	rows = rows[:m]
	slices.Sort(rows)
	return rows
}

// classesOf returns a class for each of the given rows, half-way between it and all.
func (d *data) classesOf(numbers []int) *parameters {
	l := d.layout
	p := newParameters(len(numbers), l)
	all := d.overall
	for c, i := range numbers {
		r := d.at(l, i, i+1)
		for q := range l.linear {
			v := all.linear[q]
			if r.linearMask == nil || r.linearMask[q] != 0 {
				v = (v + r.linear[q]) / 2
			}
			p.linear[c*len(l.linear)+q] = v
		}
		to := row(p.level, c, l.levels())
		copy(to, all.level)
		for q, code := range r.codes {
			if code < 0 {
				continue
			}
			for at := l.first[q]; at < l.first[q+1]; at++ {
				to[at] /= 2
			}
			to[l.first[q]+int(code)] += 0.5
		}
		for q, v := range r.counts {
			at := c*len(l.counts) + q
			p.mean[at], p.size[at] = all.mean[q], all.size[q]
			if !math.IsNaN(v) {
				p.mean[at] = (all.mean[q] + v) / 2
			}
		}
		for q, v := range r.normals { // 0, the mean, where it is missing
			p.centre[c*len(l.normals)+q], p.variance[c*len(l.normals)+q] = v, 0.5
		}
	}
	return p
}

// take copies class from of another mixture to class c.
func (p *parameters) take(c int, other *parameters, from int) {
	for _, x := range [][2][]float64{{p.logWeight, other.logWeight}, {p.linear, other.linear}, {p.level, other.level},
		{p.mean, other.mean}, {p.size, other.size}, {p.centre, other.centre}, {p.variance, other.variance}} {
		width := len(x[0]) / p.k
		copy(row(x[0], c, width), row(x[1], from, width))
	}
}

// parametersOf returns the parameters of another mixture, in the scale of the rows.
func (e *EM) parametersOf(m *Model) (*parameters, error) {
	l := e.data.layout
	if m.p.k != e.k || !slices.Equal(m.l.columns, l.columns) {
		return nil, density.SettingErrorf(ErrSettings, "lcm: {From}: a mixture of %d classes in %d columns for %d in %d, or of other kinds or levels: {err}", m.p.k, len(m.l.columns), e.k, len(l.columns))
	}
	p := m.p.clone()
	width := len(l.normals)
	for i := range p.centre {
		scale := e.data.scale[i%width]
		p.centre[i] = (p.centre[i] - e.data.shift[i%width]) / scale
		p.variance[i] = max(p.variance[i]/(scale*scale), e.settings.least())
	}
	return p, nil
}
