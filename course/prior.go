package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func prior() *Study {
	return &Study{
		Name: "prior", Part: BoundOfMixture, Claims: []string{"S7"},
		Claim: Text{
			"The key is not that the prior p(z) is normal; another would do. The key is that the posterior p(z|x) is assumed to be normal.",
			"关键不在于先验 p(z) 是正态分布，换成别的也可以；关键在于假设后验 p(z|x) 是正态分布。",
		},
		Question: Text{
			"What does another prior change, in held-out nats, and is the posterior normal?",
			"换一个先验，留出数据的奈特数会怎样变化？后验真是正态的吗？",
		},
		Rule: Text{
			"Another prior does if the held-out log p of one of the three is at most a nat below that of the normal, beyond two standard errors. The posterior is not normal if the best normal q with full covariance still loses more than three standard errors and 0.01 nats. The claim fails if no other prior does. It holds with a correction if another does and the posterior is not normal, since only q is assumed normal. It holds if another does and the loss is below 0.01 by three standard errors. Otherwise it is undecided.",
			"三种先验中只要有一种的留出 log p 比正态先验低不到一奈特（以两个标准误计），就算可以替换。若具有完整协方差的最佳正态 q 仍损失超过三个标准误和 0.01 奈特，则后验不是正态的。若没有可以替换的先验，则不成立。若可以替换而后验不是正态的，则修正后成立，因为被假设为正态的只是 q。若可以替换，且损失以三个标准误计低于 0.01，则成立。其余情况未能判定。",
		},
		run: runPrior,
	}
}

// priorEffects is what other priors gain over the normal one, and what the best normals
// lose against the posterior, nats a row.
type priorEffects struct {
	gain           []mean
	diagonal, full mean
}

func judgePrior(m priorEffects) (Verdict, Text) {
	best := m.gain[0]
	does := false
	for _, g := range m.gain {
		if g.value > best.value {
			best = g
		}
		does = does || g.above(-1, 2)
	}
	reason := Text{
		fmt.Sprintf("The best other prior gains %v nats a row over the normal one. The best normal q with full covariance loses %v nats to the true posterior, one with a diagonal covariance %v.", best, m.full, m.diagonal),
		fmt.Sprintf("最好的其他先验比正态先验每行多 %v 奈特。与真正的后验相比，完整协方差的最佳正态 q 损失 %v 奈特，对角协方差的损失 %v 奈特。", best, m.full, m.diagonal),
	}
	switch {
	case !does:
		return Fails, reason
	case m.full.above(0, 3) && m.full.value > 0.01:
		return Corrected, reason
	case m.full.below(0.01, 3):
		return Holds, reason
	}
	return Undecided, reason
}

// priorsOf are the priors beside the normal one.
func priorsOf() []struct {
	prior vae.Prior
	name  Text
} {
	return []struct {
		prior vae.Prior
		name  Text
	}{
		{vae.StandardNormal, Text{"normal", "正态先验"}},
		{vae.LearnedMixture(10), Text{"mixture of 10, trained along", "一同训练的 10 分量混合先验"}},
		{vae.Vamp(10), Text{"VampPrior of 10", "10 个伪输入的 VampPrior"}},
		{vae.ExPost(10), Text{"mixture of 10, fitted afterwards", "事后拟合的 10 分量混合先验"}},
	}
}

// fitPriors trains a network with each prior and returns it with log p of the test rows.
func fitPriors(ctx context.Context, train, test *mat.Dense, run int, s Settings) ([]*vae.Model, [][]float64, error) {
	settings := vae.Settings{Latent: 4, Hidden: []int{64}, Epochs: s.size(120, 20), Sigma: vae.Shared}
	var models []*vae.Model
	var logs [][]float64
	for k, p := range priorsOf() {
		s.step("networks", 4*run+k, 4*s.size(3, 2))
		var m *vae.Model
		var err error
		if p.prior == vae.ExPost(10) { // the first network with another prior: no weight changes
			m, _, err = models[0].FitPrior(ctx, train, gmm.Settings{Components: 10, Starts: 3}, density.NewSource(s.Seed, "course prior ex-post", uint64(run)))
		} else {
			settings.Prior = p.prior
			m, _, err = vae.Fit(ctx, train, nil, settings, density.NewSource(s.Seed, "course prior", uint64(run)))
		}
		if err != nil {
			return nil, nil, err
		}
		result, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), test, eval.Settings{Samples: s.size(500, 200), Seed: s.Seed})
		if err != nil {
			return nil, nil, err
		}
		models, logs = append(models, m), append(logs, result.LogProb)
	}
	return models, logs, nil
}

