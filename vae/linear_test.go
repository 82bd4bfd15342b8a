package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/safetensors"
)

// A linear VAE with one shared σ is probabilistic PCA (Tipping & Bishop 1999,
// §3; Lucas et al. 2019), whose log p(x) is a closed form. Everything here is
// computed from the tensors of the model by gonum, not by the model's code.

// exactLogProb returns log p of each row of x under the linear decoder of m:
// a Gaussian with mean b and covariance C = WWᵀ + σ²I.
func exactLogProb(t testing.TB, m *Model, x *mat.Dense) []float64 {
	t.Helper()
	n, d := x.Dims()
	w, b := tensor(t, m.coder, "decoder.mean.weight"), tensor(t, m.coder, "decoder.mean.bias")
	variance := math.Exp(tensor(t, m.coder, "decoder.logvar").At(0, 0))
	var c mat.Dense
	c.Mul(w, w.T())
	cov := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			cov.SetSym(i, j, c.At(i, j))
		}
		cov.SetSym(i, i, c.At(i, i)+variance)
	}
	var chol mat.Cholesky
	require.True(t, chol.Factorize(cov))
	dst := make([]float64, n)
	r, y := mat.NewVecDense(d, nil), mat.NewVecDense(d, nil)
	for i := range dst {
		for j := range d {
			r.SetVec(j, x.At(i, j)-b.At(0, j))
		}
		require.NoError(t, chol.SolveVecTo(y, r))
		dst[i] = -0.5 * (float64(d)*math.Log(2*math.Pi) + chol.LogDet() + mat.Dot(r, y))
	}
	return dst
}

// exactBound returns the ELBO of each row of x with the expectation over
// q(z|x) in closed form: E‖x − Wz − b‖² = ‖x − Wm − b‖² + Σ exp(s_l)‖W_l‖².
func exactBound(t testing.TB, m *Model, x *mat.Dense) []float64 {
	t.Helper()
	n, d := x.Dims()
	w, b := tensor(t, m.coder, "decoder.mean.weight"), tensor(t, m.coder, "decoder.mean.bias")
	s := tensor(t, m.coder, "decoder.logvar").At(0, 0)
	mean, logvar := m.Encoder().Moments(x)
	_, l := mean.Dims()
	dst := make([]float64, n)
	for i := range dst {
		var square, kl float64
		for j := range d {
			r := x.At(i, j) - b.At(0, j)
			for k := range l {
				r -= w.At(j, k) * mean.At(i, k)
				square += math.Exp(logvar.At(i, k)) * w.At(j, k) * w.At(j, k)
			}
			square += r * r
		}
		for k := range l {
			mk, v := mean.At(i, k), logvar.At(i, k)
			kl += (math.Exp(v) + mk*mk - 1 - v) / 2
		}
		dst[i] = -0.5*(float64(d)*(math.Log(2*math.Pi)+s)+square*math.Exp(-s)) - kl
	}
	return dst
}

// covariance returns the covariance of x with the given divisor.
func covariance(x *mat.Dense, divisor float64) *mat.SymDense {
	mean, _ := density.Moments(x)
	n, d := x.Dims()
	s := mat.NewSymDense(d, nil)
	for i := range n {
		for j := range d {
			for k := j; k < d; k++ {
				s.SetSym(j, k, s.At(j, k)+(x.At(i, j)-mean[j])*(x.At(i, k)-mean[k])/divisor)
			}
		}
	}
	return s
}

