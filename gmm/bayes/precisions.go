package bayes

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// precisions is q(Λ), the posterior of the precisions of all components, in a family
// whose prior is conjugate.
type precisions interface {
	// update sets q to its optimum, and returns what it adds to the bound: the
	// ratio of the normalisers of prior and posterior.
	update(m *moments) (float64, error)
	// mixture returns the mixture with covariances E[Λₖ]⁻¹.
	mixture(weights []float64, means *mat.Dense) (*gmm.Model, error)
	// slack returns ½(E ln|Λₖ| − ln|E Λₖ|), which is not positive.
	slack(k int) float64
	// predictive returns the density of a new row of component k, with mean mₖ
	// and βₖ rows behind it; draws come from src.
	predictive(k int, mean []float64, shrinkage float64, src rand.Source) student

	// codeDim returns the number of coordinates of a draw of all precisions.
	codeDim() int
	// draw fills a code with a draw from the prior or from q.
	draw(code []float64, prior bool, random *rand.Rand)
	// logDensity returns the log density of the prior or of q at a code, with
	// respect to its coordinates.
	logDensity(code []float64, prior bool) float64
	// factor stores the lower triangular L with Λₖ = LLᵀ of a code in dst (D×D).
	factor(dst []float64, k int, code []float64)
}

// student is a Student's t in D dimensions.
type student interface {
	// LogProb returns the log density of x (length D); work has the same length.
	LogProb(x, work []float64) float64
	Rand(x []float64) []float64
}

// newPrecisions returns the prior of the family of s, for rows of the given
// covariance.
func newPrecisions(s Settings, covariance mat.Symmetric) (precisions, error) {
	switch s.Family {
	case gmm.Full:
		return newWisharts(s, covariance, s.Components)
	case gmm.Tied:
		return newWisharts(s, covariance, 1)
	case gmm.Diagonal:
		return newGammas(s, covariance, true, true)
	case gmm.TiedDiagonal:
		return newGammas(s, covariance, false, true)
	case gmm.Spherical:
		return newGammas(s, covariance, true, false)
	}
	return newGammas(s, covariance, false, false)
}
