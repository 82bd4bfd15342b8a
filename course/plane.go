package course

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/vae"
)

// codePlane integrates over a code of two dimensions: log p(x) by the trapezoidal rule on a
// grid, and expectations under a normal q(z|x) by Gauss–Hermite quadrature. Where a
// posterior is wider than the step of the grid, both are exact to many digits.
type codePlane struct {
	grid   *mat.Dense // 2S×2: a grid, and the same shifted by half a step both ways
	log    float64    // log of the area of a cell
	prior  []float64  // log p(z), the normal prior
	nodes  [][2]float64
	shares []float64 // of the nodes, sum 1
}

// Nodes along a side of a grid, how many standard deviations it reaches, and the nodes
// along a side of the Gauss–Hermite rule.
const (
	planeSide    = 181
	planeReach   = 5.5
	hermiteNodes = 15
)

func newCodePlane() *codePlane {
	const step, count = 2 * planeReach / (planeSide - 1), planeSide * planeSide
	p := &codePlane{grid: mat.NewDense(2*count, 2, nil), log: 2 * math.Log(step)}
	for k := range 2 * count {
		shift := step / 2 * float64(k/count)
		u := -planeReach + shift + step*float64(k%count/planeSide)
		v := -planeReach + shift + step*float64(k%count%planeSide)
		p.grid.Set(k, 0, u)
		p.grid.Set(k, 1, v)
		p.prior = append(p.prior, -math.Log(2*math.Pi)-(u*u+v*v)/2)
	}
	at, weights := make([]float64, hermiteNodes), make([]float64, hermiteNodes)
	quad.Hermite{}.FixedLocations(at, weights, math.Inf(-1), math.Inf(1))
	for i, a := range at { // the rule is for ∫ exp(−x²) f(x) dx
		for j, b := range at {
			p.nodes = append(p.nodes, [2]float64{a * math.Sqrt2, b * math.Sqrt2})
			p.shares = append(p.shares, weights[i]*weights[j]/math.Pi)
		}
	}
	return p
}

// logProb returns log p(x) of each row from both grids together, and the largest
// difference between the two, which is far more than the error of their mean wherever
// the rule converges at all.
func (p *codePlane) logProb(m *vae.Model, x *mat.Dense) (logp []float64, apart float64) {
	n, d := x.Dims()
	s, _ := p.grid.Dims()
	mean, logvar := mat.NewDense(s, d, nil), mat.NewDense(s, d, nil)
	m.Decode(mean, logvar, p.grid)
	constant := make([]float64, s)
	precision := make([]float64, s*d)
	for k := range s {
		constant[k] = p.prior[k] + p.log
		for j, v := range logvar.RawRowView(k) {
			precision[k*d+j] = math.Exp(-v)
			constant[k] -= (math.Log(2*math.Pi) + v) / 2
		}
	}
	logp = make([]float64, n)
	terms := make([]float64, s)
	for i := range n {
		row := x.RawRowView(i)
		for k := range s {
			v := constant[k]
			for j, mu := range mean.RawRowView(k) {
				v -= (row[j] - mu) * (row[j] - mu) * precision[k*d+j] / 2
			}
			terms[k] = v
		}
		a, b := density.LogSumExp(terms[:s/2]), density.LogSumExp(terms[s/2:])
		logp[i] = density.LogMeanExp([]float64{a, b})
		apart = max(apart, math.Abs(a-b))
	}
	return logp, apart
}

// bound returns the ELBO of each row for q(z|x) = N(mean, diag(exp logvar)), and the
// divergence of q from the prior in it.
func (p *codePlane) bound(m *vae.Model, x, mean, logvar *mat.Dense) (elbo, rate []float64) {
	n, _ := x.Dims()
	elbo, rate = make([]float64, n), make([]float64, n)
	z := mat.NewDense(len(p.nodes), 2, nil)
	var lik []float64
	for i := range n {
		mu, lv := mean.RawRowView(i), logvar.RawRowView(i)
		for k, node := range p.nodes {
			for j := range 2 {
				z.Set(k, j, mu[j]+node[j]*math.Exp(lv[j]/2))
			}
		}
		lik = m.LogLik(lik, density.Rows(x, i, i+1), z)
		for k, w := range p.shares {
			elbo[i] += w * lik[k]
		}
		for j := range 2 {
			rate[i] += (mu[j]*mu[j] + math.Exp(lv[j]) - lv[j] - 1) / 2
		}
		elbo[i] -= rate[i]
	}
	return elbo, rate
}

// planeSettings are those of a small VAE with a code of two dimensions on n rows. A step
// takes all rows, so that it is an epoch; the floor keeps posteriors wide enough for the
// grid of a plane.
func planeSettings(n int) vae.Settings {
	return vae.Settings{
		Latent: 2, Hidden: []int{16}, Sigma: vae.PerDim, Floor: 0.1, Precision: vae.Float64,
		Batch: n, Epochs: 1 << 20, Rate: 0.01, Samples: 4, Schedule: vae.Constant,
	}
}
