package course

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func autoencoder() *Study {
	return &Study{
		Name: "autoencoder", Part: NoiseForCodes, Claims: []string{"S1", "S2"},
		Claim: Text{
			"An encoder and a decoder learn together to tie objects to codes: the decoder turns a code back into its object. But objects are finite, so the decoder restores only codes that it saw in training. A random code gives no new object.",
			"编码器和解码器一起学习，把对象和编码对应起来：解码器把编码还原成对象。但对象是有限的，解码器只能还原训练中见过的编码；随机的编码得不到新的对象。",
		},
		Question: Text{
			"Where do random codes of a plain autoencoder lead, and how bad are they?",
			"普通自编码器的随机编码会解码成什么，究竟有多糟？",
		},
		Rule: Text{
			"Pictures are scored by log p under a mixture that was fitted to the training digits. The decoder restores if the squared error of held-out digits is less than half their variance. A source of codes is bad if its pictures score lower than restored held-out digits by more than three standard errors and 10 nats. The claim fails if the decoder does not restore, or if neither the normal nor the box is bad. It holds if all sources are bad and the mixture of codes loses more than half of what the box loses. Otherwise it holds with a correction. It is undecided if the control, strokes shuffled over pixels, is not bad.",
			"图片的得分是它在一个由训练数字拟合的混合模型下的 log p。若留出数字的平方误差小于其方差的一半，则解码器能够还原。某种编码来源，若其图片的得分比还原的留出数字低，且差别超过三个标准误和 10 奈特，就算差。若解码器不能还原，或者正态编码和方框编码都不差，则不成立。若所有来源都差，且编码混合模型的损失超过方框编码的一半，则成立。其余情况为修正后成立。若打乱像素的对照不差，则未能判定。",
		},
		run: runAutoencoder,
	}
}

// randomCodes is how many nats pictures of random codes lose against restored digits.
type randomCodes struct {
	unexplained                   float64 // squared error over variance
	normal, box, mixture, control mean
}

func judgeAutoencoder(m randomCodes) (Verdict, Text) {
	bad := func(loss mean) bool { return loss.above(0, 3) && loss.value > 10 }
	reason := Text{
		fmt.Sprintf("Against restored held-out digits, pictures of codes from N(0, I) lose %v nats, from the box %v. Codes from a mixture fitted to the codes lose %v.", m.normal, m.box, m.mixture),
		fmt.Sprintf("与还原的留出数字相比，N(0, I) 编码的图片低 %v 奈特，方框编码的低 %v 奈特。由拟合编码的混合模型抽出的编码低 %v 奈特。", m.normal, m.box, m.mixture),
	}
	switch {
	case m.unexplained >= 0.5 || !bad(m.normal) && !bad(m.box):
		if !bad(m.control) {
			return Undecided, reason
		}
		return Fails, reason
	case !bad(m.control):
		return Undecided, reason
	case bad(m.normal) && bad(m.box) && bad(m.mixture) && m.mixture.value > m.box.value/2:
		return Holds, reason
	}
	return Corrected, reason
}

// codeSource is a way to get codes, with the pictures that they decode to.
type codeSource struct {
	name     Text
	label    string
	pictures *mat.Dense
}

// randomPictures decodes codes of an autoencoder from several sources, held-out digits first.
func randomPictures(ctx context.Context, a *vae.Autoencoder, train, test *mat.Dense, n int, s Settings) ([]codeSource, error) {
	codes := a.Encode(nil, train)
	_, l := codes.Dims()
	normal := mat.NewDense(n, l, nil)
	density.StandardNormal(l).Rand(normal, density.NewSource(s.Seed, "course autoencoder normal"))
	box := mat.NewDense(n, l, nil)
	rng := rand.New(density.NewSource(s.Seed, "course autoencoder box"))
	for j := range l {
		column := mat.Col(nil, j, codes)
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range column {
			low, high = min(low, v), max(high, v)
		}
		for i := range n {
			box.Set(i, j, low+(high-low)*rng.Float64())
		}
	}
	prior, _, err := gmm.Fit(ctx, codes, gmm.Settings{Components: 10, Starts: 2}, density.NewSource(s.Seed, "course autoencoder codes"))
	if err != nil {
		return nil, err
	}
	fitted := mat.NewDense(n, l, nil)
	prior.Rand(fitted, density.NewSource(s.Seed, "course autoencoder fitted"))
	return []codeSource{
		{Text{"held-out digits, restored", "还原的留出数字"}, "restored", a.Reconstruct(nil, test)},
		{Text{"codes from N(0, I)", "取自 N(0, I) 的编码"}, "codes: N(0, I)", a.Decode(nil, normal)},
		{Text{"codes from the box of all codes", "取自方框的编码"}, "codes: box", a.Decode(nil, box)},
		{Text{"codes from a mixture fitted to the codes", "取自编码混合模型的编码"}, "codes: mixture", a.Decode(nil, fitted)},
	}, nil
}

