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
	"likely/vae"
)

func squaredError() *Study {
	return &Study{
		Name: "squared-error", Part: PriceIsBound, Claims: []string{"S13"},
		Claim: Text{
			"The second term of the bound is an autoencoder: draw z, make log p(x|z) large. A Gaussian is highest at its mean, so σ(z) is ignored and μ(z) is drawn to x.",
			"下界的第二项就是自编码器：抽取 z，使 log p(x|z) 变大。高斯在均值处最高，所以可以忽略 σ(z)，只让 μ(z) 接近 x。",
		},
		Question: Text{
			"Which σ does a squared error assume in silence, and how many nats does that cost against a learned one?",
			"平方误差暗中假设了怎样的 σ？与学出来的 σ 相比，要付出多少奈特？",
		},
		Rule: Text{
			"The claim fails if log p(x|z) at a fixed σ is not −Σ(x−μ)²/2σ² − D/2·ln 2πσ² within 1e-4 of its size. Else the σ of half the summed squared error on pixels from 0 to 1 is compared with a learned one by held-out log p. If that costs more than 1 nat per row by three standard errors, the claim holds with a correction: σ is not ignored but fixed. If it costs less than 1 by three, it holds. Else it is undecided.",
			"若固定 σ 时 log p(x|z) 与 −Σ(x−μ)²/2σ² − D/2·ln 2πσ² 的相对差超过 1e-4，则不成立。否则，取 0 到 1 的像素上平方误差和的一半所对应的 σ，与学出来的 σ 比较留出数据的 log p。若每行多付的超过 1 奈特达三个标准误，则为修正后成立：σ 并没有被忽略，而是被固定了。若以三个标准误少于 1 奈特，则成立。其余为未能判定。",
		},
		run: runSquaredError,
	}
}

// squaredMeasure is what the verdict rests on; costs are in nats per row.
type squaredMeasure struct {
	identity           float64 // relative difference of log p(x|z) from the squared error
	cost, best, mean32 mean    // against a learned σ: of half the sum, of the best fixed σ, of mean-reduction
	bestSigma, learned float64 // levels of grey
}

func judgeSquaredError(m squaredMeasure) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("Half the summed squared error on pixels from 0 to 1 fixes σ at 16 levels of grey. That costs %v nats per row against a learned σ, which is %s levels. The best fixed σ costs %v.", m.cost, significant(m.learned), m.best),
		fmt.Sprintf("在 0 到 1 的像素上取平方误差和的一半，就是把 σ 固定为 16 个灰度级。与学出来的 σ（%s 级）相比，每行多付 %v 奈特；最好的固定 σ 多付 %v 奈特。", significant(m.learned), m.cost, m.best),
	}
	switch {
	case m.identity > 1e-4:
		return Fails, reason
	case m.cost.above(1, 3):
		return Corrected, reason
	case m.cost.below(1, 3):
		return Holds, reason
	}
	return Undecided, reason
}

// silentSigma is the σ that a loss assumes in silence: the mean over d columns of the
// squared error plus w times the KL, where one unit of the loss's data is so many of
// ours. Half the sum over columns is w = 2/d.
func silentSigma(w float64, d int, unit float64) float64 {
	return unit * math.Sqrt(w*float64(d)/2)
}

// squaredIdentity compares log p(x|z) at a fixed σ with what a squared error makes of it.
func squaredIdentity(m *vae.Model, x, z *mat.Dense, sigma float64) float64 {
	lik, mu := m.LogLik(nil, x, z), m.DecodeMean(nil, z)
	n, d := x.Dims()
	worst := 0.0
	for i := range n {
		sum := 0.0
		for j := range d {
			e := x.At(i, j) - mu.At(i, j)
			sum += e * e
		}
		want := -sum/(2*sigma*sigma) - float64(d)/2*math.Log(2*math.Pi*sigma*sigma)
		worst = max(worst, math.Abs(lik[i]-want)/math.Abs(want))
	}
	return worst
}

// sigmaModel is what a VAE with one way to σ does with held-out rows.
type sigmaModel struct {
	logp           []float64
	rate           mean
	squared, sigma float64 // mean squared error a pixel of reconstructions; root mean σ² stated
	bad            float64 // the share of rows whose weights cannot be trusted
	active         int
	model          *vae.Model
}

