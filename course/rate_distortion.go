package course

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/vae"
)

func rateDistortion() *Study {
	return &Study{
		Name: "rate-distortion", Part: PriceForNoise, Claims: []string{"S12"},
		Claim: Text{
			"The bound is L = −KL(q(z|x)‖p(z)) + E_q log p(x|z). The first term is the penalty on codes, Σ(exp(σ) − (1+σ) + m²).",
			"下界 L = −KL(q(z|x)‖p(z)) + E_q log p(x|z)，第一项就是对编码的惩罚 Σ(exp(σ) − (1+σ) + m²)。",
		},
		Question: Text{
			"Do the two terms add up to the bound, is the penalty the first of them, and what do they trade as its weight β changes?",
			"两项之和是否就是下界？惩罚是否就是第一项？改变它的权重 β，两项怎样此消彼长？",
		},
		Rule: Text{
			"The bound is also measured without the split, as the mean log weight of draws. The claim fails if, for any β, the two differ by more than four standard errors of the draws. If the penalty, with σ read as the log-variance, is the KL within 1e-4 of its size, the claim holds. If it is another constant multiple of it, the claim holds with a correction; else it fails. It is undecided if the rate does not fall by three standard errors from the smallest β to the largest.",
			"不拆成两项，直接用样本的平均对数权重再测一次下界。若对某个 β，两者相差超过四个抽样标准误，则不成立。把 σ 读作对数方差：若惩罚与 KL 的相对差在 1e-4 以内，则成立；若惩罚是 KL 的另一个常数倍，则为修正后成立；否则不成立。若从最小的 β 到最大的 β，码率没有下降三个标准误，则未能判定。",
		},
		run: runRateDistortion,
	}
}

// rateMeasure is what the verdict rests on.
type rateMeasure struct {
	apart         float64 // the two ways to the bound, in standard errors, the largest over β
	least, most   float64 // penalty over KL, over rows and β
	fall          mean    // of the rate, from the smallest β to the largest
	best, next    float64 // β with the highest held-out log p, and the next
	gain          mean    // of the best over the next, in nats per row
	active, units int     // active units at the best β, and all
}

func judgeRateDistortion(m rateMeasure) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("The two ways to the bound differ by at most %s standard errors. The penalty is %s to %s times the KL. Held-out log p is highest at β = %s, by %v nats per row against the next best, β = %s, with %d of %d units active.", significant(m.apart), significant(m.least), significant(m.most), significant(m.best), m.gain, significant(m.next), m.active, m.units),
		fmt.Sprintf("两种方式测得的下界相差至多 %s 个标准误。惩罚是 KL 的 %s 到 %s 倍。留出数据的 log p 在 β = %s 处最高，每行比次佳的 β = %[6]s 高 %[5]v 奈特，此时 %[8]d 个单元中有 %[7]d 个活跃。", significant(m.apart), significant(m.least), significant(m.most), significant(m.best), m.gain, significant(m.next), m.active, m.units),
	}
	switch {
	case !m.fall.above(0, 3):
		return Undecided, reason
	case m.apart > 4 || m.most-m.least > 1e-4*m.most:
		return Fails, reason
	case math.Abs(m.most-1) <= 1e-4:
		return Holds, reason
	}
	return Corrected, reason
}

// betaModel is what a VAE trained at one β does with held-out rows.
type betaModel struct {
	beta             float64
	rate, distortion mean
	bound, logp      mean
	active           int
	values           []float64 // log p of each row
	rates            []float64
	bad              float64 // the share of rows whose weights cannot be trusted
}

// penaltyOf returns the article's penalty of each row, with σ the log-variance of q.
func penaltyOf(means, logvar *mat.Dense) []float64 {
	n, l := means.Dims()
	sum := make([]float64, n)
	for i := range n {
		for j := range l {
			s := logvar.At(i, j)
			sum[i] += math.Exp(s) - (1 + s) + means.At(i, j)*means.At(i, j)
		}
	}
	return sum
}

// measureBeta evaluates a model on held-out rows, and widens what m knows of the claim.
func measureBeta(ctx context.Context, model *vae.Model, beta float64, x *mat.Dense, m *rateMeasure, s Settings) (betaModel, error) {
	b := betaModel{beta: beta, active: model.Activity(x).Active}
	set := elbo.Settings{Samples: s.size(200, 50), Seed: s.Seed}
	split, err := elbo.ELBO(ctx, model, model.Encoder(), x, set)
	if err != nil {
		return b, err
	}
	whole, err := elbo.MultiSample(ctx, model, model.Encoder(), x, []int{1}, elbo.Settings{Samples: set.Samples, Seed: s.Seed + 1})
	if err != nil {
		return b, err
	}
	one, other := split.Estimate(), whole[0].Estimate()
	m.apart = max(m.apart, math.Abs(one.Value-other.Value)/math.Hypot(one.SampleErr, other.SampleErr))
	penalty := penaltyOf(model.Encoder().Moments(x))
	for i, p := range penalty {
		m.least, m.most = min(m.least, p/split.Rate[i]), max(m.most, p/split.Rate[i])
	}
	logp, err := eval.LogProb(ctx, model, elbo.Adaptive(model, model.Encoder()), x, eval.Settings{Samples: s.size(500, 100), Seed: s.Seed})
	if err != nil {
		return b, err
	}
	b.rate, b.distortion, b.bound, b.logp = meanOf(split.Rate), meanOf(split.Distortion), meanOf(split.PerRow), meanOf(logp.LogProb)
	b.values, b.rates, b.bad = logp.LogProb, split.Rate, badShare(logp)
	return b, nil
}

