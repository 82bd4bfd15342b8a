package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/figure"
	"likely/vae"
)

func reparameterise() *Study {
	return &Study{
		Name: "reparameterise", Part: PriceIsBound, Claims: []string{"S9"},
		Claim: Text{
			"Drawing z makes the path through the network not differentiable. Writing the draw as mean plus deviation times ε, with ε from N(0, 1), moves the randomness out of the graph.",
			"对 z 抽样使网络中的通路不可微。把样本写成均值加标准差乘 ε，其中 ε 取自 N(0, 1)，就把随机性移到了计算图之外。",
		},
		Question: Text{
			"How noisy is the gradient with the trick, beside one that does without it?",
			"用这个技巧得到的梯度有多大噪声？与不用它的办法相比如何？",
		},
		Rule: Text{
			"The score-function estimator needs no derivative by z; it is taken with and without a baseline. The claim holds if all estimators have the same mean gradient, if both have a larger variance than the reparameterised one at each stage, and if both end training lower, all beyond three standard errors. It fails if one of them has a smaller variance or ends higher, beyond three. Otherwise it is undecided.",
			"得分函数估计不需要对 z 求导，分为带基线和不带基线两种。若三种估计的平均梯度相同，且在每个阶段这两种估计的方差都更大，训练结束时下界都更低，差别都超过三个标准误，则成立。若其中有一种方差更小或下界更高，超过三个标准误，则不成立。其余情况未能判定。",
		},
		run: runReparameterise,
	}
}

// rivals are the estimators beside the reparameterised one.
var rivals = []struct {
	objective vae.Objective
	name      Text
}{
	{vae.Score, Text{"score function", "得分函数"}},
	{vae.ScoreBaseline, Text{"score function with baseline", "带基线的得分函数"}},
}

// noisy is how the rivals compare with the reparameterised estimator.
type noisy struct {
	logRatio [][]mean  // of the variances of the encoder's gradient, by rival and stage
	bias     []float64 // squared distance of the mean gradients over what noise explains, mean of the stages
	behind   []mean    // nats a row that the rival ends below
}

func judgeReparameterise(m noisy) (Verdict, Text) {
	holds, fails := true, false
	least := math.Inf(1)
	for _, stages := range m.logRatio {
		for _, ratio := range stages {
			least = min(least, math.Exp(ratio.value))
			holds = holds && ratio.above(0, 3)
			fails = fails || ratio.below(0, 3)
		}
	}
	for i, behind := range m.behind {
		holds = holds && behind.above(0, 3) && m.bias[i] < 2
		fails = fails || behind.below(0, 3)
	}
	reason := Text{
		fmt.Sprintf("The variance of the others is at least %s times that with the trick. After as many steps they end %v and, with baseline, %v nats a row lower.", significant(least), m.behind[0], m.behind[1]),
		fmt.Sprintf("其他估计的方差至少是重参数化的 %s 倍。同样步数之后，它们的下界低 %v 奈特/行，带基线时低 %v 奈特/行。", significant(least), m.behind[0], m.behind[1]),
	}
	switch {
	case fails:
		return Fails, reason
	case holds:
		return Holds, reason
	}
	return Undecided, reason
}

// noiseSettings are those of all networks of the study: two codes a row for each estimator.
func noiseSettings(s Settings, o vae.Objective) vae.Settings {
	return vae.Settings{Latent: 8, Hidden: []int{32}, Epochs: s.size(40, 10), Samples: 2, Sigma: vae.Shared, Objective: o, Schedule: vae.Constant, Rate: 2e-3}
}

