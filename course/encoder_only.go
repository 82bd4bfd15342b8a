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

func encoderOnly() *Study {
	return &Study{
		Name: "encoder-only", Part: PriceIsBound, Claims: []string{"S11"},
		Claim: Text{
			"With the decoder fixed, raising the bound by q leaves log p(x) alone and shrinks the divergence of q from the posterior, ideally to 0.",
			"固定解码器，用 q 抬高下界，log p(x) 不变，而 q 与后验的散度减小，理想情况下减到 0。",
		},
		Question: Text{
			"What does an encoder's training move, where does a diagonal q stop, and what gets further?",
			"训练编码器究竟改变了什么？对角的 q 停在哪里？怎样才能更近？",
		},
		Rule: Text{
			"The claim fails if log p moves by more than the error of quadrature while the encoder trains, or if the bound does not rise by three standard errors. It holds if the best diagonal q of each row leaves less than 0.01 nats. If it leaves more, by three standard errors, the claim holds with a correction: 0 is out of reach of that family. Else it is undecided.",
			"训练编码器时，若 log p 的变化超过数值积分的误差，或下界没有上升三个标准误，则不成立。若逐行最优的对角 q 剩下的差距小于 0.01 奈特，则成立。若剩下的差距超过此数三个标准误，则为修正后成立：这一族 q 达不到 0。其余为未能判定。",
		},
		run: runEncoderOnly,
	}
}

// encoderGaps is what the verdict rests on, in nats per row.
type encoderGaps struct {
	moved, quadrature float64 // how far log p moved, and what it may by the error of its integral
	rise              mean    // of the bound
	diagonal          mean    // gap of the best diagonal q
}

func judgeEncoderOnly(m encoderGaps) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("While the encoder trained, the bound rose by %v nats per row and log p moved by %s. The best diagonal q of each row stops %v nats short.", m.rise, significant(m.moved), m.diagonal),
		fmt.Sprintf("训练编码器时，下界每行上升 %v 奈特，log p 变化 %s。逐行最优的对角 q 仍差 %v 奈特。", m.rise, significant(m.moved), m.diagonal),
	}
	switch {
	case m.moved > m.quadrature || !m.rise.above(0, 3):
		return Fails, reason
	case m.diagonal.below(0.01, 3):
		return Holds, reason
	case m.diagonal.above(0.01, 3):
		return Corrected, reason
	}
	return Undecided, reason
}

// gapOf returns the mean of log p − bound over rows, with the errors of rows and draws.
func gapOf(logp []float64, bound []float64, draws []float64) mean {
	m := pairedMean(logp, bound)
	noise := 0.0
	for _, e := range draws {
		noise += e * e
	}
	return mean{m.value, math.Hypot(m.se, math.Sqrt(noise)/float64(len(logp)))}
}

