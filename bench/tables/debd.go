package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/lcm"
	"likely/made"
	"likely/tree"
	"likely/vae"
)

// binaryModels are those for columns of zeros and ones.
func binaryModels() []contender {
	return []contender{
		{"independent", fitIndependent},
		{"tree", fitTree},
		{"lcm", fitClasses},
		{"made", func(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
			_, d := p.train.Dims()
			columns := make([]made.Column, d)
			for j := range columns {
				columns[j].Kind = made.Bernoulli
			}
			var settings []made.Settings
			for _, decay := range []float64{0, 0.1, 1} {
				settings = append(settings, made.Settings{Columns: columns, Hidden: []int{500}, Decay: decay})
			}
			return fitMADE(ctx, p, o, settings, func(s made.Settings) string { return fmt.Sprintf("decay %v", s.Decay) })
		}},
		{"vae", func(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
			return fitVAE(ctx, p, o, vae.Bernoulli, []int{2, 8, 32})
		}},
	}
}

// fitIndependent fits independent columns: a latent class model of one class, whose
// prior adds one count to each side.
func fitIndependent(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	m, _, err := lcm.Fit(ctx, p.train, lcm.Settings{Components: 1, Prior: &lcm.Prior{Levels: 1}}, density.NewSource(o.seed, "tables.independent"))
	return m, nil, "", err
}

// fitClasses fits mixtures of Bernoullis of more and more classes, as long as the
// validation rows become more likely: it stops at the second number in a row that is no
// better than the best.
func fitClasses(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error) {
	var best *lcm.Model
	score, worse := math.Inf(-1), 0
	for _, k := range []int{2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256} {
		m, _, err := lcm.Fit(ctx, p.train, lcm.Settings{Components: k, Starts: 3, Tolerance: 1e-5}, density.NewSource(o.seed, "tables.lcm", uint64(k)))
		if err != nil {
			return nil, nil, "", err
		}
		v := meanLogProb(m, p.valid)
		if v > score {
			best, score, worse = m, v, 0
			continue
		}
		if worse++; worse == 2 {
			break
		}
	}
	return best, nil, fmt.Sprintf("%d classes", best.Components()), nil
}

func fitTree(ctx context.Context, p parts, _ options) (density.Model, density.Proposal, string, error) {
	m, _, err := tree.Fit(ctx, p.train, tree.Settings{})
	return m, nil, "", err
}

func runDEBD(ctx context.Context, o options) error {
	for _, name := range o.data {
		p, err := readParts(o.folder, name)
		if err != nil {
			return err
		}
		n, d := p.train.Dims()
		v, _ := p.valid.Dims()
		t, _ := p.test.Dims()
		fmt.Printf("%s: %d columns; %d rows to train, %d to validate, %d to test, as published\n", name, d, n, v, t)
		var rows []row
		for _, c := range binaryModels() {
			if !slices.Contains(o.models, c.name) {
				continue
			}
			key := fmt.Sprintf("debd/%s/%s/seed %d/effort %v/samples %d", name, c.name, o.seed, o.effort, o.samples)
			r, err := o.store.get(key, func() (result, error) { return compute(ctx, c, p, o) })
			if err != nil {
				return err
			}
			rows = append(rows, row{model: c.name, results: []result{r}})
		}
		print("debd", name, rows)
	}
	return nil
}

// readParts reads the three parts of a table. Models are fitted to the training rows
// alone, as published.
func readParts(folder, name string) (parts, error) {
	var x [3]*mat.Dense
	for i, part := range []string{"train", "valid", "test"} {
		path := filepath.Join(folder, name+"."+part+".csv.gz")
		data, err := dataset.Open(path)
		if err != nil {
			return parts{}, err
		}
		if err := density.CheckBinary(data.X); err != nil {
			return parts{}, fmt.Errorf("%s: %w", path, err)
		}
		x[i] = data.X
	}
	return parts{train: x[0], valid: x[1], test: x[2], whole: x[0]}, nil
}
