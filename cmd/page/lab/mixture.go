package lab

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// startMixture places round components on rows that are far from one another, by the
// rule of k-means++ (Arthur & Vassilvitskii 2007) with the farthest row in the place of
// a random one, so that the first picture is the same for any seed. q(z|x) is the prior.
func (l *Lab) startMixture() error {
	n, _ := l.x.Dims()
	k := min(l.settings.Components, n)
	means := mat.NewDense(k, 2, nil)
	far := make([]float64, n)
	for i := range far {
		far[i] = math.Inf(1)
	}
	next := int(l.settings.Seed % uint64(n))
	for c := range k {
		means.SetRow(c, l.x.RawRowView(next))
		for i := range far {
			row := l.x.RawRowView(i)
			a, b := row[0]-means.At(c, 0), row[1]-means.At(c, 1)
			far[i] = min(far[i], a*a+b*b)
			if far[i] > far[next] {
				next = i
			}
		}
	}
	weights, covariances := make([]float64, k), make([]mat.Symmetric, k)
	for c := range k {
		weights[c], covariances[c] = 1/float64(k), mat.NewSymDense(2, []float64{0.25, 0, 0, 0.25})
	}
	var err error
	if l.mixture, err = gmm.New(weights, means, covariances); err != nil {
		return fmt.Errorf("the first mixture: %w", err)
	}
	l.resp = mat.NewDense(n, k, nil)
	for i := range n {
		l.resp.SetRow(i, weights)
	}
	return nil
}

// EStep sets q(z|x) of the mixture to the posterior: the divergence becomes 0.
func (l *Lab) EStep() { l.mixture.Responsibilities(l.resp, l.x) }

// MStep sets the mixture to the one of the largest ELBO given q(z|x).
func (l *Lab) MStep() error {
	_, k := l.resp.Dims()
	em, err := gmm.NewEM(l.x, l.resp, gmm.Settings{Components: k})
	if err != nil {
		return err
	}
	if err := em.Step(context.Background()); err != nil {
		return err
	}
	l.mixture = em.Model()
	return nil
}

// Mixture returns the numbers of the mixture as it is.
func (l *Lab) Mixture() Numbers {
	n, k := l.resp.Dims()
	jacobian := l.transform.LogJacobian()
	out := Numbers{LogProb: mean(l.mixture.LogProb(nil, l.x)) + jacobian}
	logPrior := l.mixture.LogPrior(nil, l.mixture.States())
	joint := make([]float64, k)
	liks := make([][]float64, k)
	for c := range k {
		z := mat.NewDense(n, 1, nil) // the code is the number of the component
		for i := range n {
			z.Set(i, 0, float64(c))
		}
		liks[c] = l.mixture.LogLik(nil, l.x, z)
	}
	for i := range n {
		for c := range joint {
			joint[c] = logPrior[c] + liks[c][i]
		}
		q := l.resp.RawRowView(i)
		out.ELBO -= divergence(q, joint) / float64(n)
		out.Rate += divergence(q, logPrior) / float64(n)
		total := density.LogSumExp(joint)
		for c := range joint {
			joint[c] -= total
		}
		out.KL += divergence(q, joint) / float64(n)
	}
	out.ELBO += jacobian
	return out
}

// Components returns the ellipses that hold 80 % of each component, as flat lists of
// points, and the weights.
func (l *Lab) Components() (ellipses [][]float64, weights []float64) {
	for c := range l.mixture.Components() {
		curve := l.mixture.Ellipse(c, 0.8, 48)
		ellipses = append(ellipses, l.transform.Invert(curve, curve).RawMatrix().Data)
	}
	return ellipses, l.mixture.Weights()
}
