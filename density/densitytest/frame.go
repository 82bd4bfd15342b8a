package densitytest

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// law is a distribution of rows of d columns, as the checks see it: a model, a
// prior, or a proposal for one row.
type law struct {
	name   string
	d      int
	draw   func(dst *mat.Dense, src rand.Source)
	log    func(x *mat.Dense) []float64
	binary bool
	states *mat.Dense
}

// frame is the affine map y = m + L·u in which a law has mean about 0 and
// covariance about 1.
type frame struct {
	mean  []float64
	lower *mat.TriDense
	log   float64 // ln |L|
}

// newFrame returns the frame of the rows of x. ok is false where their
// covariance is singular.
func newFrame(x *mat.Dense) (f frame, ok bool) {
	n, d := x.Dims()
	f.mean, _ = density.Moments(x)
	cov := mat.NewSymDense(d, nil)
	for i := range n {
		row := x.RawRowView(i)
		for a := range d {
			for b := range a + 1 {
				cov.SetSym(a, b, cov.At(a, b)+(row[a]-f.mean[a])*(row[b]-f.mean[b])/float64(n))
			}
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		return f, false
	}
	f.lower = new(mat.TriDense)
	chol.LTo(f.lower)
	f.log = 0.5 * chol.LogDet()
	return f, true
}

// out stores m + L·u in x.
func (f frame) out(x, u []float64) {
	for i := range x {
		x[i] = f.mean[i]
		for j := range i + 1 {
			x[i] += f.lower.At(i, j) * u[j]
		}
	}
}

// in stores L⁻¹(x − m) in u.
func (f frame) in(u, x []float64) {
	for i := range u {
		u[i] = x[i] - f.mean[i]
		for j := range i {
			u[i] -= f.lower.At(i, j) * u[j]
		}
		u[i] /= f.lower.At(i, i)
	}
}

// reach is how far the grid extends, in standard deviations.
const reach = 1e5

// integrate returns ∫ g(u)·exp(log(x)) dx over one or two columns, for each function
// whose values g stores. It uses the trapezoidal rule after the substitution u =
// sinh(t). Nodes lie densely about the centre and reach far into the tails. For smooth
// integrands the error falls exponentially with their number (Takahasi & Mori 1974).
func (f frame) integrate(points, count int, log func(x *mat.Dense) []float64, g func(dst, u []float64)) []float64 {
	d := len(f.mean)
	limit := math.Asinh(reach)
	step := 2 * limit / float64(points-1)
	nodes, weights := make([]float64, points), make([]float64, points)
	for i := range nodes {
		t := -limit + float64(i)*step
		nodes[i], weights[i] = math.Sinh(t), step*math.Cosh(t)
	}
	lines := 1
	if d == 2 {
		lines = points
	}
	total, values := make([]float64, count), make([]float64, count)
	x, u := mat.NewDense(points, d, nil), make([]float64, d)
	for line := range lines {
		for i, v := range nodes {
			u[0] = v
			if d == 2 {
				u[1] = nodes[line]
			}
			f.out(x.RawRowView(i), u)
		}
		for i, l := range log(x) {
			u[0] = nodes[i]
			weight := weights[i]
			if d == 2 {
				u[1] = nodes[line]
				weight *= weights[line]
			}
			p := math.Exp(l+f.log) * weight
			if p == 0 {
				continue
			}
			g(values, u)
			for k, v := range values {
				total[k] += p * v
			}
		}
	}
	return total
}

// binaries returns all rows of {0,1}^D.
func binaries(d int) *mat.Dense {
	x := mat.NewDense(1<<d, d, nil)
	for i := range 1 << d {
		for j := range d {
			x.Set(i, j, float64(i>>j&1))
		}
	}
	return x
}