// controlLabel is that of the control, which is in no figure.
const controlLabel = "shuffled"

// shuffled returns the rows with the pixels of each in an order of its own.
func shuffled(x *mat.Dense, src rand.Source) *mat.Dense {
	y, rng := mat.DenseCopyOf(x), rand.New(src)
	n, d := y.Dims()
	for i := range n {
		row := y.RawRowView(i)
		rng.Shuffle(d, func(a, b int) { row[a], row[b] = row[b], row[a] })
	}
	return y
}

// nearestDistances returns the distance of each row of x to the nearest row of base.
func nearestDistances(x, base *mat.Dense) []float64 {
	n, _ := x.Dims()
	m, _ := base.Dims()
	nearest := make([]float64, n)
	for i := range n {
		best := math.Inf(1)
		for k := range m {
			sum := 0.0
			for j, v := range base.RawRowView(k) {
				d := v - x.At(i, j)
				sum += d * d
			}
			best = min(best, sum)
		}
		nearest[i] = math.Sqrt(best)
	}
	return nearest
}

func runAutoencoder(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	const tasks = 4
	s.step("networks", 0, tasks)
	settings := vae.Settings{Latent: 8, Hidden: []int{128, 64}, Epochs: s.size(150, 30)}
	a, _, err := vae.FitAutoencoder(ctx, train.X, nil, settings, density.NewSource(s.Seed, "course autoencoder ae"))
	if err != nil {
		return err
	}
	s.step("networks", 1, tasks)
	settings.Sigma = vae.Shared
	v, _, err := vae.Fit(ctx, train.X, nil, settings, density.NewSource(s.Seed, "course autoencoder vae"))
	if err != nil {
		return err
	}
	s.step("networks", 2, tasks)
	judge, err := judgeOfPictures(ctx, train, s)
	if err != nil {
		return err
	}
	s.step("networks", 3, tasks)
	sources, err := randomPictures(ctx, a, train.X, test.X, test.Rows(), s)
	if err != nil {
		return err
	}
	z := mat.NewDense(test.Rows(), v.LatentDim(), nil)
	v.RandPrior(z, density.NewSource(s.Seed, "course autoencoder prior"))
	sources = append(sources,
		codeSource{Text{"VAE: held-out digits, restored", "VAE：还原的留出数字"}, "VAE: restored", v.Reconstruct(nil, test.X)},
		codeSource{Text{"VAE: codes from N(0, I)", "VAE：取自 N(0, I) 的编码"}, "VAE: N(0, I)", v.DecodeMean(nil, z)},
		codeSource{Text{"restored digits with shuffled pixels (control)", "还原后打乱像素（对照）"}, controlLabel, shuffled(sources[0].pictures, density.NewSource(s.Seed, "course autoencoder shuffle"))},
	)
	return reportAutoencoder(r, a, judge, train, test, sources)
}

// judgeOfPictures fits the mixture whose log p scores pictures: factor analysers, with a
// floor that keeps pixels without ink from deciding everything.
func judgeOfPictures(ctx context.Context, train *dataset.Dataset, s Settings) (*gmm.Model, error) {
	m, _, err := gmm.Fit(ctx, train.X, gmm.Settings{Components: s.size(10, 5), Covariance: gmm.FactorAnalyzers(6), Starts: 2, Floor: 1e-2}, density.NewSource(s.Seed, "course autoencoder judge"))
	return m, err
}