// measureNoise compares the gradients of the encoder at one state of the weights, each from
// several sets of draws.
func measureNoise(ctx context.Context, m *vae.Model, batch *mat.Dense, at int, s Settings) (ratios []mean, bias []float64, err error) {
	const sets = 4
	draws := s.size(100, 20)
	var logs [3][sets]float64
	var means, errors [3][]float64 // pooled over the sets
	for k, o := range []vae.Objective{vae.ELBO, rivals[0].objective, rivals[1].objective} {
		for set := range sets {
			g, err := m.GradientNoise(ctx, batch, o, 2, draws, density.NewSource(s.Seed, "course reparameterise", uint64(at), uint64(k), uint64(set)))
			if err != nil {
				return nil, nil, err
			}
			logs[k][set] = math.Log(g.Encoder.MeanVariance())
			if means[k] == nil {
				means[k], errors[k] = make([]float64, len(g.Encoder.Mean)), make([]float64, len(g.Encoder.Mean))
			}
			for i := range means[k] {
				means[k][i] += g.Encoder.Mean[i] / sets
				errors[k][i] += g.Encoder.Variance[i] / float64(draws*sets*sets)
			}
		}
	}
	for k := 1; k < 3; k++ {
		ratios = append(ratios, pairedMean(logs[k][:], logs[0][:]))
		off, explained := 0.0, 0.0
		for i := range means[0] {
			d := means[k][i] - means[0][i]
			off += d * d
			explained += errors[k][i] + errors[0][i]
		}
		bias = append(bias, off/explained)
	}
	return ratios, bias, nil
}

func runReparameterise(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	batch := density.Rows(train.X, 0, 64)
	trainer, err := vae.NewTrainer(train.X, nil, noiseSettings(s, vae.ELBO), density.NewSource(s.Seed, "course reparameterise stages"))
	if err != nil {
		return err
	}
	defer trainer.Close()
	m := noisy{logRatio: make([][]mean, len(rivals)), bias: make([]float64, len(rivals))}
	var stages []float64
	next := 1
	for !trainer.Done() {
		if _, err := trainer.Epoch(ctx); err != nil {
			return err
		}
		if trainer.Epochs() < next {
			continue
		}
		next *= 3
		s.step("gradients", trainer.Epochs(), s.size(40, 10))
		at, _, err := trainer.Model()
		if err != nil {
			return err
		}
		ratios, bias, err := measureNoise(ctx, at, batch, trainer.Epochs(), s)
		if err != nil {
			return err
		}
		stages = append(stages, float64(trainer.Epochs()))
		for i := range rivals {
			m.logRatio[i] = append(m.logRatio[i], ratios[i])
			m.bias[i] += bias[i]
		}
	}
	for i := range m.bias {
		m.bias[i] /= float64(len(stages))
	}
	courses, ends, err := trainRivals(ctx, train.X, test.X, s)
	if err != nil {
		return err
	}
	for i := range rivals {
		m.behind = append(m.behind, pairedMean(ends[0], ends[i+1]))
	}
	for i, rival := range rivals {
		for j, stage := range stages {
			ratio := m.logRatio[i][j]
			r.add(Number{
				Name:  Text{fmt.Sprintf("%s: variance over that with the trick, epoch %.0f", rival.name.EN, stage), fmt.Sprintf("%s：方差与重参数化之比，第 %.0f 轮", rival.name.ZH, stage)},
				Value: math.Exp(ratio.value), StdErr: math.Exp(ratio.value) * ratio.se,
			})
		}
		r.add(Number{Name: Text{rival.name.EN + ": distance of the mean gradients over what noise explains (1: none)", rival.name.ZH + "：平均梯度之差与噪声所能解释的之比（1 表示无偏差）"}, Value: m.bias[i]})
	}
	r.add(meanOf(ends[0]).number(Text{"held-out bound with the trick", "重参数化：留出数据的下界"}, natsPerRow))
	for i, rival := range rivals {
		r.add(
			meanOf(ends[i+1]).number(Text{rival.name.EN + ": held-out bound", rival.name.ZH + "：留出数据的下界"}, natsPerRow),
			m.behind[i].number(Text{rival.name.EN + ": how much lower", rival.name.ZH + "：低多少"}, natsPerRow),
		)
	}
	r.Verdict, r.Reason = judgeReparameterise(m)
	return drawRivals(r, stages, m, courses)
}

