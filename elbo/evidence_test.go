package elbo_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/gmm"
	"likely/gmm/bayes"
)

// A bound on the evidence ln p(X) of a whole data set: the example is the data set, the
// code all parameters of a mixture, and q(θ) their posterior by variational Bayes. With
// one component the posterior is exact, and so is every bound. With more, the bound of
// variational Bayes, in closed form, also pays for taking the components of the rows to
// be independent of the parameters; summing them out gives the ELBO of q(θ), and many
// draws of θ come nearer to the evidence. All say that faithful has two clusters: the
// differences are the logarithms of Bayes factors.
func ExampleELBO_dataSet() {
	d, err := dataset.Open("faithful")
	if err != nil {
		log.Fatal(err)
	}
	n, width := d.X.Dims()
	all := mat.NewDense(1, n*width, d.X.RawMatrix().Data)
	ctx := context.Background()
	for k := 1; k <= 3; k++ {
		posterior, _, err := bayes.Fit(ctx, d.X, bayes.Settings{Components: k, Concentration: 1}, density.NewSource(1, "example"))
		if err != nil {
			log.Fatal(err)
		}
		model, q := posterior.Evidence(n), posterior.Proposal()
		bounds, err := elbo.MultiSample(ctx, model, q, all, []int{1, 100}, elbo.Settings{Samples: 500, Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("K=%d: variational Bayes %.1f, ELBO of q(θ) %.1f, 100 draws %.1f\n",
			k, posterior.Bound().Value*float64(n), bounds[0].PerRow[0], bounds[1].PerRow[0])
	}
	// Output:
	// K=1: variational Bayes -1303.5, ELBO of q(θ) -1303.5, 100 draws -1303.5
	// K=2: variational Bayes -1186.9, ELBO of q(θ) -1186.8, 100 draws -1186.8
	// K=3: variational Bayes -1191.8, ELBO of q(θ) -1191.3, 100 draws -1190.8
}

// With one component q(θ) is the posterior: each single draw gives the evidence itself,
// in every family. With two the closed form is below the ELBO, and that below L₅₀, up to
// four standard errors (6e-5).
func TestEvidenceOfADataSet(t *testing.T) {
	d, err := dataset.Open("faithful")
	require.NoError(t, err)
	x := mat.DenseCopyOf(d.X.Slice(0, 60, 0, 2))
	all := mat.NewDense(1, 120, x.RawMatrix().Data)
	ctx := context.Background()
	for _, family := range []gmm.Covariance{gmm.Full, gmm.Tied, gmm.Diagonal, gmm.Spherical, gmm.TiedDiagonal, gmm.TiedSpherical} {
		p, _, err := bayes.Fit(ctx, x, bayes.Settings{Components: 1, Family: family}, density.NewSource(1, "test"))
		require.NoError(t, err)
		b, err := elbo.ELBO(ctx, p.Evidence(60), p.Proposal(), all, elbo.Settings{Samples: 50})
		require.NoError(t, err)
		evidence := p.Bound().Value * 60
		require.InDelta(t, evidence, b.PerRow[0], 1e-8*math.Abs(evidence), family)
		require.Less(t, b.StdErr[0], 1e-8*math.Abs(evidence))
		for _, kind := range []bayes.Weights{bayes.Dirichlet, bayes.DirichletProcess} {
			p, _, err = bayes.Fit(ctx, x, bayes.Settings{Components: 2, Family: family, Weights: kind}, density.NewSource(1, "test"))
			require.NoError(t, err)
			bounds, err := elbo.MultiSample(ctx, p.Evidence(60), p.Proposal(), all, []int{1, 50}, elbo.Settings{Samples: 1000})
			require.NoError(t, err)
			require.Greater(t, bounds[0].PerRow[0], p.Bound().Value*60-4*bounds[0].StdErr[0], "%v %v", family, kind)
			require.Greater(t, bounds[1].PerRow[0], bounds[0].PerRow[0])
			require.Less(t, bounds[1].PerRow[0], p.Bound().Value*60+20)
		}
	}
}
