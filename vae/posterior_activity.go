package vae

import "gonum.org/v1/gonum/mat"

// activeVariance is the variance over x of E_q[z_d] above which dimension d of
// the code counts as active (Burda et al. 2016, §5.2).
const activeVariance = 0.01

// Activity says which dimensions of the code carry information about x.
type Activity struct {
	// Variance is the variance over the rows of the mean of q(z_d|x), and
	// Rate the mean divergence of q(z_d|x) from the prior in nats, for each
	// dimension d of the code. The rates sum to the rate of the bound. Rate is
	// nil where the prior is a mixture: the divergence then has no parts.
	Variance, Rate []float64
	// Active is the number of dimensions with a variance above 0.01.
	Active int
}

// Activity measures the dimensions of the code on the rows of x (N×D).
func (m *Model) Activity(x *mat.Dense) Activity { return m.WeightedActivity(x, nil) }

// WeightedActivity is Activity where row i counts weights[i] times (length N, or nil).
func (m *Model) WeightedActivity(x *mat.Dense, weights []float64) Activity {
	n, _ := x.Dims()
	weight := relativeWeights(weights, n)
	l := m.config.Latent
	a := Activity{Variance: make([]float64, l), Rate: make([]float64, l)}
	means := mat.NewDense(n, l, nil)
	mean := make([]float64, l)
	m.Encoder().rows(x, func(i int, h, cache []float64) {
		copy(means.RawRowView(i), h[:l])
		width := len(cache) / l // of a row of the factor; 1 if diagonal
		for j := range l {
			kl := h[j]*h[j] - 1 - h[l+j]
			for _, v := range cache[j*width : (j+1)*width] {
				kl += v * v
			}
			a.Rate[j] += weight[i] * 0.5 * kl / float64(n)
			mean[j] += weight[i] * h[j] / float64(n)
		}
	})
	for i := range n {
		for j, v := range means.RawRowView(i) {
			a.Variance[j] += weight[i] * (v - mean[j]) * (v - mean[j]) / float64(n)
		}
	}
	for _, v := range a.Variance {
		if v > activeVariance {
			a.Active++
		}
	}
	if m.prior != nil {
		a.Rate = nil
	}
	return a
}
