package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/elbo"
)

// CalibrationSettings says how to calibrate. The zero value works.
type CalibrationSettings struct {
	// Rows is the number of simulated rows; 0: 500.
	Rows int
	// Ranks is the number of posterior draws that a code is ranked among; 0: 15.
	Ranks int
	// Samples is the number of draws from q that these are resampled from, by
	// their importance weights; 0: the draws of q are taken as they are, and it
	// is q itself that is tested.
	Samples int
	// Seed is what all draws are derived from.
	Seed uint64
	// Progress, if not nil, is told how many rows are done. Calls may be
	// concurrent.
	Progress func(done, total int)
}

// Calibration is the outcome of simulation-based calibration.
type Calibration struct {
	// Counts[j][r] is the number of rows whose code had r draws below it in
	// dimension j, r = 0 … Ranks.
	Counts [][]int
	// ChiSquare[j] measures the distance of dimension j from uniform ranks, and
	// PValue[j] is the probability of a larger one if the draws are from the
	// posterior. With L dimensions take the smallest against 0.05/L.
	ChiSquare, PValue []float64
}

// Calibrate tests draws that claim to be from the posterior (Talts et al. 2018):
// for a code z from the prior and x drawn given z, the rank of each z_j among
// draws from p(z|x) is uniform. A ∪ of counts says that the draws are too narrow, a
// ∩ that they are too wide, a slope that they are biased. With Samples set it tests
// the importance-weighted draws, and so the weights.
func Calibrate(ctx context.Context, m density.Latent, q density.Proposal, s CalibrationSettings) (*Calibration, error) {
	if s.Rows == 0 {
		s.Rows = 500
	}
	if s.Ranks == 0 {
		s.Ranks = 15
	}
	if s.Rows < 1 || s.Ranks < 1 || s.Samples < 0 || s.Rows < 5*(s.Ranks+1) {
		return nil, fmt.Errorf("eval: calibration with %d rows, %d ranks, %d samples: %w; want at least 5 rows for each of Ranks + 1 ranks", s.Rows, s.Ranks, s.Samples, ErrSettings)
	}
	x, z, err := simulate(m, s.Rows, s.Seed)
	if err != nil {
		return nil, err
	}
	l := m.LatentDim()
	ranks := mat.NewDense(s.Rows, l, nil)
	draws := max(s.Samples, s.Ranks)
	settings := elbo.Settings{Samples: draws, Seed: s.Seed, Progress: s.Progress, KeepCodes: true}
	err = elbo.EachRow(ctx, m, q, x, "eval.calibration", settings, func(i int, w *elbo.Weights) {
		picks := make([]int, s.Ranks)
		for k := range picks {
			picks[k] = k
		}
		if s.Samples > 0 {
			resample(picks, w.Log(w.LogLik), rand.New(density.NewSource(s.Seed, "eval.calibration.resample", uint64(i))))
		}
		for j := range l {
			for _, k := range picks {
				if w.Codes.At(k, j) < z.At(i, j) {
					ranks.Set(i, j, ranks.At(i, j)+1)
				}
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("eval: calibration: %w", err)
	}
	c := &Calibration{ChiSquare: make([]float64, l), PValue: make([]float64, l)}
	expected := float64(s.Rows) / float64(s.Ranks+1)
	for j := range l {
		counts := make([]int, s.Ranks+1)
		for i := range s.Rows {
			counts[int(ranks.At(i, j))]++
		}
		for _, n := range counts {
			d := float64(n) - expected
			c.ChiSquare[j] += d * d / expected
		}
		c.Counts = append(c.Counts, counts)
		c.PValue[j] = distuv.ChiSquared{K: float64(s.Ranks)}.Survival(c.ChiSquare[j])
	}
	return c, nil
}

// resample draws indices, independently and with replacement, by log weights.
func resample(picks []int, logs []float64, random *rand.Rand) {
	total := density.LogSumExp(logs)
	sums, sum := make([]float64, len(logs)), 0.0
	for k, v := range logs {
		sum += math.Exp(v - total)
		sums[k] = sum
	}
	for i := range picks {
		u := random.Float64() * sum
		low, high := 0, len(sums)-1
		for low < high {
			if middle := (low + high) / 2; sums[middle] > u {
				high = middle
			} else {
				low = middle + 1
			}
		}
		picks[i] = low
	}
}
