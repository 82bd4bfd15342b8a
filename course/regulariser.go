package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/figure"
)

func regulariser() *Study {
	return &Study{
		Name: "regulariser", Part: PriceForNoise, Claims: []string{"S3"},
		Claim: Text{
			"The remedy is noise on the code. The encoder gives m and σ, the code is c = exp(σ)·e + m with e from N(0, 1), and training adds the penalty Σ(exp(σ) − (1 + σ) + m²).",
			"补救的办法是给编码加噪声。编码器给出 m 和 σ，编码为 c = exp(σ)·e + m，其中 e 取自 N(0, 1)；训练时加上惩罚项 Σ(exp(σ) − (1 + σ) + m²)。",
		},
		Question: Text{
			"Is the penalty, as written, the divergence that makes the loss a bound?",
			"照原文写出的惩罚项，是使损失成为下界的那个散度吗？",
		},
		Rule: Text{
			"The penalty is compared with the KL divergence, once with exp(σ) as a standard deviation and once as a variance. The claim holds if the first equals the KL to 0.000001 everywhere on a grid. It holds with a correction if it does not, but all have their only minimum at σ = 0, m = 0, and the second is twice the KL. Otherwise it fails. It is undecided if training by the KL does not reach log p to 0.001 nats.",
			"把惩罚项与 KL 散度比较：一次把 exp(σ) 当作标准差，一次当作方差。若第一种读法在网格上处处等于 KL（误差 0.000001 以内），则成立。若不相等，但三者都只在 σ = 0、m = 0 处取最小值，且第二种读法等于 KL 的两倍，则修正后成立。其余情况不成立。若用 KL 训练的下界没有达到 log p（相差超过 0.001 奈特），则未能判定。",
		},
		run: runRegulariser,
	}
}

// penalty is a price of noise for one dimension of the code, by the logarithm t of the
// standard deviation and the mean m.
type penalty struct {
	name  string
	noise func(t float64) float64 // and its derivative
	slope func(t float64) float64
	mean  float64 // times m²
}

func (p penalty) at(t, m float64) float64 { return p.noise(t) + p.mean*m*m }

// penalties are the divergence and the two readings.
var penalties = []penalty{
	{"KL divergence", func(t float64) float64 { return (math.Expm1(2*t) - 2*t) / 2 }, func(t float64) float64 { return math.Expm1(2 * t) }, 0.5},
	{"exp(σ) a standard deviation", func(t float64) float64 { return math.Expm1(t) - t }, math.Expm1, 1},
	{"exp(σ) a variance", func(t float64) float64 { return math.Expm1(2*t) - 2*t }, func(t float64) float64 { return 2 * math.Expm1(2*t) }, 1},
}

// readings is how the two readings stand to the divergence.
type readings struct {
	fromKL     float64 // largest distance of the first reading from the KL
	fromTwice  float64 // of the second from twice the KL
	atOptimum  float64 // largest value of the three at σ = 0, m = 0
	elsewhere  float64 // their least value on the grid but there
	gap        float64 // log p less what training by the KL reached, nats a row
	exceeding  float64 // share of rows at which the first reading is above log p
	mostExcess float64 // nats
}

func judgeRegulariser(m readings) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("With exp(σ) as a standard deviation the penalty is up to %s nats from the KL. On %s %% of rows it gives a number above their log p, by up to %s nats. With exp(σ) as a variance it is twice the KL.", significant(m.fromKL), significant(100*m.exceeding), significant(m.mostExcess)),
		fmt.Sprintf("把 exp(σ) 当作标准差时，惩罚项与 KL 最多相差 %s 奈特，%s %% 的数据得到的数值高于其 log p，最多高出 %s 奈特。把 exp(σ) 当作方差时，它是 KL 的两倍。", significant(m.fromKL), significant(100*m.exceeding), significant(m.mostExcess)),
	}
	const close = 1e-6
	switch {
	case math.Abs(m.gap) > 1e-3:
		return Undecided, reason
	case m.atOptimum > close || m.elsewhere <= close || m.fromTwice > close:
		return Fails, reason
	case m.fromKL <= close:
		return Holds, reason
	}
	return Corrected, reason
}

