package course

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func gap() *Study {
	return &Study{
		Name: "gap", Part: LeftUnknown, Claims: []string{"—"},
		Claim: Text{
			"A VAE's bound says less than log p(x), and K draws inside the logarithm, or annealing, find what it leaves out. (This claim is the project's own.)",
			"VAE 的下界小于 log p(x)；把 K 个样本放进对数，或者用退火，就能找回缺少的部分。（这一说法是本项目自己的。）",
		},
		Question: Text{
			"How far below log p(x) are the bounds, where log p(x) is known exactly, and what is left where it is not?",
			"在 log p(x) 精确已知之处，各个下界差多少？在它未知之处，还剩下什么？",
		},
		Rule: Text{
			"Where log p is exact, the claim fails if a bound is above it by more than four standard errors. It holds if the ELBO of some VAE is below it by three standard errors, and if 1000 draws and annealing are within 0.1 nats of it, or within three standard errors, for every VAE. If one of these is farther, the claim holds with a correction. It is undecided if no ELBO is below log p by three standard errors.",
			"在 log p 精确已知之处，若某个下界比它高出四个标准误以上，则不成立。若有某个 VAE 的 ELBO 比它低三个标准误以上，而对每个 VAE，1000 个样本和退火都与它相差不到 0.1 奈特或三个标准误，则成立。若其中之一相差更多，则为修正后成立。若没有一个 ELBO 低三个标准误，则未能判定。",
		},
		run: runGap,
	}
}

// ladder is what bounds miss of log p for one model, in nats per row; log p is exact, or
// an estimate.
type ladder struct {
	name    Text
	label   string
	exact   bool
	logp    mean
	ks      []int
	draws   []mean // log p − the bound of K draws; K = 1 is the ELBO
	anneal  mean   // log p − the annealed bound
	without bool   // no annealing: the code is finite
}

func judgeGap(ladders []ladder) (Verdict, Text) {
	seen, far, above := false, false, false
	var worstELBO, worstDraws, worstAnneal mean
	for _, l := range ladders {
		if !l.exact {
			continue
		}
		last := l.draws[len(l.draws)-1]
		for _, d := range l.draws {
			above = above || d.below(-1e-9, 4)
		}
		above = above || !l.without && l.anneal.below(-1e-9, 4)
		if l.without {
			continue
		}
		seen = seen || l.draws[0].above(0, 3)
		far = far || last.above(0.1, 3) || l.anneal.above(0.1, 3)
		if l.draws[0].value > worstELBO.value {
			worstELBO = l.draws[0]
		}
		if last.value > worstDraws.value {
			worstDraws = last
		}
		if l.anneal.value > worstAnneal.value {
			worstAnneal = l.anneal
		}
	}
	reason := Text{
		fmt.Sprintf("Where log p is exact, the largest gap of the ELBO is %v nats per row, that of 1000 draws %v, and that of annealing %v.", worstELBO, worstDraws, worstAnneal),
		fmt.Sprintf("在 log p 精确已知之处，ELBO 的差距最大为每行 %v 奈特，1000 个样本的最大为 %v，退火的最大为 %v。", worstELBO, worstDraws, worstAnneal),
	}
	switch {
	case above:
		return Fails, reason
	case !seen:
		return Undecided, reason
	case far:
		return Corrected, reason
	}
	return Holds, reason
}

// climb measures the bounds of a VAE on rows against log p of each row.
func climb(ctx context.Context, m *vae.Model, x *mat.Dense, logp []float64, s Settings) (l ladder, err error) {
	l.logp, l.ks = meanOf(logp), []int{1, 10, 100, 1000}
	bounds, err := elbo.MultiSample(ctx, m, m.Encoder(), x, l.ks, elbo.Settings{Samples: s.size(4000, 1000), Seed: s.Seed})
	if err != nil {
		return l, err
	}
	for _, b := range bounds {
		noise := b.StdErr
		if math.IsNaN(noise[0]) { // one group of draws shows no spread
			noise = nil
		}
		l.draws = append(l.draws, gapOf(logp, b.PerRow, noise))
	}
	a, err := eval.Anneal(ctx, m, x, eval.AnnealSettings{Chains: 8, Temperatures: s.size(600, 10), Leapfrogs: 5, Seed: s.Seed})
	if err != nil {
		return l, err
	}
	l.anneal = gapOf(logp, a.LogProb, a.StdErr)
	return l, nil
}