func fitSigma(ctx context.Context, train, test *mat.Dense, sigma vae.Sigma, s Settings) (sigmaModel, error) {
	m, _, err := vae.Fit(ctx, train, nil, vae.Settings{
		Latent: 16, Hidden: []int{100}, Sigma: sigma, Epochs: s.size(150, 8),
	}, density.NewSource(s.Seed, "course squared-error"))
	if err != nil {
		return sigmaModel{}, err
	}
	logp, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), test, eval.Settings{Samples: s.size(500, 50), Seed: s.Seed})
	if err != nil {
		return sigmaModel{}, err
	}
	bound, err := elbo.ELBO(ctx, m, m.Encoder(), test, elbo.Settings{Samples: 10, Seed: s.Seed})
	if err != nil {
		return sigmaModel{}, err
	}
	n, d := test.Dims()
	codes := m.Encode(nil, test)
	mu, logvar := mat.NewDense(n, d, nil), mat.NewDense(n, d, nil)
	m.Decode(mu, logvar, codes)
	out := sigmaModel{logp: logp.LogProb, rate: meanOf(bound.Rate), bad: badShare(logp), active: m.Activity(test).Active, model: m}
	for i := range n {
		for j := range d {
			e := test.At(i, j) - mu.At(i, j)
			out.squared += e * e / float64(n*d)
			out.sigma += math.Exp(logvar.At(i, j)) / float64(n*d)
		}
	}
	out.sigma = math.Sqrt(out.sigma)
	return out, nil
}

func runSquaredError(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	const d, unit = 64, 16 // columns, and levels of grey from 0 to 1
	sum, mean32 := silentSigma(2.0/d, d, unit), silentSigma(1, d, unit)
	fixed := []float64{0.5, 1, 1.5, 2, 3, 4, 8, sum, mean32}
	if s.Quick {
		fixed = []float64{2, sum, mean32}
	}
	tasks := len(fixed) + 3
	learned := make([]sigmaModel, 3)
	ways := []vae.Sigma{vae.Shared, vae.PerDim, vae.Network}
	for i, way := range ways {
		s.step("ways to σ", i, tasks)
		if learned[i], err = fitSigma(ctx, train.X, test.X, way, s); err != nil {
			return err
		}
	}
	var m squaredMeasure
	m.learned = learned[0].sigma
	var models []sigmaModel
	for i, sigma := range fixed {
		s.step("ways to σ", len(ways)+i, tasks)
		one, err := fitSigma(ctx, train.X, test.X, vae.Fixed(sigma), s)
		if err != nil {
			return err
		}
		z := one.model.Encode(nil, test.X)
		m.identity = max(m.identity, squaredIdentity(one.model, test.X, z, sigma))
		cost := pairedMean(learned[0].logp, one.logp)
		if i == 0 || cost.value < m.best.value {
			m.best, m.bestSigma = cost, sigma
		}
		switch sigma {
		case sum:
			m.cost = cost
		case mean32:
			m.mean32 = cost
		}
		models = append(models, one)
	}
	s.step("ways to σ", tasks, tasks)
	r.Verdict, r.Reason = judgeSquaredError(m)
	return reportSquaredError(r, m, fixed, models, learned, test.X)
}

