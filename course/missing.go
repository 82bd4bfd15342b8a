package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/gmm"
	"likely/query"
	"likely/saved"
	"likely/vae"
)

func missing() *Study {
	return &Study{
		Name: "missing", Part: LeftUnknown, Claims: []string{"—"},
		Claim: Text{
			"A model of p(x) knows what half of a row says of the other half: a mixture in closed form, a VAE by weighted draws of its code. (This claim is the project's own.)",
			"p(x) 的模型知道一行的一半对另一半说明了什么：混合模型有闭式，VAE 靠编码的加权样本。（这一说法是本项目自己的。）",
		},
		Question: Text{
			"How much better are covered pixels known once the others are seen, and is a VAE's answer as sharp as a mixture's: is the truth as likely under it?",
			"看到其余像素之后，被遮住的像素能知道得多准？VAE 的回答与混合模型一样准吗，也就是给真值的密度一样大吗？",
		},
		Rule: Text{
			"The lower half of held-out digits is covered. A model gains log p(covered | seen) − log p(covered), the second under the same model. A model knows if it gains more than nothing by three standard errors, and if the squared error of what it fills in is below that of the mean digit by three. It does not know if one of the two is on the other side of zero by three. The claim fails if neither model knows, and holds with a correction if one knows and one does not. If both know, log p(covered | seen) of the VAE is compared with the mixture's, row by row. The claim holds if it is less by under 1 nat, by three standard errors, and with a correction if it is less by over 1 nat, by three. In all other cases it is undecided, and if the error of the draws is above 1 nat.",
			"遮住留出数字的下半部分。模型的增益是 log p(遮住|看到) − log p(遮住)，两项用同一个模型。若增益以三个标准误大于零，且所填内容的平方误差以三个标准误低于平均数字，则这个模型知道；若两者之一以三个标准误落在零的另一侧，则它不知道。两个模型都不知道，则不成立；一个知道、一个不知道，则为修正后成立。若两个都知道，再逐行比较 VAE 与混合模型的 log p(遮住|看到)：以三个标准误少不到 1 奈特，则成立；以三个标准误少 1 奈特以上，则为修正后成立。其余情况，以及抽样误差超过 1 奈特时，未能判定。",
		},
		run: runMissing,
	}
}

// completion is what a model makes of covered halves.
type completion struct {
	gain   mean // nats per row
	saving mean // squared error of the mean digit less that of what is filled in, levels² a pixel
	draws  float64
}

func (c completion) good() bool { return c.gain.above(0, 3) && c.saving.above(0, 3) }

func (c completion) bad() bool { return c.gain.below(0, 3) || c.saving.below(0, 3) }

// judgeMissing wants, too, log p(covered | seen) of the network less that of the mixture.
func judgeMissing(mixture, network completion, sharper mean) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("Seeing the upper half, the mixture gains %v nats per row on the lower half and the VAE %v. Against the mean digit the squared error of a covered pixel falls by %v and %v levels². The VAE's log p(covered | seen) less the mixture's is %v.", mixture.gain, network.gain, mixture.saving, network.saving, sharper),
		fmt.Sprintf("看到上半部分之后，混合模型对下半部分每行获益 %v 奈特，VAE 获益 %v 奈特。与平均数字相比，被遮像素的平方误差分别减小 %v 和 %v 级²。VAE 的 log p(遮住|看到) 减去混合模型的，为 %v。", mixture.gain, network.gain, mixture.saving, network.saving, sharper),
	}
	switch {
	case network.draws > 1 || mixture.draws > 1:
		return Undecided, reason
	case mixture.bad() && network.bad():
		return Fails, reason
	case mixture.good() && network.bad() || mixture.bad() && network.good():
		return Corrected, reason
	case !mixture.good() || !network.good():
		return Undecided, reason
	case sharper.above(-1, 3):
		return Holds, reason
	case sharper.below(-1, 3):
		return Corrected, reason
	}
	return Undecided, reason
}

// halfRow is where a digit of 8×8 pixels is cut.
const halfRow = 32

// cover returns rows whose columns from … to−1 are not known.
func cover(x *mat.Dense, from, to int) *mat.Dense {
	out := mat.DenseCopyOf(x)
	n, _ := x.Dims()
	for i := range n {
		for j := from; j < to; j++ {
			out.Set(i, j, math.NaN())
		}
	}
	return out
}