// comparePenalties fills in what a grid of −2.5 … 1.5 by −3 … 3 says.
func comparePenalties(kl, first, second penalty) readings {
	m := readings{elsewhere: math.Inf(1)}
	for i := -50; i <= 30; i++ {
		for j := -60; j <= 60; j++ {
			t, c := float64(i)/20, float64(j)/20
			values := []float64{kl.at(t, c), first.at(t, c), second.at(t, c)}
			m.fromKL = max(m.fromKL, math.Abs(values[1]-values[0]))
			m.fromTwice = max(m.fromTwice, math.Abs(values[2]-2*values[0]))
			for _, v := range values {
				if i == 0 && j == 0 {
					m.atOptimum = max(m.atOptimum, math.Abs(v))
				} else {
					m.elsewhere = min(m.elsewhere, v)
				}
			}
		}
	}
	return m
}

func runRegulariser(ctx context.Context, s Settings, r *Record) error {
	data, err := dataset.Open("iris")
	if err != nil {
		return err
	}
	training, _, testing := data.Split(0.3, 0, s.Seed)
	centre := density.NewCentering(training.X)
	train, test := centre.Apply(nil, training.X), centre.Apply(nil, testing.X)
	var fits []*linearCoder
	var held [][]float64
	for i, p := range penalties {
		s.step("linear autoencoders", i, len(penalties))
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := fitLinear(train, 2, p, s.Seed)
		if err != nil {
			return err
		}
		logs, err := c.logProb(test)
		if err != nil {
			return err
		}
		fits, held = append(fits, c), append(held, logs)
	}
	m := comparePenalties(penalties[0], penalties[1], penalties[2])
	exact, err := fits[0].logProb(train)
	if err != nil {
		return err
	}
	bounds := make([][]float64, len(penalties))
	for i, p := range penalties {
		bounds[i] = fits[0].bound(train, p)
	}
	m.gap = average(exact) - average(bounds[0])
	for i, v := range bounds[1] {
		if excess := v - exact[i]; excess > 1e-3 {
			m.exceeding += 1 / float64(len(exact))
			m.mostExcess = max(m.mostExcess, excess)
		}
	}
	r.add(
		Number{Name: Text{"largest distance of the first reading from the KL, on the grid", "第一种读法与 KL 的最大差别（网格上）"}, Value: m.fromKL, Unit: nats},
		Number{Name: Text{"largest distance of the second reading from twice the KL", "第二种读法与 KL 两倍的最大差别"}, Value: m.fromTwice, Unit: nats},
		Number{Name: Text{"log p less the bound, trained by the KL", "用 KL 训练时 log p 与下界之差"}, Value: m.gap, Unit: natsPerRow},
		Number{Name: Text{"share of rows at which the first reading is above log p", "第一种读法高于 log p 的数据比例"}, Value: m.exceeding},
		Number{Name: Text{"largest excess over log p", "高出 log p 的最大值"}, Value: m.mostExcess, Unit: nats},
		pairedMean(bounds[1], exact).number(Text{"mean of the first reading less log p", "第一种读法与 log p 之差的均值"}, natsPerRow),
		pairedMean(bounds[2], exact).number(Text{"mean of the second reading less log p", "第二种读法与 log p 之差的均值"}, natsPerRow),
	)
	for i, words := range []Text{{"KL", "KL"}, {"first reading", "第一种读法"}, {"second reading", "第二种读法"}} {
		c := fits[i]
		for l, sd := range c.deviations() {
			r.add(Number{Name: Text{fmt.Sprintf("trained by the %s: deviation of the noise, dimension %d", words.EN, l+1), fmt.Sprintf("用%s训练：第 %d 维噪声的标准差", words.ZH, l+1)}, Value: sd})
		}
		r.add(
			Number{Name: Text{"trained by the " + words.EN + ": σ of p(x|z)", "用" + words.ZH + "训练：p(x|z) 的 σ"}, Value: math.Exp(c.logVar / 2), Unit: Text{"cm", "厘米"}},
			meanOf(held[i]).number(Text{"trained by the " + words.EN + ": held-out log p", "用" + words.ZH + "训练：留出数据的 log p"}, natsPerRow),
		)
		if i > 0 {
			r.add(pairedMean(held[i], held[0]).number(Text{"trained by the " + words.EN + ": held-out log p less that of the KL", "用" + words.ZH + "训练：留出 log p 与 KL 训练之差"}, natsPerRow))
		}
	}
	r.Verdict, r.Reason = judgeRegulariser(m)
	if err := drawPenalties(r); err != nil {
		return err
	}
	return drawExcess(r, fits[0], train, exact, bounds)
}

