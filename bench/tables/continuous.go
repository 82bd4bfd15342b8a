package main

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/kde"
	"likely/made"
	"likely/vae"
)

// continuousModels are those for columns of real numbers.
func continuousModels() []contender {
	return []contender{
		{"gaussian", fitGaussian},
		{"kde", fitKDE},
		{"gmm", fitMixture},
		{"factors", fitFactors},
		{"made", func(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
			settings := []made.Settings{{Components: 5}, {Components: 10}, {Components: 20}}
			return fitMADE(ctx, p, o, settings, func(s made.Settings) string { return fmt.Sprintf("%d normals", s.Components) })
		}},
		{"vae", func(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
			return fitVAE(ctx, p, o, vae.Gaussian, []int{2, 4, 8})
		}},
	}
}

func fitGaussian(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	m, _, err := gmm.Fit(ctx, p.whole, gmm.Settings{Components: 1}, density.NewSource(o.seed, "tables.gaussian"))
	return m, nil, "", err
}

// fitKDE keeps the shape of the kernels with the higher leave-one-out likelihood, which
// needs no validation rows. A shape whose bandwidths the floor holds up is passed over:
// its likelihood measures the floor.
func fitKDE(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	var best *kde.Model
	var choice string
	var score float64
	var atFloor bool
	for _, shape := range []kde.Shape{kde.Diagonal, kde.Full} {
		m, report, err := kde.Fit(ctx, p.whole, kde.Settings{Shape: shape, Kernels: 10000}, density.NewSource(o.seed, "tables.kde"))
		if err != nil {
			return nil, nil, "", err
		}
		v := report.History[len(report.History)-1]
		if best == nil || atFloor && !report.FloorActive || atFloor == report.FloorActive && v > score {
			best, score, atFloor, choice = m, v, report.FloorActive, shape.String()
		}
	}
	if atFloor {
		choice += ", at the floor of its bandwidths"
	}
	return best, nil, choice, nil
}

// candidate is a mixture to be tried on the validation rows.
type candidate struct {
	components int
	covariance gmm.Covariance
}

func fitMixture(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	var all []candidate
	for _, k := range []int{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30} {
		all = append(all, candidate{k, gmm.Full})
	}
	return chooseMixture(ctx, p, o, all)
}

func fitFactors(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	var all []candidate
	_, d := p.train.Dims()
	for _, l := range []int{2, 4, 6} {
		for _, k := range []int{2, 4, 8, 12, 20} {
			all = append(all, candidate{k, gmm.FactorAnalyzers(min(l, d-1))})
		}
	}
	return chooseMixture(ctx, p, o, all)
}

// chooseMixture fits each candidate to the training rows, and the one under which the
// validation rows are most likely to both.
func chooseMixture(ctx context.Context, p parts, o options, all []candidate) (density.Model, density.Proposal, string, error) {
	fit := func(c candidate, x *mat.Dense, starts int) (*gmm.Model, error) {
		m, _, err := gmm.Fit(ctx, x, gmm.Settings{Components: c.components, Covariance: c.covariance, Starts: starts, Tolerance: 1e-6},
			density.NewSource(o.seed, "tables.gmm", uint64(c.components)))
		return m, err
	}
	best, err := choose(len(all), func(i int) (float64, error) {
		m, err := fit(all[i], p.train, 3)
		if err != nil {
			return 0, err
		}
		return meanLogProb(m, p.valid), nil
	})
	if err != nil {
		return nil, nil, "", err
	}
	m, err := fit(all[best], p.whole, 10)
	return m, nil, fmt.Sprintf("K = %d, %v", all[best].components, all[best].covariance), err
}
