package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/eval/novelty"
	"likely/figure"
	"likely/vae"
)

func noveltyStudy() *Study {
	return &Study{
		Name: "novelty", Part: LeftUnknown, Claims: []string{"S14"},
		Claim: Text{
			"A VAE generates nothing new: what comes out is in the training set, or at most a linear combination of it.",
			"VAE 不产生新的数据：生成的东西都在训练集中，至多是训练数据的线性组合。",
		},
		Question: Text{
			"Are a VAE's digits copies of training digits, or mixtures of near ones, more than held-out digits are?",
			"与留出的数字相比，VAE 的数字更像训练数字的复制品，或相近数字的混合吗？",
		},
		Rule: Text{
			"Decoded codes from the prior are compared with held-out digits, for every size of code and of training set. C_T below −3 is copying. Mixing is a distance from the hull of ten near training digits below half that of held-out digits, by two standard errors. The claim holds if every VAE copies or mixes, and fails if none does. If some do, it holds with a correction. It is undecided if the controls do not show what they must: training digits copied and mixed, held-out digits neither.",
			"对每一种编码维数和训练集大小，把由先验编码解码出的图片与留出的数字比较。C_T 低于 −3 为复制；到十个相近训练数字的凸包的距离，若以两个标准误小于留出数字的一半，为混合。若每个 VAE 都复制或混合，则成立；若都没有，则不成立；若有些如此，则为修正后成立。若对照没有显示应有的结果（训练数字既复制又混合，留出数字两者都不是），则未能判定。",
		},
		run: runNovelty,
	}
}

// newness is what the statistics say of a set of rows.
type newness struct {
	copying float64 // C_T
	hull    mean    // distance from the hull of near training rows, over that of held-out rows
}

func (n newness) copied() bool { return n.copying < -3 }
func (n newness) mixed() bool  { return n.hull.below(0.5, 2) }

// judgeNovelty takes the VAEs, and the controls held-out and training rows.
func judgeNovelty(models []newness, held, train newness) (Verdict, Text) {
	copied, mixed, either := 0, 0, 0
	for _, m := range models {
		if m.copied() {
			copied++
		}
		if m.mixed() {
			mixed++
		}
		if m.copied() || m.mixed() {
			either++
		}
	}
	reason := Text{
		fmt.Sprintf("Of %d VAEs %d copy and %d mix. Controls: training digits have C_T = %s and the distance %s of held-out ones, which themselves have C_T = %s.", len(models), copied, mixed, significant(train.copying), significant(train.hull.value), significant(held.copying)),
		fmt.Sprintf("%d 个 VAE 中，%d 个复制，%d 个混合。对照：训练数字的 C_T = %s，距离是留出数字的 %s 倍；留出数字自身的 C_T = %s。", len(models), copied, mixed, significant(train.copying), significant(train.hull.value), significant(held.copying)),
	}
	switch {
	case !train.copied() || !train.mixed() || held.copied() || held.mixed():
		return Undecided, reason
	case either == 0:
		return Fails, reason
	case either == len(models):
		return Holds, reason
	}
	return Corrected, reason
}

// newnessOf compares rows with held-out ones, as training rows see them. base is the mean
// distance of held-out rows from hulls.
func newnessOf(ctx context.Context, train, held, rows *mat.Dense, base float64, s Settings) (n newness, err error) {
	c, err := novelty.Copying(ctx, train, held, rows, 3, density.NewSource(s.Seed, "course novelty cells"))
	if err != nil {
		return n, err
	}
	distances, err := novelty.Hull(ctx, rows, train, 10)
	if err != nil {
		return n, err
	}
	d := meanOf(distances)
	return newness{c.Statistic, mean{d.value / base, d.se / base}}, nil
}

// noveltySet is a set of rows with what is said of it.
type noveltySet struct {
	name   Text
	label  string
	latent int // 0 for controls
	rows   int // of training
	newness
	pictures *mat.Dense
}

// noveltySizes are what the study varies.
var (
	noveltyCodes = []int{2, 8, 32}
	noveltyRows  = []int{100, 400, 1300}
)

// noveltyFor measures controls and VAEs on the first rows of the training digits.
func noveltyFor(ctx context.Context, train, held, other *mat.Dense, codes []int, s Settings) (controls, models []noveltySet, err error) {
	n, _ := train.Dims()
	size, _ := held.Dims()
	distances, err := novelty.Hull(ctx, held, train, 10)
	if err != nil {
		return nil, nil, err
	}
	base := meanOf(distances).value
	names := []Text{{"held-out digits", "留出的数字"}, {"training digits", "训练数字"}, {"training digits + noise", "训练数字加噪声"}, {"kernel density, width 0.3", "核密度，宽度 0.3"}}
	for i, c := range novelty.Controls(train, other, min(size, 200), []float64{0.3}, density.NewSource(s.Seed, "course novelty controls", uint64(n))) {
		set := noveltySet{name: names[i], label: names[i].EN, rows: n, pictures: c.Rows}
		if set.newness, err = newnessOf(ctx, train, held, c.Rows, base, s); err != nil {
			return nil, nil, err
		}
		controls = append(controls, set)
	}
	for _, latent := range codes {
		m, _, err := vae.Fit(ctx, train, nil, vae.Settings{
			Latent: latent, Hidden: []int{100}, Sigma: vae.Shared, Epochs: 150 * 1300 / n / 2, Batch: 64,
		}, density.NewSource(s.Seed, "course novelty", uint64(n), uint64(latent)))
		if err != nil {
			return nil, nil, err
		}
		z := mat.NewDense(min(size, 200), latent, nil)
		m.RandPrior(z, density.NewSource(s.Seed, "course novelty codes", uint64(n), uint64(latent)))
		set := noveltySet{
			name:  Text{fmt.Sprintf("VAE, code of %d, %d rows", latent, n), fmt.Sprintf("VAE，%d 维编码，%d 行", latent, n)},
			label: fmt.Sprintf("code of %d", latent), latent: latent, rows: n, pictures: m.DecodeMean(nil, z),
		}
		if set.newness, err = newnessOf(ctx, train, held, set.pictures, base, s); err != nil {
			return nil, nil, err
		}
		models = append(models, set)
	}
	return controls, models, nil
}

