package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func decomposition() *Study {
	return &Study{
		Name: "decomposition", Part: PriceIsBound, Claims: []string{"S10"},
		Claim: Text{
			"The parameters are those of maximum likelihood. log p(x), rewritten with any q(z|x), shows a lower bound L; what is left is a KL divergence.",
			"参数由极大似然确定。把 log p(x) 用任意的 q(z|x) 改写，会出现一个下界 L，余下的部分是一个 KL 散度。",
		},
		Question: Text{
			"Are bound and divergence, each computed on its own, together log p(x), all through training?",
			"下界和散度各自独立算出，两者之和在整个训练过程中是否都等于 log p(x)？",
		},
		Rule: Text{
			"log p comes from one integral, the divergence from another, the bound from draws. What is left of log p − bound − divergence is the residue. The claim holds if it is at most three standard errors and 0.001 nats for every stage of training, and at most 0.000001 for the mixture, and if no divergence is below −0.000001. It fails if a residue is above five standard errors and 0.01 nats, or 0.0001 for the mixture. Otherwise it is undecided.",
			"log p 由一个积分得到，散度由另一个积分得到，下界由抽样得到。残差是 log p − 下界 − 散度。若训练各阶段的残差都不超过三个标准误加 0.001 奈特，混合模型的残差不超过 0.000001，并且没有散度低于 −0.000001，则成立。若残差超过五个标准误加 0.01 奈特，或混合模型的超过 0.0001，则不成立。其余情况未能判定。",
		},
		run: runDecomposition,
	}
}

// residues are what is left of log p − bound − divergence, nats a row.
type residues struct {
	network         []mean  // at each stage of training, with the error of the bound
	mixture         float64 // the largest of any iteration
	leastDivergence float64 // of any stage
}

func judgeDecomposition(m residues) (Verdict, Text) {
	worst, ratio := 0.0, 0.0
	holds, fails := m.mixture <= 1e-6 && m.leastDivergence >= -1e-6, m.mixture > 1e-4
	for _, one := range m.network {
		off := math.Abs(one.value)
		worst, ratio = max(worst, off), max(ratio, off/one.se)
		holds = holds && off <= 3*one.se+1e-3
		fails = fails || off > 5*one.se+1e-2
	}
	reason := Text{
		fmt.Sprintf("At %d stages of training the residue is at most %s nats, and at most %.1f standard errors. For the mixture it is at most %s nats.", len(m.network), significant(worst), ratio, significant(m.mixture)),
		fmt.Sprintf("在训练的 %d 个阶段中，残差最大为 %s 奈特，最多为 %.1f 个标准误。混合模型的残差最大为 %s 奈特。", len(m.network), significant(worst), ratio, significant(m.mixture)),
	}
	switch {
	case fails:
		return Fails, reason
	case holds:
		return Holds, reason
	}
	return Undecided, reason
}

// planeEvidence is ln ∫∫ p(x, z) dz over the square of ±6.5 by the rule of the trapezium, whose
// error is far below the digits shown where a posterior is wider than the step.
func planeEvidence(m density.Latent, x *mat.Dense, nodes int) float64 {
	z := mat.NewDense(nodes*nodes, 2, nil)
	step := 13 / float64(nodes-1)
	for i := range nodes {
		for j := range nodes {
			z.SetRow(i*nodes+j, []float64{-6.5 + float64(i)*step, -6.5 + float64(j)*step})
		}
	}
	logs := m.LogLik(nil, x, z)
	for i, p := range m.LogPrior(nil, z) {
		logs[i] += p
	}
	return density.LogSumExp(logs) + 2*math.Log(step)
}

