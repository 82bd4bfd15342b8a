package elbo

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// frame is a place and axes in which the posterior around it is nearly N(0, I):
// z = m + A u.
type frame struct {
	l       int
	mean    []float64
	out, in *mat.Dense // A and A⁻¹
	logDet  float64    // ln |A|
}

const (
	// hessianStep is the distance, in standard deviations, over which gradients
	// are compared: the curvature wanted is that of the posterior's width, not
	// that at the mode alone.
	hessianStep = 0.7
	// flattest and steepest bound what a measured curvature may be, over that of
	// the Gauss-Newton matrix.
	flattest, steepest = 0.25, 4.0
	// widestHessian is the largest code for which curvatures are measured: the
	// eigenvectors take O(L³), a minute for a code of thousands.
	widestHessian = 256
	// frameBlock is the number of codes evaluated at once.
	frameBlock = 256
	// leastSpread and mostSpread bound the spread along an axis, in those of the
	// frame.
	leastSpread, mostSpread = 0.5, 2.0
)

// newFrame returns the frame of a Gauss-Newton precision P at a mode: with P = UᵀU,
// A = U⁻¹. ok is false where P has no Cholesky factor or no finite inverse.
func newFrame(p peak) (f *frame, ok bool) {
	l := len(p.z)
	var chol mat.Cholesky
	if !chol.Factorize(p.precision) {
		return nil, false
	}
	var upper mat.TriDense
	chol.UTo(&upper)
	f = &frame{l: l, mean: p.z, in: mat.DenseCopyOf(&upper), out: mat.NewDense(l, l, nil), logDet: -0.5 * chol.LogDet()}
	var inverse mat.TriDense
	if inverse.InverseTri(&upper) != nil || !finite(f.logDet) {
		return nil, false
	}
	f.out.Copy(&inverse)
	return f, true
}

// normal returns N(m, scale²·AAᵀ).
func (f *frame) normal(scale float64) *orthants {
	up, down := make([]float64, f.l), make([]float64, f.l)
	for j := range up {
		up[j], down[j] = scale, scale
	}
	return f.orthants(up, down)
}

func (f *frame) orthants(up, down []float64) *orthants {
	return newOrthants(f.mean, f.out.RawMatrix().Data, f.in.RawMatrix().Data, up, down, f.logDet)
}

// at stores the code of a step of size u along axis j in z.
func (f *frame) at(z []float64, j int, u float64) {
	for k := range z {
		z[k] = f.mean[k] + u*f.out.At(k, j)
	}
}

// bend turns the axes to those of the curvature measured by differences of the
// gradient around the mode, and scales them by it. It returns the number of
// evaluations of p(x|z), a gradient counted as two.
func (f *frame) bend(m density.LatentGradient, x *mat.Dense) int {
	l := f.l
	if l > widestHessian {
		return 0
	}
	slopes := mat.NewDense(l, l, nil) // row j: −∂∇ log p(x, z)/∂uⱼ
	block := frameBlock / 2
	z, g, prior := mat.NewDense(2*block, l, nil), mat.NewDense(2*block, l, nil), mat.NewDense(2*block, l, nil)
	for from := 0; from < l; from += block {
		n := min(block, l-from)
		codes, grad, other := density.Rows(z, 0, 2*n), density.Rows(g, 0, 2*n), density.Rows(prior, 0, 2*n)
		for j := range n {
			f.at(codes.RawRowView(2*j), from+j, hessianStep)
			f.at(codes.RawRowView(2*j+1), from+j, -hessianStep)
		}
		m.LogLikGrad(nil, grad, x, codes)
		m.LogPriorGrad(nil, other, codes)
		for j := range n {
			row := slopes.RawRowView(from + j)
			for k := range row {
				row[k] = (grad.At(2*j+1, k) + other.At(2*j+1, k) - grad.At(2*j, k) - other.At(2*j, k)) / (2 * hessianStep)
				if !finite(row[k]) {
					return 4 * (from + n) // the Gauss-Newton axes stay
				}
			}
		}
	}
	var product mat.Dense
	product.Mul(slopes, f.out)
	curvature := mat.NewSymDense(l, nil)
	for j := range l {
		for k := range j + 1 {
			curvature.SetSym(j, k, (product.At(j, k)+product.At(k, j))/2)
		}
	}
	var eigen mat.EigenSym
	if eigen.Factorize(curvature, true) {
		var axes mat.Dense
		eigen.VectorsTo(&axes)
		f.turn(&axes, eigen.Values(nil))
	}
	return 4 * l
}

// turn makes the orthogonal columns of axes, in units of the old ones, the new axes,
// and divides each by the root of its curvature.
func (f *frame) turn(axes *mat.Dense, curvature []float64) {
	var out, in mat.Dense
	out.Mul(f.out, axes)
	in.Mul(axes.T(), f.in)
	for j, v := range curvature {
		s := math.Sqrt(min(max(v, flattest), steepest))
		f.logDet -= math.Log(s)
		for k := range f.l {
			out.Set(k, j, out.At(k, j)/s)
			in.Set(j, k, in.At(j, k)*s)
		}
	}
	f.out, f.in = &out, &in
}

// spreads returns how wide the posterior is along each axis in both directions, in
// units of the axes: the largest s at which N(0, s²) has fallen from the mode as far
// as log p(x, z) has at one and at two units (Geweke 1989). evaluations is their
// number.
func (f *frame) spreads(m density.Latent, x *mat.Dense, logJoint float64) (up, down []float64, evaluations int) {
	distances := [...]float64{1, 2, -1, -2}
	up, down = make([]float64, f.l), make([]float64, f.l)
	block := frameBlock / len(distances)
	z := mat.NewDense(frameBlock, f.l, nil)
	for from := 0; from < f.l; from += block {
		n := min(block, f.l-from)
		codes := density.Rows(z, 0, n*len(distances))
		for j := range n {
			for i, d := range distances {
				f.at(codes.RawRowView(j*len(distances)+i), from+j, d)
			}
		}
		lik, prior := m.LogLik(nil, x, codes), m.LogPrior(nil, codes)
		for j := range n {
			for i, d := range distances {
				k := j*len(distances) + i
				side := &up[from+j]
				if d < 0 {
					side = &down[from+j]
				}
				*side = max(*side, spreadOf(d, logJoint-lik[k]-prior[k]))
			}
		}
	}
	return up, down, len(distances) * f.l
}

// spreadOf returns the s of the N(0, s²) that has fallen by drop nats at distance d,
// within bounds.
func spreadOf(d, drop float64) float64 {
	s := math.Abs(d) / math.Sqrt(2*max(drop, 0))
	if math.IsNaN(s) {
		return leastSpread
	}
	return min(max(s, leastSpread), mostSpread)
}

// squared returns the square of the distance of z from m, in units of the axes.
func (f *frame) squared(z []float64) float64 {
	var square float64
	for j := range f.l {
		var u float64
		for k, v := range f.in.RawRowView(j) {
			u += v * (z[k] - f.mean[k])
		}
		square += u * u
	}
	return square
}
