package tree

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
	"likely/internal/spread"
)

// EM over trees: the E-step completes the counts of all pairs by their expectation
// given what each row observes, the M-step is the tree of largest likelihood for them,
// so that parents may change as well as probabilities (Meilă & Jordan 2000, for a
// single tree). It starts from the pairs that are observed together.

// maxSegments bounds the sums that are held at once; it does not depend on the machine,
// so that they do not either.
const maxSegments = 16

// expect runs EM from the tree m of the counts of observed pairs.
func (r *Report) expect(ctx context.Context, t *table, observed *counts, m *Model, s Settings) (*Model, *counts, error) {
	whole, err := t.of(t.whole).count(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := &counts{levels: t.levels, offset: t.offset, n: make([]float64, len(observed.n)), rows: observed.rows}
	logs := make([]float64, len(t.gapped))
	r.Converged = false
	for {
		copy(c.n, whole.n)
		if err := t.addExpected(ctx, c, m, logs); err != nil {
			return nil, nil, err
		}
		r.History = append(r.History, t.objective(m, c.rows, logs))
		last := len(r.History) - 1
		if last > 0 && r.History[last]-r.History[last-1] < s.Tolerance {
			r.Converged = true
			return m, c, nil
		}
		if last == s.Iterations {
			r.Warnings = append(r.Warnings, fmt.Sprintf("EM stopped after %d iterations, before the likelihood settled; more Settings.Iterations would help", last))
			return m, c, nil
		}
		if m, err = c.model(); err != nil {
			return nil, nil, err
		}
	}
}

// of returns the table with no other rows than the given ones.
func (t *table) of(rows []int) *table {
	n, _ := t.x.Dims()
	weights := make([]float64, n)
	for _, i := range rows {
		weights[i] = t.weight(i)
	}
	out := *t
	out.weight = func(i int) float64 { return weights[i] }
	return &out
}

// addExpected adds the expected counts of the rows with gaps, and stores ln p of what
// they observe in logs.
func (t *table) addExpected(ctx context.Context, c *counts, m *Model, logs []float64) error {
	n := len(t.gapped)
	segments := min(maxSegments, (n+countRows-1)/countRows)
	sums := make([][]float64, segments)
	err := spread.Each(ctx, segments, nil, func() func(i int) error {
		s := m.newMessages()
		joint := make([]float64, len(c.n))
		return func(segment int) error {
			sum := make([]float64, len(c.n))
			for q := segment * n / segments; q < (segment+1)*n/segments; q++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				i := t.gapped[q]
				logs[q] = s.up(t.x.RawRowView(i))
				s.down()
				s.pairs(joint)
				kernel.Axpy(t.weight(i), joint, sum)
			}
			sums[segment] = sum
			return nil
		}
	})
	if err != nil {
		return fmt.Errorf("tree: %w", err)
	}
	for _, sum := range sums {
		floats.Add(c.n, sum)
	}
	return nil
}

// pairs stores the joint probabilities of all pairs of values given what is observed
// in joint (ΣL×ΣL), after down. For a column i before j in the order, with p the parent
// of j, p(xᵢ, xⱼ) = Σ p(xᵢ, xₚ) p(xⱼ|xₚ).
func (s *messages) pairs(joint []float64) {
	m := s.m
	states := len(s.below)
	for at, j := range m.order {
		l, to := m.levels[j], m.offset[j]
		for b := range l {
			row := joint[(to+b)*states : (to+b+1)*states]
			clear(row[to : to+l])
			row[to+b] = s.marginal[to+b]
		}
		p := m.parents[j]
		for _, i := range m.order[:at] {
			for a := m.offset[i]; a < m.offset[i+1]; a++ {
				row := joint[a*states : (a+1)*states]
				clear(row[to : to+l])
				for q := range m.levels[p] {
					if v := row[m.offset[p]+q]; v != 0 {
						for b, step := range s.step[j][q*l : (q+1)*l] {
							row[to+b] += v * step
						}
					}
				}
				for b, v := range row[to : to+l] {
					joint[(to+b)*states+a] = v
				}
			}
		}
	}
}
