package bayes

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

// column returns rows of one column, their components, and a prior.
func column() (*mat.Dense, []int, Settings) {
	return mat.NewDense(5, 1, []float64{6, 7.5, 8, 9, 7}), []int{0, 1, 1, 0, 1}, Settings{
		Components: 2, Concentration: 0.7, Shrinkage: 0.5, DegreesOfFreedom: 3.5,
		Mean: []float64{7}, Covariance: mat.NewSymDense(1, []float64{1.5}),
	}
}

// Given a code, the likelihood of a data set is that of a mixture of two normals: of
// weights σ(t) and 1 − σ(t), and of standard deviations that are e to the minus the
// logarithms in the code.
func TestEvidenceLikelihoodByHand(t *testing.T) {
	x, z, s := column()
	p := posteriorOf(t, x, z, s)
	e := p.Evidence(3)
	code := []float64{0.4, -0.5, 0.25, -1, 1.5} // t; ln l₁, ln l₂; μ₁, μ₂ from the centre
	require.Equal(t, len(code), e.LatentDim())
	data := mat.NewDense(2, 3, []float64{6, 7, 8, 9.5, 7, 7})
	centre := (6 + 7.5 + 8 + 9 + 7) / 5
	share := 1 / (1 + math.Exp(-0.4))
	first, second := distuv.Normal{Mu: centre - 1, Sigma: math.Exp(0.5)}, distuv.Normal{Mu: centre + 1.5, Sigma: math.Exp(-0.25)}
	got := e.LogLik(nil, data, mat.NewDense(2, 5, append(append([]float64{}, code...), code...)))
	for set := range 2 {
		var want float64
		for _, v := range data.RawRowView(set) {
			want += math.Log(share*first.Prob(v) + (1-share)*second.Prob(v))
		}
		near(t, want, got[set], 1e-12)
	}
}

// Means are drawn from N(mₖ, 1/(βₖλₖ)) with βₖ the prior's shrinkage and the rows of the
// component, 2 and 3 of them: βₖλₖ(μₖ − mₖ)² has the mean 1 and the variance 2, of
// which 20000 draws have the mean within 5 standard errors, 0.05. Those of the prior
// have its own shrinkage.
func TestMeansOfCodes(t *testing.T) {
	x, z, s := column()
	p := posteriorOf(t, x, z, s)
	e := p.Evidence(1)
	codes := mat.NewDense(20000, e.LatentDim(), nil)
	for _, c := range []struct {
		draw   func()
		beta   [2]float64
		centre [2]float64
	}{
		{func() { e.RandPrior(codes, density.NewSource(1, "codes")) }, [2]float64{0.5, 0.5}, [2]float64{7, 7}},
		{
			func() { p.Proposal().Rand(codes, nil, density.NewSource(1, "codes")) }, [2]float64{2.5, 3.5},
			[2]float64{(0.5*7 + 6 + 9) / 2.5, (0.5*7 + 7.5 + 8 + 7) / 3.5},
		},
	} {
		c.draw()
		for k := range 2 {
			var mean float64
			for i := range 20000 {
				row := codes.RawRowView(i)
				v := row[3+k] + 7.5 - c.centre[k]
				mean += c.beta[k] * math.Exp(2*row[1+k]) * v * v / 20000
			}
			near(t, 1, mean, 0.05)
		}
	}
}