// normalLoss is log p less the bound of the best normal q of a family, by row.
func normalLoss(ctx context.Context, m *vae.Model, x *mat.Dense, logp []float64, family elbo.Family, s Settings) (mean, error) {
	q, err := elbo.Refine(ctx, m, m.Encoder(), x, elbo.RefineSettings{Family: family, Seed: s.Seed, Steps: s.size(2000, 500)})
	if err != nil {
		return mean{}, err
	}
	bound, err := elbo.ELBO(ctx, m, q.Proposal, x, elbo.Settings{Samples: 4000, Seed: s.Seed})
	if err != nil {
		return mean{}, err
	}
	return pairedMean(logp, bound.PerRow), nil
}

func runPrior(ctx context.Context, s Settings, r *Record) error {
	train, testing, err := greyDigits(s)
	if err != nil {
		return err
	}
	test := density.Rows(testing.X, 0, s.size(180, 40))
	n, _ := test.Dims()
	repeats := s.size(3, 2)
	kinds := priorsOf()
	perRow := make([][]float64, len(kinds)) // mean over the repetitions
	perRun := make([][]float64, len(kinds)) // mean over the rows
	var first *vae.Model
	var firstLogs []float64
	for run := range repeats {
		models, logs, err := fitPriors(ctx, train.X, test, run, s)
		if err != nil {
			return err
		}
		if run == 0 {
			first, firstLogs = models[0], logs[0]
		}
		for k := range kinds {
			if perRow[k] == nil {
				perRow[k] = make([]float64, n)
			}
			for i, v := range logs[k] {
				perRow[k][i] += v / float64(repeats)
			}
			perRun[k] = append(perRun[k], average(logs[k]))
		}
	}
	var m priorEffects
	table := Table{Name: "held-out log p", Columns: []string{"prior", "log p", "error over rows", "error over trainings"}}
	var scores []figure.Score
	for k, kind := range kinds {
		rows, runs := meanOf(perRow[k]), meanOf(perRun[k])
		r.add(mean{rows.value, math.Hypot(rows.se, runs.se)}.number(Text{kind.name.EN + ": held-out log p", kind.name.ZH + "：留出 log p"}, natsPerRow))
		table.Rows = append(table.Rows, []float64{float64(k + 1), rows.value, rows.se, runs.se})
		scores = append(scores, figure.Score{Name: []string{"normal", "mixture, trained", "VampPrior", "mixture, after"}[k], Estimate: density.MeanEstimate(perRow[k], nil, density.Consistent, s.size(500, 200))})
		if k == 0 {
			continue
		}
		gain := pairedMean(perRow[k], perRow[0])
		gain.se = math.Hypot(gain.se, pairedMean(perRun[k], perRun[0]).se)
		m.gain = append(m.gain, gain)
		r.add(gain.number(Text{kind.name.EN + ": gain over the normal", kind.name.ZH + "：比正态先验多"}, natsPerRow))
	}
	judged := s.size(120, 10)
	x := density.Rows(test, 0, judged)
	if m.diagonal, err = normalLoss(ctx, first, x, firstLogs[:judged], elbo.Diagonal, s); err != nil {
		return err
	}
	if m.full, err = normalLoss(ctx, first, x, firstLogs[:judged], elbo.Full, s); err != nil {
		return err
	}
	r.add(
		m.diagonal.number(Text{"best normal q, diagonal: loss to the posterior", "最佳正态 q（对角）：与后验相比的损失"}, natsPerRow),
		m.full.number(Text{"best normal q, full covariance: loss to the posterior", "最佳正态 q（完整协方差）：与后验相比的损失"}, natsPerRow),
	)
	r.Verdict, r.Reason = judgePrior(m)
	f, err := figure.Scores("One network, four priors: held-out log p", "held-out digits", scores)
	return r.draw("prior", Text{
		"Held-out log p of digits by prior, mean of several trainings. Bars are one and two standard errors over rows, which all priors share.",
		"各种先验下留出数字的 log p，取多次训练的平均。横条为一个和两个对各行的标准误；各先验用的是相同的数据。",
	}, []Table{table}, f, err)
}