// drawPenalties shows the three prices of noise for m = 0.
func drawPenalties(r *Record) error {
	table := Table{Name: "penalty at m = 0", Columns: []string{"standard deviation"}}
	curves := make([]figure.Curve, len(penalties))
	for i, p := range penalties {
		curves[i].Name = p.name
		table.Columns = append(table.Columns, p.name)
	}
	for i := 1; i <= 30; i++ {
		sd := float64(i) / 12
		row := []float64{sd}
		for k, p := range penalties {
			v := p.at(math.Log(sd), 0)
			curves[k].X, curves[k].Y = append(curves[k].X, sd), append(curves[k].Y, v)
			row = append(row, v)
		}
		table.Rows = append(table.Rows, row)
	}
	f, err := figure.Curves("The price of noise in one dimension, m = 0", figure.CurvesAxes{X: "standard deviation of the noise on the code", Y: "penalty (nats)"}, curves, nil)
	return r.draw("regulariser", Text{
		"Three prices with one minimum. Left of it the first reading is the cheapest: it charges too little for noise that is small.",
		"三种惩罚有同一个最小值点。在它左边，第一种读法最便宜：它对过小的噪声收费太低。",
	}, []Table{table}, f, err)
}

// drawExcess shows what each reading makes of each training row.
func drawExcess(r *Record, c *linearCoder, train *mat.Dense, exact []float64, bounds [][]float64) error {
	codes := c.encode(train)
	table := Table{Name: "training rows", Columns: []string{"m² of the row", "KL", "first", "second"}}
	n, _ := train.Dims()
	var groups []figure.Group
	for k, p := range penalties {
		points := mat.NewDense(n, 2, nil)
		for i := range n {
			points.SetRow(i, []float64{square(codes.RawRowView(i)), bounds[k][i] - exact[i]})
		}
		groups = append(groups, figure.Group{Name: p.name, Points: points})
	}
	for i := range n {
		table.Rows = append(table.Rows, []float64{groups[0].Points.At(i, 0), groups[0].Points.At(i, 1), groups[1].Points.At(i, 1), groups[2].Points.At(i, 1)})
	}
	f, err := figure.Scatters("Is it a bound? Above 0 it is not", []figure.ScatterPanel{{Title: "training rows of iris", Groups: groups}}, [2]string{"m² of the row's code, both dimensions", "value − log p (nats)"})
	return r.draw("regulariser-rows", Text{
		"A linear autoencoder trained by the KL: what its loss says of each row, less the exact log p. Points above 0 are above log p, so the first reading is no lower bound there.",
		"用 KL 训练的线性自编码器：损失给每行数据的数值减去精确的 log p。高于 0 的点超过了 log p，说明第一种读法在那里不是下界。",
	}, []Table{table}, f, err)
}

// square returns the squared length of a vector.
func square(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return sum
}