func runRateDistortion(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	betas := []float64{0.1, 0.25, 0.5, 1, 2, 4, 8}
	if s.Quick {
		betas = []float64{0.1, 1, 8}
	}
	m := rateMeasure{least: math.Inf(1), units: 16}
	var models []betaModel
	for i, beta := range betas {
		s.step("values of β", i, len(betas))
		model, _, err := vae.Fit(ctx, train.X, nil, vae.Settings{
			Latent: m.units, Hidden: []int{100}, Sigma: vae.Shared, Epochs: s.size(250, 10), Beta: beta,
		}, density.NewSource(s.Seed, "course rate-distortion"))
		if err != nil {
			return err
		}
		b, err := measureBeta(ctx, model, beta, test.X, &m, s)
		if err != nil {
			return err
		}
		models = append(models, b)
	}
	s.step("values of β", len(betas), len(betas))
	ranked := slices.Clone(models)
	slices.SortStableFunc(ranked, func(a, b betaModel) int { return cmp.Compare(b.logp.value, a.logp.value) })
	best := ranked[0]
	m.fall = pairedMean(models[0].rates, models[len(models)-1].rates)
	m.best, m.next, m.active = best.beta, ranked[1].beta, best.active
	m.gain = pairedMean(best.values, ranked[1].values)
	r.Verdict, r.Reason = judgeRateDistortion(m)
	return reportRateDistortion(r, m, models)
}

func reportRateDistortion(r *Record, m rateMeasure, models []betaModel) error {
	r.add(
		Number{Name: Text{"largest difference of the two ways to the bound", "两种方式测得的下界的最大差别"}, Value: m.apart, Unit: Text{"standard errors", "标准误"}},
		Number{Name: Text{"penalty over KL, smallest of all rows", "惩罚与 KL 之比，各行中的最小值"}, Value: m.least},
		Number{Name: Text{"penalty over KL, largest of all rows", "惩罚与 KL 之比，各行中的最大值"}, Value: m.most},
		m.gain.number(Text{"log p at the best β less that at the next best", "最佳 β 的 log p 减去次佳 β 的"}, natsPerRow),
	)
	table := Table{Name: "beta", Columns: []string{"beta", "rate (nats per row)", "standard error", "distortion (nats per row)", "standard error", "bound (nats per row)", "standard error", "log p (nats per row)", "standard error", "active units"}}
	var rate, distortion, bound, logp figure.Curve
	rate.Name, distortion.Name = "rate: KL(q‖p(z))", "distortion: −E log p(x|z)"
	bound.Name, logp.Name = "bound", "log p(x)"
	push := func(c *figure.Curve, x float64, m mean) {
		c.X, c.Y, c.StdErr = append(c.X, x), append(c.Y, m.value), append(c.StdErr, m.se)
	}
	var active figure.Curve
	active.Name = "active units"
	for _, b := range models {
		at := significant(b.beta)
		r.add(
			b.rate.number(Text{"rate at β = " + at, "码率，β = " + at}, natsPerRow),
			b.distortion.number(Text{"distortion at β = " + at, "失真，β = " + at}, natsPerRow),
			b.logp.number(Text{"held-out log p at β = " + at, "留出数据的 log p，β = " + at}, natsPerRow),
			badNumber(Text{"rows with k̂ above the limit, β = " + at, "k̂ 超过限度的行，β = " + at}, b.bad),
			Number{Name: Text{"active units at β = " + at, "活跃单元数，β = " + at}, Value: float64(b.active)},
		)
		table.Rows = append(table.Rows, []float64{b.beta, b.rate.value, b.rate.se, b.distortion.value, b.distortion.se, b.bound.value, b.bound.se, b.logp.value, b.logp.se, float64(b.active)})
		push(&rate, b.beta, b.rate)
		push(&bound, b.beta, b.bound)
		push(&logp, b.beta, b.logp)
		active.X, active.Y = append(active.X, b.beta), append(active.Y, float64(b.active))
	}
	// Along the curve of the trade, from the largest β to the smallest, rates rise.
	for i := len(models) - 1; i >= 0; i-- {
		push(&distortion, models[i].rate.value, models[i].distortion)
		if n := len(distortion.X); n > 1 && distortion.X[n-1] <= distortion.X[n-2] {
			return fmt.Errorf("course: rates do not fall from β = %v to %v", models[i].beta, models[i+1].beta)
		}
	}
	f, err := figure.Curves("What a nat of rate buys", figure.CurvesAxes{X: "rate KL(q‖p(z)) (nats per row)", Y: "distortion −E log p(x|z) (nats per row)"}, []figure.Curve{distortion}, nil)
	err = r.draw("rate-distortion", Text{
		"Rate and distortion of VAEs on held-out digits, from β = 8 at the left to β = 0.1 at the right. Bands are one standard error over the rows.",
		"留出数字上 VAE 的码率与失真，从左端的 β = 8 到右端的 β = 0.1。阴影为各行之间的一个标准误。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Curves("Which β explains held-out digits best", figure.CurvesAxes{X: "weight β of the rate in training", Y: "nats per row", LogX: true}, []figure.Curve{logp, bound}, nil)
	err = r.draw("rate-distortion-beta", Text{
		"The bound and log p of held-out digits against the β of training. Both are evaluated without β.",
		"留出数字的下界和 log p 随训练时的 β 变化。两者的计算都不含 β。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Curves("Rate and active units", figure.CurvesAxes{X: "weight β of the rate in training", Y: "nats per row; number of units", LogX: true}, []figure.Curve{rate, active}, nil)
	return r.draw("rate-distortion-units", Text{
		"The rate, and how many of sixteen units of the code are active: those whose mean varies over the rows by more than 0.01.",
		"码率，以及十六个编码单元中活跃的个数；活跃指单元的均值在各行之间的方差大于 0.01。",
	}, []Table{table}, f, err)
}