// divergenceFromPosterior is KL(q ‖ p(z|x)) for one row and a normal q with independent
// dimensions, by Gauss–Hermite quadrature of ln q − ln p(x, z), which is put to the scale of
// the posterior by evidence.
func divergenceFromPosterior(m density.Latent, x *mat.Dense, mu, logvar []float64, evidence float64) float64 {
	const nodes = 40
	points, weights := make([]float64, nodes), make([]float64, nodes)
	quad.Hermite{}.FixedLocations(points, weights, math.Inf(-1), math.Inf(1))
	z := mat.NewDense(nodes*nodes, 2, nil)
	for i, a := range points {
		for j, b := range points {
			z.SetRow(i*nodes+j, []float64{mu[0] + math.Sqrt2*math.Exp(logvar[0]/2)*a, mu[1] + math.Sqrt2*math.Exp(logvar[1]/2)*b})
		}
	}
	lik, prior := m.LogLik(nil, x, z), m.LogPrior(nil, z)
	sum := 0.0
	for i, a := range points {
		for j, b := range points {
			q := -math.Log(2*math.Pi) - (logvar[0]+logvar[1])/2 - a*a - b*b
			k := i*nodes + j
			sum += weights[i] * weights[j] / math.Pi * (q - lik[k] - prior[k] + evidence)
		}
	}
	return sum
}

// stage is a moment of training.
type stage struct {
	step                    float64
	logp, bound, divergence float64
	residue                 mean
}

// stageOf measures a model on rows.
func stageOf(ctx context.Context, m *vae.Model, x *mat.Dense, s Settings) (stage, error) {
	exact, err := eval.Quadrate(ctx, m, x, eval.QuadratureSettings{Tolerance: 1e-6, Hints: m.Encoder(), Seed: s.Seed})
	if err != nil {
		return stage{}, err
	}
	bound, err := elbo.ELBO(ctx, m, m.Encoder(), x, elbo.Settings{Samples: s.size(20_000, 2000), Seed: s.Seed})
	if err != nil {
		return stage{}, err
	}
	n, _ := x.Dims()
	divergences, variance := make([]float64, n), 0.0
	mu, logvar := m.Encoder().Moments(x)
	for i := range n {
		row := density.Rows(x, i, i+1)
		divergences[i] = divergenceFromPosterior(m, row, mu.RawRowView(i), logvar.RawRowView(i), planeEvidence(m, row, s.size(321, 161)))
		variance += bound.StdErr[i] * bound.StdErr[i]
	}
	at := stage{logp: average(exact.LogProb), bound: average(bound.PerRow), divergence: average(divergences)}
	at.residue = mean{at.logp - at.bound - at.divergence, math.Sqrt(variance) / float64(n)}
	return at, nil
}

// followDecomposition trains a VAE and measures it on the way.
func followDecomposition(ctx context.Context, s Settings) ([]stage, error) {
	d, _, err := dataset.Synthetic("moons", 600, s.Seed)
	if err != nil {
		return nil, err
	}
	settings := vae.Settings{Latent: 2, Hidden: []int{32}, Epochs: s.size(256, 16), Rate: 3e-3, Sigma: vae.Shared, Schedule: vae.Constant}
	t, err := vae.NewTrainer(d.X, nil, settings, density.NewSource(s.Seed, "course decomposition"))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	x := density.Rows(d.X, 0, s.size(12, 4))
	var stages []stage
	next := 1
	for !t.Done() {
		if _, err := t.Epoch(ctx); err != nil {
			return nil, err
		}
		if t.Epochs() < next {
			continue
		}
		next *= 2
		s.step("training", t.Epochs(), settings.Epochs)
		m, _, err := t.Model()
		if err != nil {
			return nil, err
		}
		at, err := stageOf(ctx, m, x, s)
		if err != nil {
			return nil, err
		}
		at.step = float64(t.Epochs())
		stages = append(stages, at)
	}
	return stages, nil
}

// followMixture runs EM and takes, at each iteration, the responsibilities of the one before
// as q.
func followMixture(ctx context.Context, s Settings) ([]stage, float64, error) {
	d, err := dataset.Open("faithful")
	if err != nil {
		return nil, 0, err
	}
	n := d.Rows()
	start := mat.NewDense(n, 2, nil)
	for i := range n { // a poor start: long waits apart from all others
		if d.X.At(i, 1) > 85 {
			start.Set(i, 1, 1)
		} else {
			start.Set(i, 0, 1)
		}
	}
	em, err := gmm.NewEM(d.X, start, gmm.Settings{Components: 2})
	if err != nil {
		return nil, 0, err
	}
	var stages []stage
	var before *gmm.Model
	worst := 0.0
	for i := range 30 {
		if err := em.Step(ctx); err != nil {
			return nil, 0, err
		}
		m := em.Model()
		if before != nil {
			bound, err := elbo.ELBO(ctx, m, before.Posterior(), d.X, elbo.Settings{Seed: s.Seed})
			if err != nil {
				return nil, 0, err
			}
			logs := m.LogProb(nil, d.X)
			q, p := before.Responsibilities(nil, d.X), m.Responsibilities(nil, d.X)
			at := stage{step: float64(i), logp: average(logs)}
			for row := range n {
				divergence := stat.KullbackLeibler(q.RawRowView(row), p.RawRowView(row))
				value := -bound.Distortion[row] - bound.Rate[row]
				worst = max(worst, math.Abs(logs[row]-value-divergence))
				at.bound, at.divergence = at.bound+value/float64(n), at.divergence+divergence/float64(n)
			}
			stages = append(stages, at)
		}
		before = m
	}
	return stages, worst, nil
}