// halvesOf holds log p of whole rows and of both halves under a model, and the mean
// error of draws in log p(covered | seen).
type halvesOf struct {
	whole, seen, covered []float64
	draws                float64
}

// given returns log p(covered | seen) of each row.
func (h halvesOf) given() []float64 {
	out := make([]float64, len(h.whole))
	for i := range out {
		out[i] = h.whole[i] - h.seen[i]
	}
	return out
}

func mixtureHalves(m *gmm.Model, x *mat.Dense) halvesOf {
	_, d := x.Dims()
	return halvesOf{
		whole:   m.LogProb(nil, x),
		seen:    m.LogProbObserved(nil, cover(x, halfRow, d)),
		covered: m.LogProbObserved(nil, cover(x, 0, halfRow)),
	}
}

// networkHalves estimates them by importance sampling. Columns are independent given the
// code, so one that is covered is left out.
func networkHalves(ctx context.Context, m *vae.Model, x *mat.Dense, s Settings) (h halvesOf, err error) {
	_, d := x.Dims()
	log := func(rows *mat.Dense) (*eval.Result, error) {
		return eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), rows, eval.Settings{Samples: s.size(2000, 200), Seed: s.Seed})
	}
	whole, err := log(x)
	if err != nil {
		return h, err
	}
	seen, err := log(cover(x, halfRow, d))
	if err != nil {
		return h, err
	}
	covered, err := log(cover(x, 0, halfRow))
	if err != nil {
		return h, err
	}
	for i, e := range whole.StdErr {
		h.draws += math.Hypot(math.Hypot(e, seen.StdErr[i]), covered.StdErr[i]) / float64(len(whole.StdErr))
	}
	h.whole, h.seen, h.covered = whole.LogProb, seen.LogProb, covered.LogProb
	return h, nil
}

// coveredErrors returns the mean squared error of the covered pixels of each row.
func coveredErrors(filled, x *mat.Dense) []float64 {
	n, d := x.Dims()
	out := make([]float64, n)
	for i := range n {
		for j := halfRow; j < d; j++ {
			e := filled.At(i, j) - x.At(i, j)
			out[i] += e * e / float64(d-halfRow)
		}
	}
	return out
}

// answer is what a model, asked through package query, puts in the place of what is
// covered: the expectation, and one draw.
func answer(ctx context.Context, f saved.Fitted, name string, train *dataset.Dataset, x *mat.Dense, s Settings) (filled, drawn *mat.Dense, err error) {
	_, d := x.Dims()
	prepared := saved.NewPreparation(train, false, dataset.NotBinarized, s.Seed)
	prepared.Transform = density.NewIdentity(d)
	q, err := query.New(&saved.Model{Name: name, Fitted: f, Preparation: prepared}, query.Settings{Draws: s.size(1000, 100), Seed: s.Seed})
	if err != nil {
		return nil, nil, err
	}
	rows := cover(x, halfRow, d)
	if filled, err = q.Impute(ctx, rows); err != nil {
		return nil, nil, err
	}
	drawn, err = q.Draw(ctx, rows, s.Seed, 0)
	return filled, drawn, err
}

