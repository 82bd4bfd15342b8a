package made

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// Epoch is the mean log p, in nats per row of the original data, of the training rows
// while the weights were moving, and of the validation rows after it (NaN if there are
// none).
type Epoch struct{ Train, Valid float64 }

// Report tells how a fit went.
type Report struct {
	// History holds the epochs of each network.
	History [][]Epoch
	// BestEpoch is, for each network, the number of epochs after which its weights were
	// kept.
	BestEpoch []int
	// Converged is whether every network stopped because the validation rows no longer
	// became more likely; true without validation rows.
	Converged bool
	// FloorActive is whether the floor of the variances matters: whether ten times the
	// floor would change the mean log p of the training rows by more than 0.01 nats.
	FloorActive bool
	// Warnings says what is doubtful about the result and what to try.
	Warnings []string
	// Seed is the number all random streams of the fit were derived from.
	Seed uint64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// Fit fits an autoregressive density to the rows of train (N×D) by maximum likelihood
// with Adam, one network for each order of the columns; the first order is that of the
// data, the second its reverse, the others are random. The rows of valid (M×D, or nil)
// decide when to stop and which weights to keep. The same seed in src gives the same
// bits under any GOMAXPROCS. If ctx ends, Fit returns its error within a minibatch.
//
// A value that is not finite is an error that wraps density.ErrNonFinite, one that its
// column cannot have, one that wraps density.ErrSupport, and a constant continuous
// column, one that wraps density.ErrConstant; each names row and column. Others wrap
// [ErrSettings] and [ErrDiverged].
func Fit(ctx context.Context, train, valid *mat.Dense, s Settings, src rand.Source) (*Model, *Report, error) {
	n, d := train.Dims()
	if s.Columns != nil && len(s.Columns) != d {
		panic("made: columns and data differ in number")
	}
	if valid != nil {
		if _, vd := valid.Dims(); vd != d {
			panic("made: training and validation rows differ in width")
		}
	}
	s, err := s.resolve(n, d)
	if err != nil {
		return nil, nil, err
	}
	if d == 1 {
		s.Orders = 1
	}
	t, err := s.prepare(train, valid)
	if err != nil {
		return nil, nil, err
	}
	x, v := t.Apply(nil, train), (*mat.Dense)(nil)
	if valid != nil {
		v = t.Apply(nil, valid)
	}
	report := &Report{Seed: src.Uint64(), Converged: true}
	networks, trainers := make([]*network, s.Orders), make([]*trainer, s.Orders)
	bias := s.marginals(x)
	err = spread.Each(ctx, s.Orders, nil, func() func(k int) error {
		return func(k int) error {
			networks[k] = newNetwork(s.Columns, s.Components, s.Hidden, report.order(k, d))
			networks[k].start(bias, density.NewSource(report.Seed, "made.start", uint64(k)))
			trainers[k] = newTrainer(networks[k], s, x, v, t.LogJacobian())
			return trainers[k].run(ctx, k, report.Seed)
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("made: %w", err)
	}
	m := newModel(s, t, networks)
	report.examine(m, s, train, trainers)
	return m, report, nil
}

// order returns the order of d columns in network k.
func (r *Report) order(k, d int) []int {
	order := rand.New(density.NewSource(r.Seed, "made.order", uint64(k))).Perm(d)
	if k < 2 {
		for j := range order {
			order[j] = j + k*(d-1-2*j)
		}
	}
	return order
}

// prepare checks the rows, counts the levels that are not given, and returns the
// transform that standardises the continuous columns.
func (s *Settings) prepare(train, valid *mat.Dense) (density.Transform, error) {
	_, d := train.Dims()
	s.countLevels(train)
	for _, part := range []struct {
		name string
		x    *mat.Dense
	}{{"training", train}, {"validation", valid}} {
		if part.x == nil {
			continue
		}
		rows, _ := part.x.Dims()
		for i := range rows {
			for j, v := range part.x.RawRowView(i) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return density.Transform{}, fmt.Errorf("made: %s row %d, column %d is %v: %w; remove the row or fill the value in", part.name, i+1, j+1, v, density.ErrNonFinite)
				}
				if !s.Columns[j].holds(v) {
					return density.Transform{}, fmt.Errorf("made: %s row %d, column %d is %v, not a value of a %v column of %d: %w; change Settings.Columns", part.name, i+1, j+1, v, s.Columns[j].Kind, s.Columns[j].Levels, density.ErrSupport)
				}
			}
		}
	}
	t := density.NewIdentity(d)
	mean, variance := density.Moments(train)
	for j, c := range s.Columns {
		if c.Kind != Continuous {
			continue
		}
		if !(variance[j] > 0) {
			return t, fmt.Errorf("made: column %d has the single value %v: %w; drop the column, or spread discrete values by dequantising", j+1, mean[j], density.ErrConstant)
		}
		if math.IsInf(variance[j], 0) {
			return t, fmt.Errorf("made: the variance of column %d overflows: %w; divide the column by a power of ten", j+1, density.ErrNonFinite)
		}
		t.Shift[j], t.Scale[j] = mean[j], math.Sqrt(variance[j])
	}
	return t, nil
}

// countLevels fills in the numbers of values that are not given.
func (s *Settings) countLevels(train *mat.Dense) {
	n, _ := train.Dims()
	for j := range s.Columns {
		c := &s.Columns[j]
		switch {
		case c.Kind == Bernoulli:
			c.Levels = 2
		case c.Kind == Categorical && c.Levels == 0:
			for i := range n {
				if v := train.At(i, j); v >= float64(c.Levels) && v < maxLevels {
					c.Levels = int(v) + 1
				}
			}
		}
	}
}

// marginals returns the outputs that give each column about its own distribution in x:
// the frequencies of values, with half a row added to each, and normals that cover the
// standardised column.
func (s *Settings) marginals(x *mat.Dense) []float64 {
	n, _ := x.Dims()
	_, out := places(s.Columns, s.Components)
	bias := make([]float64, out[len(s.Columns)])
	for j, c := range s.Columns {
		to := bias[out[j]:out[j+1]]
		if c.Kind == Continuous {
			for k := range s.Components {
				// Spread over two deviations to either side.
				to[s.Components+k] = 4 * ((float64(k)+0.5)/float64(s.Components) - 0.5)
			}
			continue
		}
		counts := make([]float64, c.Levels)
		for a := range counts {
			counts[a] = 0.5
		}
		for i := range n {
			counts[int(x.At(i, j))]++
		}
		if c.Kind == Bernoulli {
			to[0] = math.Log(counts[1] / counts[0])
			continue
		}
		for a, v := range counts {
			to[a] = math.Log(v / float64(n))
		}
	}
	return bias
}

// examine fills the report from the networks.
func (r *Report) examine(m *Model, s Settings, train *mat.Dense, trainers []*trainer) {
	for k, t := range trainers {
		r.History, r.BestEpoch = append(r.History, t.history), append(r.BestEpoch, t.best)
		if t.valid != nil && !t.ended {
			r.Converged = false
			r.warn("network %d: the validation rows still became more likely when training ended after %d epochs; more Settings.Epochs would help", k+1, s.Epochs)
		}
	}
	wide := *m
	wide.floor *= 10
	change := density.MeanEstimate(m.LogProb(nil, train), nil, density.ExactValue, 0).Value -
		density.MeanEstimate(wide.LogProb(nil, train), nil, density.ExactValue, 0).Value
	if math.Abs(change) > 0.01 {
		r.FloorActive = true
		r.warn("ten times the variance floor would change the mean log p of the training rows by %.2g nats: the density measures the floor; check for rounded columns, and spread their values by dequantising", -change)
	}
}