func runDecomposition(ctx context.Context, s Settings, r *Record) error {
	network, err := followDecomposition(ctx, s)
	if err != nil {
		return err
	}
	mixture, worst, err := followMixture(ctx, s)
	if err != nil {
		return err
	}
	m := residues{mixture: worst, leastDivergence: math.Inf(1)}
	for _, at := range network {
		m.network = append(m.network, at.residue)
		m.leastDivergence = min(m.leastDivergence, at.divergence)
	}
	for _, at := range mixture {
		m.leastDivergence = min(m.leastDivergence, at.divergence)
	}
	for _, i := range []int{0, len(network) / 2, len(network) - 1} {
		at := network[i]
		name := func(en, zh string) Text {
			return Text{fmt.Sprintf("epoch %.0f: %s", at.step, en), fmt.Sprintf("第 %.0f 轮：%s", at.step, zh)}
		}
		r.add(
			Number{Name: name("log p, by an integral", "log p（积分）"), Value: at.logp, Unit: natsPerRow},
			mean{at.bound, at.residue.se}.number(name("bound, from draws", "下界（抽样）"), natsPerRow),
			Number{Name: name("divergence of q from the posterior, by another integral", "q 与后验的散度（另一积分）"), Value: at.divergence, Unit: natsPerRow},
			at.residue.number(name("residue", "残差"), natsPerRow),
		)
	}
	first, last := mixture[0], mixture[len(mixture)-1]
	r.add(
		Number{Name: Text{"mixture: divergence after the first iteration", "混合模型：第一次迭代后的散度"}, Value: first.divergence, Unit: natsPerRow},
		Number{Name: Text{"mixture: divergence after the last", "混合模型：最后一次迭代后的散度"}, Value: last.divergence, Unit: natsPerRow},
		Number{Name: Text{"mixture: largest residue of any row", "混合模型：任意一行的最大残差"}, Value: m.mixture, Unit: nats},
	)
	r.Verdict, r.Reason = judgeDecomposition(m)
	err = drawStages(r, "decomposition", "A VAE: log p and its two parts", "epoch", network, Text{
		"A VAE in training. The bound lies below log p; with the divergence added, it lies on it.",
		"训练中的 VAE。下界低于 log p；加上散度之后，两者重合。",
	})
	if err != nil {
		return err
	}
	return drawStages(r, "decomposition-mixture", "A mixture: log p and its two parts", "iteration of EM", mixture, Text{
		"A mixture fitted by EM, with the responsibilities of the iteration before as q. All three numbers are exact.",
		"用 EM 拟合的混合模型，q 取上一次迭代的责任度。三个数都是精确的。",
	})
}

func drawStages(r *Record, name, title, unit string, stages []stage, caption Text) error {
	table := Table{Name: title, Columns: []string{unit, "log p", "bound", "divergence", "residue", "standard error"}}
	curves := []figure.Curve{{Name: "log p(x)"}, {Name: "bound L"}, {Name: "L + divergence of q from the posterior"}}
	for _, at := range stages {
		table.Rows = append(table.Rows, []float64{at.step, at.logp, at.bound, at.divergence, at.residue.value, at.residue.se})
		for k, v := range []float64{at.logp, at.bound, at.bound + at.divergence} {
			curves[k].X, curves[k].Y = append(curves[k].X, at.step), append(curves[k].Y, v)
		}
	}
	f, err := figure.Curves(title, figure.CurvesAxes{X: unit, Y: "nats per row", LogX: true}, curves, nil)
	return r.draw(name, caption, []Table{table}, f, err)
}