func runMissing(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	x := test.Head(s.size(test.Rows(), 12)).X
	const tasks = 4
	s.step("models", 0, tasks)
	mixture, _, err := gmm.Fit(ctx, train.X, gmm.Settings{Components: s.size(10, 4), Covariance: gmm.FactorAnalyzers(4), Starts: 1, Floor: 1e-2}, density.NewSource(s.Seed, "course missing mixture"))
	if err != nil {
		return err
	}
	s.step("models", 1, tasks)
	network, _, err := vae.Fit(ctx, train.X, nil, vae.Settings{
		Latent: 10, Hidden: []int{100}, Sigma: vae.PerDim, Floor: 1e-2, Epochs: s.size(150, 60), Missing: true,
	}, density.NewSource(s.Seed, "course missing vae"))
	if err != nil {
		return err
	}
	s.step("models", 2, tasks)
	means, _ := density.Moments(train.X)
	blind := mat.DenseCopyOf(x)
	for i := range x.RawMatrix().Rows {
		copy(blind.RawRowView(i)[halfRow:], means[halfRow:])
	}
	base := coveredErrors(blind, x)
	var found [2]completion
	var given [2][]float64 // log p(covered | seen)
	var filled, drawn [2]*mat.Dense
	for i, fitted := range []saved.Fitted{mixture, network} {
		var h halvesOf
		if i == 0 {
			h = mixtureHalves(mixture, x)
		} else if h, err = networkHalves(ctx, network, x, s); err != nil {
			return err
		}
		if filled[i], drawn[i], err = answer(ctx, fitted, []string{"mixture", "vae"}[i], train, x, s); err != nil {
			return err
		}
		errors := coveredErrors(filled[i], x)
		given[i] = h.given()
		found[i] = completion{pairedMean(given[i], h.covered), pairedMean(base, errors), h.draws}
		name := []Text{{"mixture", "混合模型"}, {"VAE", "VAE"}}[i]
		r.add(
			meanOf(given[i]).number(Text{name.EN + ": log p(covered | seen)", name.ZH + "：log p(遮住|看到)"}, natsPerRow),
			meanOf(h.covered).number(Text{name.EN + ": log p(covered)", name.ZH + "：log p(遮住)"}, natsPerRow),
			found[i].gain.number(Text{name.EN + ": gain of seeing the upper half", name.ZH + "：看到上半部分的增益"}, natsPerRow),
			Number{Name: Text{name.EN + ": error of draws for a row", name.ZH + "：每行的抽样误差"}, Value: h.draws, Unit: nats},
			meanOf(errors).number(Text{name.EN + ": squared error of a covered pixel", name.ZH + "：被遮像素的平方误差"}, Text{"levels²", "级²"}),
			meanOf(coveredErrors(drawn[i], x)).number(Text{name.EN + ": the same for a draw", name.ZH + "：换成一个样本"}, Text{"levels²", "级²"}),
		)
		s.step("models", 3+i, tasks+1)
	}
	sharper := pairedMean(given[1], given[0])
	r.add(sharper.number(Text{"log p(covered | seen): VAE less mixture", "log p(遮住|看到)：VAE 减去混合模型"}, natsPerRow))
	r.add(meanOf(base).number(Text{"mean digit: squared error of a covered pixel", "平均数字：被遮像素的平方误差"}, Text{"levels²", "级²"}))
	r.Verdict, r.Reason = judgeMissing(found[0], found[1], sharper)
	return drawMissing(r, x, blind, filled, drawn)
}

// drawMissing shows what is seen and what the models make of it.
func drawMissing(r *Record, x, blind *mat.Dense, filled, drawn [2]*mat.Dense) error {
	_, d := x.Dims()
	seen := cover(x, halfRow, d)
	seen.Apply(func(_, _ int, v float64) float64 {
		if math.IsNaN(v) {
			return 4
		}
		return v
	}, seen)
	rows := []figure.ImageRow{
		{Label: "truth", Images: x}, {Label: "seen", Images: seen}, {Label: "mean digit", Images: blind},
		{Label: "mixture", Detail: "expectation", Images: filled[0]}, {Label: "mixture", Detail: "one draw", Images: drawn[0]},
		{Label: "VAE", Detail: "expectation", Images: filled[1]}, {Label: "VAE", Detail: "one draw", Images: drawn[1]},
	}
	table := Table{Name: "pixels", Columns: []string{"row of the figure", "mean level of the covered half of the first picture"}}
	for i, row := range rows {
		table.Rows = append(table.Rows, []float64{float64(i + 1), average(row.Images.RawRowView(0)[halfRow:])})
	}
	f, err := figure.Images("Digits with the lower half covered", rows, figure.ImageShape{Height: 8, Width: 8, Black: 0, White: 16})
	return r.draw("missing", Text{
		"Held-out digits, what is seen of them, and what fills the lower half: the mean of training digits, and for each model the expectation and one draw given the upper half.",
		"留出的数字、看得到的部分，以及填入下半部分的内容：训练数字的平均，和每个模型在上半部分给定时的期望与一个样本。",
	}, []Table{table}, f, err)
}