// gapMixture is the rung where all is exact: the posterior of a mixture is a table.
func gapMixture(ctx context.Context, s Settings) (ladder, error) {
	l := ladder{name: Text{"mixture of 3 Gaussians", "三高斯混合"}, label: "mixture", exact: true, without: true, ks: []int{1}}
	data, err := dataset.Open("faithful")
	if err != nil {
		return l, err
	}
	m, _, err := gmm.Fit(ctx, data.X, gmm.Settings{Components: 3}, density.NewSource(s.Seed, "course gap mixture"))
	if err != nil {
		return l, err
	}
	logp := m.LogProb(nil, data.X)
	b, err := elbo.ELBO(ctx, m, m.Posterior(), data.X, elbo.Settings{Seed: s.Seed})
	if err != nil {
		return l, err
	}
	l.logp = meanOf(logp)
	d := make([]float64, len(logp))
	for i := range d { // the two terms of the bound, which do not know log p
		d[i] = -b.Distortion[i] - b.Rate[i]
	}
	l.draws = []mean{gapOf(logp, d, b.StdErr)}
	return l, nil
}

func runGap(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	rows := test.Head(s.size(200, 6)).X
	fit := func(latent int, hidden []int) (*vae.Model, error) {
		m, _, err := vae.Fit(ctx, train.X, nil, vae.Settings{
			Latent: latent, Hidden: hidden, Sigma: vae.Shared, Epochs: s.size(120, 8), Precision: vae.Float64,
		}, density.NewSource(s.Seed, "course gap", uint64(latent), uint64(len(hidden))))
		return m, err
	}
	mixture, err := gapMixture(ctx, s)
	if err != nil {
		return err
	}
	ladders := []ladder{mixture}
	for i, kind := range []struct {
		name   Text
		label  string
		latent int
		hidden []int
	}{
		{Text{"linear VAE, code of 8", "线性 VAE，8 维编码"}, "linear", 8, []int{}},
		{Text{"VAE, code of 2", "VAE，2 维编码"}, "code of 2", 2, []int{100}},
		{Text{"VAE, code of 16", "VAE，16 维编码"}, "code of 16", 16, []int{100}},
	} {
		s.step("models", i, 3)
		m, err := fit(kind.latent, kind.hidden)
		if err != nil {
			return err
		}
		logp, exact, err := bestKnown(ctx, m, rows, s)
		if err != nil {
			return err
		}
		l, err := climb(ctx, m, rows, logp, s)
		if err != nil {
			return err
		}
		l.name, l.label, l.exact = kind.name, kind.label, exact
		ladders = append(ladders, l)
	}
	s.step("models", 3, 3)
	r.Verdict, r.Reason = judgeGap(ladders)
	return reportGap(r, ladders)
}

// bestKnown returns log p of each row, in closed form, by quadrature or by importance
// sampling from a proposal that climbs, and whether it is exact.
func bestKnown(ctx context.Context, m *vae.Model, x *mat.Dense, s Settings) (logp []float64, exact bool, err error) {
	marginal, ok, err := m.Marginal()
	if err != nil {
		return nil, false, err
	}
	if ok {
		return marginal.LogProb(nil, x), true, nil
	}
	if m.LatentDim() == 2 {
		q, err := eval.Quadrate(ctx, m, x, eval.QuadratureSettings{Tolerance: 1e-5, Hints: m.Encoder(), Seed: s.Seed})
		if err != nil {
			return nil, false, err
		}
		return q.LogProb, q.Kind == density.Quadrature, nil
	}
	e, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), x, eval.Settings{Samples: s.size(4000, 500), Seed: s.Seed})
	if err != nil {
		return nil, false, err
	}
	return e.LogProb, false, nil
}