func reportSquaredError(r *Record, m squaredMeasure, fixed []float64, models, learned []sigmaModel, test *mat.Dense) error {
	r.add(
		Number{Name: Text{"log p(x|z) against the squared error, largest relative difference", "log p(x|z) 与平方误差式的最大相对差"}, Value: m.identity},
		m.cost.number(Text{"cost of half the sum on pixels from 0 to 1 (σ = 16)", "0 到 1 像素、平方和一半（σ = 16）多付的"}, natsPerRow),
		m.mean32.number(Text{"cost of the mean over pixels from 0 to 1 (σ = 90.5)", "0 到 1 像素、按像素取平均（σ = 90.5）多付的"}, natsPerRow),
		m.best.number(Text{"cost of the best fixed σ", "最好的固定 σ 多付的"}, natsPerRow),
		Number{Name: Text{"the best fixed σ", "最好的固定 σ"}, Value: m.bestSigma, Unit: levels},
	)
	for i, name := range []Text{{"one learned σ", "学出的单一 σ"}, {"a learned σ for each pixel", "每个像素学一个 σ"}, {"σ(z) from the network", "由网络给出的 σ(z)"}} {
		l := learned[i]
		r.add(
			meanOf(l.logp).number(Text{"held-out log p: " + name.EN, "留出数据的 log p：" + name.ZH}, natsPerRow),
			Number{Name: Text{"root mean σ²: " + name.EN, "σ² 均值的平方根：" + name.ZH}, Value: l.sigma, Unit: levels},
		)
		r.add(badNumber(Text{"rows with k̂ above the limit: " + name.EN, "k̂ 超过限度的行：" + name.ZH}, l.bad))
		if i > 0 {
			r.add(pairedMean(l.logp, learned[0].logp).number(Text{"gain over one learned σ: " + name.EN, "相对单一 σ 的增益：" + name.ZH}, natsPerRow))
		}
	}
	worst := 0.0
	for _, l := range models {
		worst = max(worst, l.bad)
	}
	r.add(badNumber(Text{"rows with k̂ above the limit, the most at a fixed σ", "k̂ 超过限度的行，固定 σ 中最多的"}, worst))
	table := Table{Name: "fixed", Columns: []string{"sigma (levels of grey)", "held-out log p (nats per row)", "standard error", "rate (nats per row)", "standard error", "root mean squared error (levels of grey)", "active units", "rows with k̂ above the limit (%)"}}
	logp, rate, squared := figure.Curve{Name: "fixed σ"}, figure.Curve{Name: "rate (nats per row)"}, figure.Curve{Name: "error of reconstructions (levels of grey)"}
	for i, sigma := range fixed {
		v := meanOf(models[i].logp)
		logp.X, logp.Y, logp.StdErr = append(logp.X, sigma), append(logp.Y, v.value), append(logp.StdErr, v.se)
		rate.X, rate.Y, rate.StdErr = append(rate.X, sigma), append(rate.Y, models[i].rate.value), append(rate.StdErr, models[i].rate.se)
		squared.X, squared.Y = append(squared.X, sigma), append(squared.Y, math.Sqrt(models[i].squared))
		table.Rows = append(table.Rows, []float64{sigma, v.value, v.se, models[i].rate.value, models[i].rate.se, math.Sqrt(models[i].squared), float64(models[i].active), 100 * models[i].bad})
	}
	one, network := meanOf(learned[0].logp), meanOf(learned[2].logp)
	f, err := figure.Curves("What a silent σ costs", figure.CurvesAxes{X: "fixed σ of p(x|z) (levels of grey)", Y: "held-out log p (nats per row)", LogX: true}, []figure.Curve{logp}, []figure.Reference{
		{Name: "one learned σ", Value: one.value, StdErr: one.se},
		{Name: "σ(z) from the network", Value: network.value, StdErr: network.se},
	})
	err = r.draw("squared-error", Text{
		"Held-out log p of VAEs that were trained on a squared error, against the σ that it assumes. σ = 16 is half the sum over pixels from 0 to 1, and 90.5 is their mean. Bands are one standard error over the rows.",
		"用平方误差训练的 VAE 在留出数字上的 log p，随它暗中假设的 σ 变化。σ = 16 对应 0 到 1 像素上平方和的一半，90.5 对应按像素取平均。阴影为各行之间的一个标准误。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Curves("What a silent σ does to the code", figure.CurvesAxes{X: "fixed σ of p(x|z) (levels of grey)", Y: "nats per row; levels of grey", LogX: true}, []figure.Curve{rate, squared}, nil)
	err = r.draw("squared-error-code", Text{
		"The larger the silent σ, the less a code is worth: the rate falls to 0, and reconstructions become the mean digit.",
		"暗中的 σ 越大，编码越不值钱：码率降到 0，还原的图片都变成平均的数字。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	rows := []figure.ImageRow{{Label: "held out", Images: test}, {Label: "learned σ", Images: learned[0].model.Reconstruct(nil, test)}}
	images := Table{Name: "first pictures", Columns: []string{"sigma (levels of grey)", "mean level of the first picture"}}
	for i, sigma := range fixed {
		if sigma == 2 || sigma >= 16 {
			pictures := models[i].model.Reconstruct(nil, test)
			rows = append(rows, figure.ImageRow{Label: fmt.Sprintf("σ = %.3g", sigma), Images: pictures})
			images.Rows = append(images.Rows, []float64{sigma, average(pictures.RawRowView(0))})
		}
	}
	f, err = figure.Images("Held-out digits, restored", rows, figure.ImageShape{Height: 8, Width: 8, Black: 0, White: 16})
	return r.draw("squared-error-digits", Text{
		"Held-out digits, and what VAEs with a learned and with silent σ make of them.",
		"留出的数字，以及 σ 为学出的和暗中固定的 VAE 对它们的还原。",
	}, []Table{images}, f, err)
}