func runEncoderOnly(ctx context.Context, s Settings, r *Record) error {
	train, _, err := greyDigits(s)
	if err != nil {
		return err
	}
	rows := train.Head(s.size(400, 12)).X
	settings := vae.Settings{Latent: 2, Hidden: []int{64}, Sigma: vae.Shared, Precision: vae.Float64, Epochs: 1 << 20, Schedule: vae.Constant}
	t, err := vae.NewTrainer(train.X, nil, settings, density.NewSource(s.Seed, "course encoder-only"))
	if err != nil {
		return err
	}
	defer t.Close()
	epochs := func(n int) error {
		for range n {
			if _, err := t.Epoch(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	if err := epochs(s.size(60, 5)); err != nil {
		return err
	}
	first, _, err := t.Model()
	if err != nil {
		return err
	}
	evidence := func(m *vae.Model) (*eval.Quadrature, error) {
		return eval.Quadrate(ctx, m, rows, eval.QuadratureSettings{Tolerance: 1e-5, Hints: m.Encoder(), Seed: s.Seed})
	}
	before, err := evidence(first)
	if err != nil {
		return err
	}
	p := newCodePlane()
	bound := func(m *vae.Model) []float64 {
		mean, logvar := m.Encoder().Moments(rows)
		b, _ := p.bound(m, rows, mean, logvar)
		return b
	}
	start := bound(first)
	t.Hold(false, true)
	var at, bounds, errors []float64
	last := first
	const points = 12
	each := s.size(5, 1)
	for i := range points + 1 {
		s.step("training of the encoder", i, points)
		if i > 0 {
			if err := epochs(each); err != nil {
				return err
			}
			if last, _, err = t.Model(); err != nil {
				return err
			}
		}
		gap := pairedMean(before.LogProb, bound(last))
		at, bounds, errors = append(at, float64(i*each)), append(bounds, gap.value), append(errors, gap.se)
	}
	after, err := evidence(last)
	if err != nil {
		return err
	}
	return reportEncoderOnly(ctx, s, r, last, rows, before, after, start, bound(last), figure.Curve{Name: "the encoder's q", X: at, Y: bounds, StdErr: errors})
}

// reportEncoderOnly asks for better q than the encoder's, and writes what came out.
func reportEncoderOnly(ctx context.Context, s Settings, r *Record, m *vae.Model, rows *mat.Dense, before, after *eval.Quadrature, start, end []float64, course figure.Curve) error {
	var g encoderGaps
	for i, v := range before.LogProb {
		g.moved += math.Abs(after.LogProb[i]-v) / float64(len(before.LogProb))
		g.quadrature += (before.Error[i] + after.Error[i] + 1e-9) / float64(len(before.LogProb))
	}
	g.rise = pairedMean(end, start)
	refined := func(family elbo.Family) (mean, error) {
		best, err := elbo.Refine(ctx, m, m.Encoder(), rows, elbo.RefineSettings{Family: family, Steps: s.size(1000, 50), Seed: s.Seed})
		if err != nil {
			return mean{}, err
		}
		b, err := elbo.ELBO(ctx, m, best.Proposal, rows, elbo.Settings{Samples: s.size(2000, 500), Seed: s.Seed})
		if err != nil {
			return mean{}, err
		}
		return gapOf(before.LogProb, b.PerRow, b.StdErr), nil
	}
	var err error
	if g.diagonal, err = refined(elbo.Diagonal); err != nil {
		return err
	}
	full, err := refined(elbo.Full)
	if err != nil {
		return err
	}
	ks := []int{1, 10, 100, 1000}
	multi, err := elbo.MultiSample(ctx, m, m.Encoder(), rows, ks, elbo.Settings{Samples: s.size(4000, 1000), Seed: s.Seed})
	if err != nil {
		return err
	}
	initial, trained := pairedMean(before.LogProb, start), pairedMean(before.LogProb, end)
	r.add(
		meanOf(before.LogProb).number(Text{"log p before the encoder is trained on", "编码器继续训练之前的 log p"}, natsPerRow),
		Number{Name: Text{"mean change of log p while it is", "训练期间 log p 的平均变化"}, Value: g.moved, Unit: natsPerRow},
		Number{Name: Text{"error of quadrature, both times", "两次数值积分的误差"}, Value: g.quadrature, Unit: natsPerRow},
		g.rise.number(Text{"rise of the bound", "下界的上升"}, natsPerRow),
		initial.number(Text{"gap of the encoder before", "训练前编码器的差距"}, natsPerRow),
		trained.number(Text{"gap of the encoder after", "训练后编码器的差距"}, natsPerRow),
		g.diagonal.number(Text{"gap of the best diagonal q of each row (approximation)", "逐行最优对角 q 的差距（近似差距）"}, natsPerRow),
		full.number(Text{"gap of the best q with full covariance", "逐行最优满协方差 q 的差距"}, natsPerRow),
	)
	table := Table{Name: "gaps", Columns: []string{"gap (nats per row)", "standard error"}}
	bars := []figure.Gap{
		{Name: "encoder, before", Parts: []figure.GapPart{{Name: "amortization", Nats: initial.value - g.diagonal.value, StdErr: initial.se}, {Name: "approximation", Nats: g.diagonal.value, StdErr: g.diagonal.se}}},
		{Name: "encoder, after", Parts: []figure.GapPart{{Name: "amortization", Nats: trained.value - g.diagonal.value, StdErr: trained.se}, {Name: "approximation", Nats: g.diagonal.value, StdErr: g.diagonal.se}}},
		{Name: "best diagonal q", Parts: []figure.GapPart{{Name: "amortization"}, {Name: "approximation", Nats: g.diagonal.value, StdErr: g.diagonal.se}}},
		{Name: "best full q", Parts: []figure.GapPart{{Name: "amortization"}, {Name: "approximation", Nats: full.value, StdErr: full.se}}},
	}
	for _, v := range []mean{initial, trained, g.diagonal, full} {
		table.Rows = append(table.Rows, []float64{v.value, v.se})
	}
	for i, k := range ks[1:] {
		gap := gapOf(before.LogProb, multi[i+1].PerRow, nil)
		r.add(gap.number(Text{fmt.Sprintf("gap of K = %d draws from the encoder", k), fmt.Sprintf("编码器取 K = %d 个样本的差距", k)}, natsPerRow))
		bars = append(bars, figure.Gap{Name: fmt.Sprintf("encoder, K = %d draws", k), Parts: []figure.GapPart{{Name: "amortization"}, {Name: "approximation"}, {Name: "left with K draws", Nats: gap.value, StdErr: gap.se}}})
		table.Rows = append(table.Rows, []float64{gap.value, gap.se})
	}
	r.Verdict, r.Reason = judgeEncoderOnly(g)

	path := Table{Name: "course", Columns: []string{"epoch", "gap (nats per row)", "standard error"}}
	for i, v := range course.X {
		path.Rows = append(path.Rows, []float64{v, course.Y[i], course.StdErr[i]})
	}
	f, err := figure.Curves("The decoder is fixed, the encoder trains", figure.CurvesAxes{X: "epochs of the encoder alone", Y: "KL(q‖p(z|x)) = log p − bound (nats per row)"}, []figure.Curve{course}, []figure.Reference{
		{Name: "best diagonal q", Value: g.diagonal.value, StdErr: g.diagonal.se},
		{Name: "best full q", Value: full.value, StdErr: full.se},
	})
	err = r.draw("encoder-only", Text{
		"The divergence of the encoder's q from the posterior on 400 of its training digits, while the encoder trains and the decoder is fixed. Bands are one standard error over the rows.",
		"解码器固定、编码器训练时，400 个训练数字上编码器的 q 与后验的散度。阴影为各行之间的一个标准误。",
	}, []Table{path}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Gaps("What is left of the gap, and why", bars)
	return r.draw("encoder-only-gaps", Text{
		"How far bounds stay below log p, which is the same for all. A better encoder takes off the amortisation part, another family of q the approximation part, and more draws take off both.",
		"各个下界比 log p 低多少；log p 对它们都一样。更好的编码器减去摊销部分，换一族 q 减去近似部分，多抽样本则两者都减。",
	}, []Table{table}, f, err)
}