func reportGap(r *Record, ladders []ladder) error {
	var curves []figure.Curve
	var bars []figure.Gap
	table := Table{Name: "draws", Columns: []string{"model", "K", "log p − bound (nats per row)", "standard error"}}
	annealed := Table{Name: "bars", Columns: []string{"model", "gap of the ELBO", "standard error", "of 1000 draws", "standard error", "of annealing", "standard error"}}
	for i, l := range ladders {
		what := Text{"log p (exact): ", "log p（精确）："}
		if !l.exact {
			what = Text{"log p (estimate): ", "log p（估计）："}
		}
		r.add(l.logp.number(Text{what.EN + l.name.EN, what.ZH + l.name.ZH}, natsPerRow))
		c := figure.Curve{Name: l.label}
		for j, d := range l.draws {
			k := strconv.Itoa(l.ks[j])
			r.add(d.number(Text{"gap of K = " + k + ": " + l.name.EN, "K = " + k + " 的差距：" + l.name.ZH}, natsPerRow))
			c.X, c.Y, c.StdErr = append(c.X, float64(l.ks[j])), append(c.Y, d.value), append(c.StdErr, d.se)
			table.Rows = append(table.Rows, []float64{float64(i + 1), float64(l.ks[j]), d.value, d.se})
		}
		if l.without {
			bars = append(bars, figure.Gap{Name: l.label + ": ELBO", Parts: []figure.GapPart{{Name: "ELBO", Nats: l.draws[0].value, StdErr: l.draws[0].se}}})
			annealed.Rows = append(annealed.Rows, []float64{float64(i + 1), l.draws[0].value, l.draws[0].se, 0, 0, 0, 0})
			continue
		}
		r.add(l.anneal.number(Text{"gap of annealing: " + l.name.EN, "退火的差距：" + l.name.ZH}, natsPerRow))
		last := l.draws[len(l.draws)-1]
		bars = append(bars,
			figure.Gap{Name: l.label + ": ELBO", Parts: []figure.GapPart{{Name: "ELBO", Nats: l.draws[0].value, StdErr: l.draws[0].se}}},
			figure.Gap{Name: l.label + ": 1000 draws", Parts: []figure.GapPart{{Name: "ELBO"}, {Name: "1000 draws", Nats: last.value, StdErr: last.se}}},
			figure.Gap{Name: l.label + ": annealing", Parts: []figure.GapPart{{Name: "ELBO"}, {Name: "1000 draws"}, {Name: "annealing", Nats: l.anneal.value, StdErr: l.anneal.se}}},
		)
		annealed.Rows = append(annealed.Rows, []float64{float64(i + 1), l.draws[0].value, l.draws[0].se, last.value, last.se, l.anneal.value, l.anneal.se})
		curves = append(curves, c)
	}
	f, err := figure.Curves("How draws close the gap", figure.CurvesAxes{X: "number of draws K inside the logarithm", Y: "log p − bound of K draws (nats per row)", LogX: true}, curves, []figure.Reference{{Name: "log p", Value: 0}})
	err = r.draw("gap", Text{
		"How far the bound of K draws is below log p on held-out digits; K = 1 is the ELBO. log p is exact for the linear VAE and for the code of 2, and an estimate for the code of 16. Bands are one standard error.",
		"留出数字上 K 个样本的下界比 log p 低多少；K = 1 就是 ELBO。线性 VAE 和 2 维编码的 log p 是精确的，16 维编码的是估计。阴影为一个标准误。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Gaps("Three bounds and what they miss", bars)
	return r.draw("gap-bounds", Text{
		"What the ELBO, 1000 draws and annealing miss of log p. For the mixture the ELBO misses nothing. A bar to the left of 0 is noise, or an estimate of log p that is too low.",
		"ELBO、1000 个样本和退火各缺少 log p 的多少。混合模型的 ELBO 什么也不缺。伸到 0 左边的条是噪声，或者 log p 的估计偏低。",
	}, []Table{annealed}, f, err)
}