func reportAutoencoder(r *Record, a *vae.Autoencoder, judge *gmm.Model, train, test *dataset.Dataset, sources []codeSource) error {
	_, variance := density.Moments(test.X)
	total := 0.0
	for _, v := range variance {
		total += v / float64(len(variance))
	}
	squared := meanOf(a.ReconstructionError(nil, test.X))
	r.add(Number{Name: Text{"held-out squared error over variance", "留出数据的平方误差与方差之比"}, Value: squared.value / total, StdErr: squared.se / total})

	table := Table{Name: "scores", Columns: []string{"log p (nats)", "standard error", "distance to the nearest training digit", "standard error"}}
	var scores []figure.Score
	logs := make([][]float64, len(sources))
	score := func(name Text, label string, pictures *mat.Dense) []float64 {
		values := judge.LogProb(nil, pictures)
		p, distance := meanOf(values), meanOf(nearestDistances(pictures, train.X))
		r.add(p.number(Text{"log p: " + name.EN, "log p：" + name.ZH}, nats), distance.number(Text{"nearest: " + name.EN, "最近距离：" + name.ZH}, levels))
		table.Rows = append(table.Rows, []float64{p.value, p.se, distance.value, distance.se})
		if label == controlLabel {
			return values // which is so far off that it would hide all others
		}
		scores = append(scores, figure.Score{Name: label, Estimate: density.MeanEstimate(values, nil, density.ExactValue, 0)})
		return values
	}
	score(Text{"held-out digits", "留出数字"}, "held-out digits", test.X)
	for i, source := range sources {
		logs[i] = score(source.name, source.label, source.pictures)
	}
	loss := func(restored, i int) mean {
		a, b := meanOf(logs[restored]), meanOf(logs[i])
		return a.minus(b)
	}
	own := loss(4, 5)
	m := randomCodes{squared.value / total, loss(0, 1), loss(0, 2), loss(0, 3), loss(0, 6)}
	r.add(
		m.normal.number(Text{"loss of codes from N(0, I)", "N(0, I) 编码的损失"}, nats),
		m.box.number(Text{"loss of codes from the box", "方框编码的损失"}, nats),
		m.mixture.number(Text{"loss of codes from the mixture", "混合模型编码的损失"}, nats),
		own.number(Text{"loss of the VAE's codes from N(0, I) against its restored digits", "VAE 的 N(0, I) 编码相对其还原数字的损失"}, nats),
		m.control.number(Text{"loss of shuffled pixels (control)", "打乱像素的损失（对照）"}, nats),
	)
	r.Verdict, r.Reason = judgeAutoencoder(m)

	rows := []figure.ImageRow{{Label: "held-out digits", Images: test.X}}
	for _, source := range sources[:6] {
		rows = append(rows, figure.ImageRow{Label: source.label, Images: source.pictures})
	}
	// The pictures of the figure are the first of the numbers above.
	images := Table{Name: "first pixels", Columns: []string{"row of the figure", "mean level of the first picture"}}
	for i, row := range rows {
		images.Rows = append(images.Rows, []float64{float64(i + 1), mat.Sum(row.Images.Slice(0, 1, 0, 64)) / 64})
	}
	f, err := figure.Images("What codes decode to", rows, figure.ImageShape{Height: 8, Width: 8, Black: 0, White: 16})
	err = r.draw("autoencoder", Text{
		"Held-out digits, what the autoencoder restores of them, and what it makes of three kinds of random codes. The last two rows are a VAE of the same size.",
		"留出的数字、自编码器对它们的还原，以及三种随机编码的解码结果。最后两行是同样大小的 VAE。",
	}, []Table{images}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Scores("log p of the pictures under a mixture fitted to digits", "pictures", scores)
	return r.draw("autoencoder-scores", Text{
		"How probable the pictures are to a mixture that was fitted to the training digits. Bars are one and two standard errors.",
		"在由训练数字拟合的混合模型看来，这些图片有多大的概率密度。横条为一个和两个标准误。",
	}, []Table{table}, f, err)
}