// trainRivals trains networks by each estimator and returns, for each, the bound of each
// epoch by repetition, and the held-out bounds at the end.
func trainRivals(ctx context.Context, train, test *mat.Dense, s Settings) (courses [][][]float64, ends [][]float64, err error) {
	repeats := s.size(4, 2)
	for k, o := range []vae.Objective{vae.ELBO, rivals[0].objective, rivals[1].objective} {
		courses, ends = append(courses, nil), append(ends, nil)
		for i := range repeats {
			s.step("networks", k*repeats+i, 3*repeats)
			m, report, err := vae.Fit(ctx, train, nil, noiseSettings(s, o), density.NewSource(s.Seed, "course reparameterise training", uint64(i)))
			if err != nil {
				return nil, nil, err
			}
			var course []float64
			for _, epoch := range report.History {
				course = append(course, epoch.Train)
			}
			bound, err := elbo.ELBO(ctx, m, m.Encoder(), test, elbo.Settings{Seed: s.Seed})
			if err != nil {
				return nil, nil, err
			}
			courses[k], ends[k] = append(courses[k], course), append(ends[k], average(bound.PerRow))
		}
	}
	return courses, ends, nil
}

func drawRivals(r *Record, stages []float64, m noisy, courses [][][]float64) error {
	table := Table{Name: "variance over that with the trick", Columns: []string{"epoch"}}
	var curves []figure.Curve
	for i, rival := range rivals {
		c := figure.Curve{Name: rival.name.EN, X: stages}
		for _, ratio := range m.logRatio[i] {
			c.Y, c.StdErr = append(c.Y, ratio.value/math.Ln10), append(c.StdErr, ratio.se/math.Ln10)
		}
		curves, table.Columns = append(curves, c), append(table.Columns, "log10 ratio: "+rival.name.EN)
	}
	for j, stage := range stages {
		table.Rows = append(table.Rows, []float64{stage, curves[0].Y[j], curves[1].Y[j]})
	}
	f, err := figure.Curves("Variance of the encoder's gradient", figure.CurvesAxes{X: "epoch of training", Y: "log10 of variance over that with the trick", LogX: true}, curves, []figure.Reference{{Name: "with the trick", Value: 0}})
	err = r.draw("reparameterise", Text{
		"How many times noisier the gradient of the encoder is without the trick, at four stages of training. The axis is logarithmic: 2 means a hundred times.",
		"不用重参数化时，编码器梯度的方差是用它时的多少倍，取训练的四个阶段。纵轴为对数：2 表示一百倍。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	curves = nil
	names := []string{"with the trick", rivals[0].name.EN, rivals[1].name.EN}
	training := Table{Name: "bound by epoch", Columns: append([]string{"epoch"}, names...)}
	for k, name := range names {
		c := figure.Curve{Name: name}
		for e := range courses[k][0] {
			var values []float64
			for _, course := range courses[k] {
				values = append(values, course[e])
			}
			at := meanOf(values)
			c.X, c.Y, c.StdErr = append(c.X, float64(e+1)), append(c.Y, at.value), append(c.StdErr, at.se)
		}
		curves = append(curves, c)
	}
	for e, x := range curves[0].X {
		training.Rows = append(training.Rows, []float64{x, curves[0].Y[e], curves[1].Y[e], curves[2].Y[e]})
	}
	f, err = figure.Curves("Training with as many codes and steps", figure.CurvesAxes{X: "epoch", Y: "bound on the training rows (nats per row)"}, curves, nil)
	return r.draw("reparameterise-training", Text{
		"The bound of the training rows while the weights move, by estimator. All draw two codes for each row, so that a step costs the same number of passes through the decoder.",
		"三种估计在训练中的下界。每行都抽两个编码，所以每一步经过解码器的次数相同。",
	}, []Table{training}, f, err)
}
