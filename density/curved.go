package density

import "gonum.org/v1/gonum/mat"

// Curved is a LatentGradient that knows how its log-densities bend by the code,
// as a proposal from the geometry of the decoder needs it. Matrices are positive
// semidefinite stand-ins of minus the second derivatives, exact where log p(x|z)
// is quadratic in z: a sum of both, inverted, is then the covariance of the
// posterior.
type Curved interface {
	LatentGradient
	// LogLikCurvature stores log p(x|z) and its gradient as LogLikGrad does, and
	// JᵀWJ (L×L, row-major) in the same row of curvature (N·S×L²): J is the
	// derivative of the parameters of p(x|z) by the code and W their Fisher
	// information, or another positive semidefinite curvature of −log p(x|z) by
	// them (Gauss-Newton; Schraudolph 2002; Martens 2020).
	LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64
	// LogPriorCurvature stores log p(zᵢ) and its gradient as LogPriorGrad does,
	// and a positive definite curvature of −log p(z) in row i of curvature
	// (N×L²).
	LogPriorCurvature(dst []float64, grad, curvature, z *mat.Dense) []float64
	// CurvatureCost returns what one row of LogLikCurvature costs, in evaluations
	// of p(x|z).
	CurvatureCost() int
}
