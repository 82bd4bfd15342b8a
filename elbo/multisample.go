package elbo

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// MultiBound is a K-sample bound of each of N rows, in nats.
type MultiBound struct {
	// K is the number of draws inside the logarithm.
	K int
	// PerRow is the mean over groups of K draws of log (1/K) Σ w.
	PerRow []float64
	// StdErr is the Monte Carlo standard error of each row, from the spread of
	// disjoint groups; NaN where there is one group, else +Inf where the bound
	// is −Inf.
	StdErr []float64
	// Weights says how often each row counts in the mean; nil: once. It is for the
	// caller to set.
	Weights []float64
	// Samples is S.
	Samples int
	// Spent is the number of evaluations of p(x|z), for all bounds together.
	Spent int64
}

// Estimate returns the mean over the rows, a lower bound on the mean of
// log p(x). Its SampleErr is NaN where each row has one group only.
func (b *MultiBound) Estimate() density.Estimate {
	return density.WeightedMeanEstimate(b.PerRow, b.StdErr, b.Weights, density.LowerBound, b.Samples)
}

// MultiSample evaluates the K-sample bounds of each row of x (N×D) for all K in
// ks, which must rise from 1 or more to S at most, from the same S draws. Groups
// of the largest K are taken from the draws, groups of the next from each of
// these, and so on, so that every draw of a group is in equally many of its
// groups; L_K is then nondecreasing in K for every row, by Jensen's inequality,
// whatever the draws. Where K divides the next number the groups are disjoint;
// where it does not, they go around, and the cost in logarithms, not in
// evaluations of the model, is larger by the factor K over the greatest common
// divisor, at every such step of the list. Lists for which that is more than a million
// times are an error that wraps ErrSettings; others are those of [EachRow].
func MultiSample(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, ks []int, s Settings) ([]*MultiBound, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if err := rising(ks, s.Samples); err != nil {
		return nil, err
	}
	if w := rounds(ks, s.Samples); w > mostRounds {
		return nil, fmt.Errorf("elbo: bounds of %v samples from %d draws would go around the draws %d times: %w; give numbers of which each divides the next, and the last one the draws", ks, s.Samples, w, ErrSettings)
	}
	n, _ := x.Dims()
	bounds := make([]*MultiBound, len(ks))
	for j, k := range ks {
		bounds[j] = &MultiBound{K: k, PerRow: make([]float64, n), StdErr: make([]float64, n), Samples: s.Samples}
	}
	pilots := make([]int64, n)
	err = EachRow(ctx, m, q, x, "elbo.multisample", s, func(i int, w *Weights) {
		pilots[i] = int64(w.Pilot)
		logs := w.Log(nil)
		g := newGroups(ks)
		g.split(logs, len(ks)-1)
		for j, b := range bounds {
			b.PerRow[i] = g.sum[j] / float64(g.count[j])
			disjoint := make([]float64, len(logs)/b.K)
			for k := range disjoint {
				disjoint[k] = density.LogMeanExp(logs[k*b.K : (k+1)*b.K])
			}
			b.StdErr[i] = standardError(disjoint)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, b := range bounds {
		b.Spent = spent(n, s.Samples, pilots)
	}
	return bounds, nil
}

// groups sums the log mean weights of nested groups.
type groups struct {
	ks     []int
	sum    []float64
	count  []int
	around [][]float64 // a group that goes around, for each level
}

func newGroups(ks []int) *groups {
	g := &groups{ks: ks, sum: make([]float64, len(ks)), count: make([]int, len(ks)), around: make([][]float64, len(ks))}
	for j, k := range ks {
		g.around[j] = make([]float64, k)
	}
	return g
}

// split cuts logs into groups of ks[level], and these into smaller ones.
func (g *groups) split(logs []float64, level int) {
	if level < 0 {
		return
	}
	k := g.ks[level]
	for start := 0; ; {
		group := logs[start:min(start+k, len(logs))]
		if len(group) < k {
			n := copy(g.around[level], group)
			copy(g.around[level][n:], logs)
			group = g.around[level]
		}
		g.sum[level] += density.LogMeanExp(group)
		g.count[level]++
		g.split(group, level-1)
		if start = (start + k) % len(logs); start == 0 {
			return
		}
	}
}

// mostRounds bounds how often groups may go around the draws.
const mostRounds = 1_000_000

// rounds returns how often the groups of the smallest number go around all draws.
func rounds(ks []int, samples int) int {
	total := 1
	for j := len(ks) - 1; j >= 0 && total <= mostRounds; j-- {
		a, b := samples, ks[j]
		for b > 0 {
			a, b = b, a%b
		}
		total *= ks[j] / a
		samples = ks[j]
	}
	return total
}

func rising(ks []int, samples int) error {
	if len(ks) == 0 || ks[0] < 1 || ks[len(ks)-1] > samples || !slices.IsSorted(ks) || len(slices.Compact(slices.Clone(ks))) != len(ks) {
		return fmt.Errorf("elbo: bounds of %v samples from %d draws: %w; give numbers that rise from 1 or more up to the number of draws", ks, samples, ErrSettings)
	}
	return nil
}