// ppca returns the maximum-likelihood decoder W = U(Λ − σ²I)^½, σ² the mean of
// the other eigenvalues (Tipping & Bishop 1999, eq. 7 and 8).
func ppca(t testing.TB, s *mat.SymDense, q int) (w *mat.Dense, variance float64) {
	t.Helper()
	d, _ := s.Dims()
	var eigen mat.EigenSym
	require.True(t, eigen.Factorize(s, true))
	values := eigen.Values(nil) // ascending
	for _, v := range values[:d-q] {
		variance += v / float64(d-q)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	w = mat.NewDense(d, q, nil)
	for k := range q {
		scale := math.Sqrt(values[d-1-k] - variance)
		for j := range d {
			w.Set(j, k, vectors.At(j, d-1-k)*scale)
		}
	}
	return w, variance
}

// optimalLinear returns the linear VAE at the PPCA optimum of the covariance
// s. The columns of W are orthogonal, so that the exact posterior
//
//	N(M⁻¹Wᵀ(x − b), σ²M⁻¹),  M = WᵀW + σ²I
//
// has a diagonal covariance and the encoder can be equal to it.
func optimalLinear(t testing.TB, x *mat.Dense, s *mat.SymDense, q int) *Model {
	t.Helper()
	_, d := x.Dims()
	mean, _ := density.Moments(x)
	w, variance := ppca(t, s, q)
	encoder, bias, logvar := make([]float64, q*d), make([]float64, q), make([]float64, q)
	for k := range q {
		m := variance + mat.Dot(w.ColView(k), w.ColView(k))
		logvar[k] = math.Log(variance / m)
		for j := range d {
			encoder[k*d+j] = w.At(j, k) / m
			bias[k] -= w.At(j, k) / m * mean[j]
		}
	}
	m, err := FromTensors(Config{
		Dim: d, Latent: q, Hidden: []int{}, Sigma: Shared, Precision: Float64,
	}, []safetensors.Tensor{
		{Name: "encoder.mean.weight", Shape: []int{q, d}, Data: encoder},
		{Name: "encoder.mean.bias", Shape: []int{q}, Data: bias},
		{Name: "encoder.logvar.weight", Shape: []int{q, d}, Data: make([]float64, q*d)},
		{Name: "encoder.logvar.bias", Shape: []int{q}, Data: logvar},
		{Name: "decoder.mean.weight", Shape: []int{d, q}, Data: w.RawMatrix().Data},
		{Name: "decoder.mean.bias", Shape: []int{d}, Data: mean},
		{Name: "decoder.logvar", Shape: []int{1}, Data: []float64{math.Log(variance)}},
	})
	require.NoError(t, err)
	return m
}

// irisPPCA is the maximum total log-likelihood of probabilistic PCA on iris
// with q = 1 (divisor N).
const irisPPCA = -470.669458

func TestLinearOptimum(t *testing.T) {
	x := readTable(t, "iris.csv")
	n, _ := x.Dims()
	for q := 1; q <= 3; q++ {
		m := optimalLinear(t, x, covariance(x, float64(n)), q)
		exact, bound := exactLogProb(t, m, x), exactBound(t, m, x)
		for i := range exact {
			near(t, exact[i], bound[i], 1e-9)
		}
		// Under the exact posterior every importance weight is p(x) itself.
		const draws = 7
		z := mat.NewDense(n*draws, q, nil)
		encoder := m.Encoder()
		encoder.Rand(z, x, source(1))
		joint, prior, proposal := m.LogLik(nil, x, z), m.LogPrior(nil, z), encoder.LogProb(nil, z, x)
		for r := range joint {
			near(t, exact[r/draws], joint[r]+prior[r]-proposal[r], 1e-9)
		}
		switch q {
		case 1:
			near(t, irisPPCA, sum(exact), 1e-6)
		case 3:
			// With q = D − 1 PPCA is the full Gaussian.
			near(t, -379.914630, sum(exact), 1e-6)
		}
	}
}

// A published notebook divides the covariance by N − 1 and prints a maximum
// that its own bound then exceeds.
func TestLinearDivisor(t *testing.T) {
	x := readTable(t, "iris.csv")
	n, _ := x.Dims()
	wrong := optimalLinear(t, x, covariance(x, float64(n-1)), 1)
	require.Less(t, sum(exactLogProb(t, wrong, x)), irisPPCA-1e-3)
	// The wrong maximum: minus half of N(D ln 2π + ln|C| + D) with that C.
	s := covariance(x, float64(n-1))
	w, variance := ppca(t, s, 1)
	claimed := -0.5 * float64(n) * (4*math.Log(2*math.Pi) + math.Log(variance+mat.Dot(w.ColView(0), w.ColView(0))) + 3*math.Log(variance) + 4)
	require.Greater(t, irisPPCA, claimed+0.3)
}

func TestLinearFit(t *testing.T) {
	x := readTable(t, "iris.csv")
	n, _ := x.Dims()
	for q, limit := range map[int]float64{1: irisPPCA, 2: math.NaN()} {
		if q == 2 {
			limit = sum(exactLogProb(t, optimalLinear(t, x, covariance(x, float64(n)), q), x))
		}
		for _, precision := range []Precision{Float32, Float64} {
			m, report, err := Fit(context.Background(), x, nil, Settings{
				Latent: q, Hidden: []int{}, Sigma: Shared, Precision: precision,
			}, source(uint64(q)))
			require.NoError(t, err)
			exact, bound := exactLogProb(t, m, x), exactBound(t, m, x)
			t.Logf("q=%d %v: bound %.4f, exact %.4f, maximum %.4f, %d steps", q, precision, sum(bound), sum(exact), limit, report.Steps)
			for i := range exact {
				require.LessOrEqual(t, bound[i], exact[i]+1e-5)
			}
			require.LessOrEqual(t, sum(exact), limit+1e-5)
			near(t, limit, sum(exact), 0.1)
			near(t, limit, sum(bound), 0.1)
			require.False(t, report.FloorActive)
		}
	}
}

// With a full covariance of q the bound reaches log p even where W's columns
// are not orthogonal: here W is turned by a rotation of the code, which leaves
// p(x) alone.
func TestFullPosteriorClosesTheGap(t *testing.T) {
	x := readTable(t, "iris.csv")
	m := optimalLinear(t, x, covariance(x, 150), 2)
	w := tensor(t, m.coder, "decoder.mean.weight")
	turn := mat.NewDense(2, 2, []float64{math.Cos(0.6), -math.Sin(0.6), math.Sin(0.6), math.Cos(0.6)})
	var turned mat.Dense
	turned.Mul(w, turn)
	variance := math.Exp(tensor(t, m.coder, "decoder.logvar").At(0, 0))
	var precision, posterior, encoder mat.Dense
	precision.Mul(turned.T(), &turned)
	for i := range 2 {
		precision.Set(i, i, precision.At(i, i)+variance)
	}
	require.NoError(t, posterior.Inverse(&precision))
	encoder.Mul(&posterior, turned.T())
	posterior.Scale(variance, &posterior)
	var chol mat.Cholesky
	require.True(t, chol.Factorize(mat.NewSymDense(2, []float64{posterior.At(0, 0), posterior.At(0, 1), posterior.At(0, 1), posterior.At(1, 1)})))
	var c mat.TriDense
	chol.LTo(&c)
	mean, _ := density.Moments(x)
	bias := make([]float64, 2)
	for k := range bias {
		for j, v := range mean {
			bias[k] -= encoder.At(k, j) * v
		}
	}
	config := m.Config()
	config.FullPosterior = true
	exact, err := FromTensors(config, []safetensors.Tensor{
		{Name: "encoder.mean.weight", Shape: []int{2, 4}, Data: encoder.RawMatrix().Data},
		{Name: "encoder.mean.bias", Shape: []int{2}, Data: bias},
		{Name: "encoder.logvar.weight", Shape: []int{2, 4}, Data: make([]float64, 8)},
		{Name: "encoder.logvar.bias", Shape: []int{2}, Data: []float64{2 * math.Log(c.At(0, 0)), 2 * math.Log(c.At(1, 1))}},
		{Name: "encoder.cholesky.weight", Shape: []int{1, 4}, Data: make([]float64, 4)},
		{Name: "encoder.cholesky.bias", Shape: []int{1}, Data: []float64{c.At(1, 0)}},
		{Name: "decoder.mean.weight", Shape: []int{4, 2}, Data: turned.RawMatrix().Data},
		{Name: "decoder.mean.bias", Shape: []int{4}, Data: mean},
		{Name: "decoder.logvar", Shape: []int{1}, Data: []float64{math.Log(variance)}},
	})
	require.NoError(t, err)
	want := exactLogProb(t, m, x)
	const draws = 5
	z := mat.NewDense(150*draws, 2, nil)
	q := exact.Encoder()
	q.Rand(z, x, source(1))
	joint, prior, proposal := exact.LogLik(nil, x, z), exact.LogPrior(nil, z), q.LogProb(nil, z, x)
	for r := range joint {
		near(t, want[r/draws], joint[r]+prior[r]-proposal[r], 1e-9)
	}
}