func runNovelty(ctx context.Context, s Settings, r *Record) error {
	data, err := dataset.Open("digits")
	if err != nil {
		return err
	}
	if data, err = data.Dequantize(s.Seed); err != nil {
		return err
	}
	// One part of the held-out rows is compared with, the other is a control.
	train, other, held := data.Split(0.15, 0.12, s.Seed)
	sizes, codes := noveltyRows, noveltyCodes
	if s.Quick {
		sizes, codes = []int{100}, []int{2, 32}
	}
	var controls, models []noveltySet
	for i, n := range sizes {
		s.step("training sets", i, len(sizes))
		c, m, err := noveltyFor(ctx, train.Head(min(n, train.Rows())).X, held.X, other.X, codes, s)
		if err != nil {
			return err
		}
		controls, models = c, append(models, m...) // controls of the largest
	}
	s.step("training sets", len(sizes), len(sizes))
	var judged []newness
	for _, m := range models {
		judged = append(judged, m.newness)
	}
	r.Verdict, r.Reason = judgeNovelty(judged, controls[0].newness, controls[1].newness)
	return reportNovelty(r, controls, models, len(codes))
}

func reportNovelty(r *Record, controls, models []noveltySet, codes int) error {
	table := Table{Name: "statistics", Columns: []string{"size of the code (0: control)", "training rows", "C_T", "hull distance over that of held-out digits", "standard error"}}
	for _, set := range append(append([]noveltySet(nil), controls...), models...) {
		r.add(
			Number{Name: Text{"C_T: " + set.name.EN, "C_T：" + set.name.ZH}, Value: set.copying},
			set.hull.number(Text{"distance from the hull: " + set.name.EN, "到凸包的距离：" + set.name.ZH}, Text{"of held-out digits", "留出数字的倍数"}),
		)
		table.Rows = append(table.Rows, []float64{float64(set.latent), float64(set.rows), set.copying, set.hull.value, set.hull.se})
	}
	hulls, copies := make([]figure.Curve, codes), make([]figure.Curve, codes)
	for i, m := range models {
		h, c := &hulls[i%codes], &copies[i%codes]
		h.Name, c.Name = m.label, m.label
		h.X, h.Y, h.StdErr = append(h.X, float64(m.rows)), append(h.Y, m.hull.value), append(h.StdErr, m.hull.se)
		c.X, c.Y, c.StdErr = append(c.X, float64(m.rows)), append(c.Y, m.copying), append(c.StdErr, 1)
	}
	reference := func(i int, of func(noveltySet) float64) figure.Reference {
		return figure.Reference{Name: controls[i].label, Value: of(controls[i])}
	}
	distance := func(n noveltySet) float64 { return n.hull.value }
	statistic := func(n noveltySet) float64 { return n.copying }
	f, err := figure.Curves("Are the pictures mixtures of near training digits?", figure.CurvesAxes{X: "training rows", Y: "distance from the hull, over held-out digits'", LogX: true}, hulls, []figure.Reference{
		reference(0, distance), reference(1, distance),
	})
	err = r.draw("novelty", Text{
		"How far decoded codes are from the convex hull of their ten nearest training digits, over the same for held-out digits. 0 is a mixture, 1 is as new as a held-out digit. Bands are one standard error; lines are controls at the largest training set.",
		"解码出的图片到其十个最近训练数字的凸包的距离，与留出数字的同一距离之比。0 是混合，1 是与留出数字一样新。阴影为一个标准误；横线是最大训练集下的对照。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Curves("Are the pictures copies?", figure.CurvesAxes{X: "training rows", Y: "C_T (below −3: copies)", LogX: true}, copies, []figure.Reference{
		reference(1, statistic), {Name: "limit of copying", Value: -3},
	})
	err = r.draw("novelty-copies", Text{
		"The data-copying statistic C_T of decoded codes. Near 0 they are as far from training digits as held-out digits are; far below, nearer. Bands are the standard error without copying, 1.",
		"解码图片的数据复制统计量 C_T。接近 0 表示它们与训练数字的距离同留出数字一样；远低于 0 表示更近。阴影为没有复制时的标准误 1。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	last := models[len(models)-codes:]
	rows := []figure.ImageRow{{Label: "held out", Images: controls[0].pictures}, {Label: "training", Images: controls[1].pictures}, {Label: "kernels", Images: controls[3].pictures}}
	images := Table{Name: "first pictures", Columns: []string{"row of the figure", "mean level of the first picture"}}
	for _, m := range last {
		rows = append(rows, figure.ImageRow{Label: m.label, Images: m.pictures})
	}
	for i, row := range rows {
		images.Rows = append(images.Rows, []float64{float64(i + 1), math.Round(1e6*average(row.Images.RawRowView(0))) / 1e6})
	}
	f, err = figure.Images("Digits, controls, and what VAEs make of codes from the prior", rows, figure.ImageShape{Height: 8, Width: 8, Black: 0, White: 16})
	return r.draw("novelty-digits", Text{
		"Held-out digits, training digits, draws of a kernel density, and decoded codes from the prior, at the largest training set.",
		"留出的数字、训练数字、核密度的样本，以及最大训练集下由先验编码解码出的图片。",
	}, []Table{images}, f, err)
}
