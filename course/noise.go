package course

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/figure"
	"likely/vae"
)

func noise() *Study {
	return &Study{
		Name: "noise", Part: NoiseForCodes, Claims: []string{"S4"},
		Claim: Text{
			"Noise on the code is learned. Without the penalty it would shrink to 0. The penalty holds its variance near 1, and its term m² acts like an L2 norm on the code.",
			"编码上的噪声是学出来的。没有惩罚项，噪声会缩小到 0；惩罚项使它的方差保持在 1 附近，其中的 m² 相当于对编码的 L2 范数。",
		},
		Question: Text{
			"Where does the variance of the noise go in training, with the penalty and without?",
			"训练中噪声的方差走向哪里？有惩罚项和没有惩罚项各是怎样？",
		},
		Rule: Text{
			"Variances are geometric means over rows and dimensions, at the end of training. The claim fails if the variance without the penalty is not below 0.001, or does not fall by half in the last half of the epochs, beyond two standard errors. It fails too if unused dimensions with the penalty are outside 0.9 to 1.1. It holds if used dimensions are above 0.5 as well. If these are below 0.5 by two standard errors, it holds with a correction. For m², its mean over rows and used dimensions is compared, without the penalty less with it: the claim holds only if codes without are longer, beyond two standard errors. If they are shorter by two, it holds with a correction. Otherwise it is undecided.",
			"方差是训练结束时对各行、各维取的几何平均。若无惩罚项时方差不低于 0.001，或在后一半训练中没有再减半（以两个标准误计），则不成立。若有惩罚项时未用的维度不在 0.9 到 1.1 之间，也不成立。若用到的维度也高于 0.5，则成立；若它们低于 0.5 达两个标准误，则修正后成立。再比较 m² 对各行和用到的各维的均值：只有当没有惩罚项的编码更长、超出两个标准误时才成立；若反而更短达两个标准误，则修正后成立。其余情况未能判定。",
		},
		run: runNoise,
	}
}

// noiseLeft is where the logarithm of the variance of the noise ends.
type noiseLeft struct {
	free         mean // without the penalty
	fall         mean // of the logarithm in the last half of the epochs
	used, unused mean // with the penalty
	longer       mean // m² of used dimensions without the penalty, less that with it
}

func judgeNoise(m noiseLeft) (Verdict, Text) {
	v := func(m mean) string { return withError(math.Exp(m.value), math.Exp(m.value)*m.se) }
	reason := Text{
		fmt.Sprintf("Without the penalty the variance ends at %s. With it, unused dimensions have %s and used ones %s. Per used dimension, m² without the penalty less m² with it is %v.", v(m.free), v(m.unused), v(m.used), m.longer),
		fmt.Sprintf("没有惩罚项时，方差最后为 %s。有惩罚项时，未用的维度为 %s，用到的维度为 %s。在每个用到的维度上，没有惩罚项时的 m² 减去有惩罚项时的，为 %v。", v(m.free), v(m.unused), v(m.used), m.longer),
	}
	half := math.Log(2)
	switch {
	case math.IsNaN(m.unused.value): // there are no unused dimensions
		return Undecided, Text{"Every dimension is used, so that nothing is seen of unused ones.", "所有维度都用到了，看不到未用的维度。"}
	case m.free.value >= math.Log(1e-3) || m.fall.below(half, -2) || m.unused.value < math.Log(0.9) || m.unused.value > math.Log(1.1):
		return Fails, reason
	case m.used.above(-half, 2) && m.longer.above(0, 2):
		return Holds, reason
	case m.used.below(-half, 2) || m.longer.below(0, 2):
		return Corrected, reason
	}
	return Undecided, reason
}

// noiseCourse is the logarithm of the variance of the noise after each of some epochs, and
// what the network is like at the end.
type noiseCourse struct {
	epochs            []float64
	logs              []float64
	used, unused      []float64 // over the dimensions at the end
	meanSquare, error float64   // of the means m of the codes; of restoring held-out rows
	usedSquare        float64   // of the means m, over the dimensions in use
}

// followNoise trains a network with the given weight of the penalty.
func followNoise(ctx context.Context, train, test *mat.Dense, beta float64, run int, s Settings) (*noiseCourse, error) {
	settings := vae.Settings{
		Latent: noiseDimensions, Hidden: []int{64}, Epochs: s.size(240, 60), Schedule: vae.Constant, Rate: 3e-3,
		Sigma: vae.Fixed(2.5), Beta: beta,
	}
	t, err := vae.NewTrainer(train, nil, settings, density.NewSource(s.Seed, "course noise", uint64(run)))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	c := &noiseCourse{}
	var m *vae.Model
	next := 1
	for !t.Done() {
		if _, err := t.Epoch(ctx); err != nil {
			return nil, err
		}
		if epoch := t.Epochs(); epoch >= next || t.Done() {
			next = max(epoch+1, epoch*5/4)
			if m, _, err = t.Model(); err != nil {
				return nil, err
			}
			_, logvar := m.Encoder().Moments(train)
			c.epochs = append(c.epochs, float64(epoch))
			c.logs = append(c.logs, average(logvar.RawMatrix().Data))
		}
	}
	means, logvar := m.Encoder().Moments(train)
	activity := m.Activity(train)
	squares := mat.DenseCopyOf(means)
	squares.MulElem(means, means)
	c.meanSquare, c.usedSquare = average(squares.RawMatrix().Data), squareOfUsed(squares, activity.Variance)
	for j, v := range activity.Variance {
		if level := average(mat.Col(nil, j, logvar)); inUse(v) {
			c.used = append(c.used, level)
		} else {
			c.unused = append(c.unused, level)
		}
	}
	c.error = average(m.ReconstructionError(nil, test))
	return c, nil
}

// inUse says that a dimension of the code is used, by the variance of its mean over rows.
func inUse(variance float64) bool { return variance > 0.01 }

// squareOfUsed is the mean of squares over all rows and the dimensions in use.
func squareOfUsed(squares *mat.Dense, variance []float64) float64 {
	sum, used := 0.0, 0
	for j, v := range variance {
		if inUse(v) {
			sum += average(mat.Col(nil, j, squares))
			used++
		}
	}
	return sum / float64(used)
}

// average returns the mean of values.
func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// noiseDimensions is how many the codes have: more than the digits are worth.
const noiseDimensions = 32

// without is the weight of a penalty that has none: 0 would stand for the default.
const without = 1e-9

func runNoise(ctx context.Context, s Settings, r *Record) error {
	train, test, err := greyDigits(s)
	if err != nil {
		return err
	}
	repeats := s.size(4, 2)
	var free, paid []*noiseCourse
	for i := range repeats {
		s.step("networks", 2*i, 2*repeats)
		a, err := followNoise(ctx, train.X, test.X, without, i, s)
		if err != nil {
			return err
		}
		s.step("networks", 2*i+1, 2*repeats)
		b, err := followNoise(ctx, train.X, test.X, 1, i, s)
		if err != nil {
			return err
		}
		free, paid = append(free, a), append(paid, b)
	}
	over := func(list []*noiseCourse, f func(c *noiseCourse) float64) mean {
		values := make([]float64, len(list))
		for i, c := range list {
			values[i] = f(c)
		}
		return meanOf(values)
	}
	last := func(c *noiseCourse) float64 { return c.logs[len(c.logs)-1] }
	fall := func(c *noiseCourse) float64 {
		for i, epoch := range c.epochs {
			if epoch >= c.epochs[len(c.epochs)-1]/2 {
				return c.logs[i] - last(c)
			}
		}
		return 0
	}
	m := noiseLeft{
		free: over(free, last), fall: over(free, fall),
		used:   over(paid, func(c *noiseCourse) float64 { return average(c.used) }),
		unused: over(paid, func(c *noiseCourse) float64 { return average(c.unused) }),
	}
	var freeSquare, paidSquare []float64
	for i := range free {
		freeSquare, paidSquare = append(freeSquare, free[i].usedSquare), append(paidSquare, paid[i].usedSquare)
	}
	m.longer = pairedMean(freeSquare, paidSquare)
	number := func(name Text, m mean) Number {
		return Number{Name: name, Value: math.Exp(m.value), StdErr: math.Exp(m.value) * m.se}
	}
	if !math.IsNaN(m.unused.value) {
		r.add(number(Text{"variance with the penalty, unused dimensions", "有惩罚项时的方差，未用的维度"}, m.unused))
	}
	square := func(c *noiseCourse) float64 { return c.meanSquare }
	left := func(c *noiseCourse) float64 { return math.Sqrt(c.error) }
	r.add(
		Number{Name: Text{"networks of each kind", "每种网络的个数"}, Value: float64(repeats)},
		number(Text{"variance of the noise without the penalty, at the end", "无惩罚项时噪声的最终方差"}, m.free),
		number(Text{"… by which factor it fell in the last half", "……后一半训练中缩小的倍数"}, m.fall),
		number(Text{"variance with the penalty, used dimensions", "有惩罚项时的方差，用到的维度"}, m.used),
		over(paid, func(c *noiseCourse) float64 { return float64(len(c.unused)) }).number(Text{"unused dimensions of 32, with the penalty", "有惩罚项时 32 维中未用的维数"}, Text{}),
		over(free, func(c *noiseCourse) float64 { return float64(len(c.unused)) }).number(Text{"unused dimensions of 32, without", "无惩罚项时 32 维中未用的维数"}, Text{}),
		over(free, square).number(Text{"mean of m² without the penalty, all dimensions", "无惩罚项时 m² 的均值，所有维度"}, Text{}),
		over(paid, square).number(Text{"mean of m² with the penalty, all dimensions", "有惩罚项时 m² 的均值，所有维度"}, Text{}),
		meanOf(freeSquare).number(Text{"mean of m² without the penalty, used dimensions", "无惩罚项时 m² 的均值，用到的维度"}, Text{}),
		meanOf(paidSquare).number(Text{"mean of m² with the penalty, used dimensions", "有惩罚项时 m² 的均值，用到的维度"}, Text{}),
		m.longer.number(Text{"… without less with", "……无惩罚项的减去有惩罚项的"}, Text{}),
		over(free, left).number(Text{"error of restored held-out digits without the penalty", "无惩罚项时还原留出数字的误差"}, levels),
		over(paid, left).number(Text{"error of restored held-out digits with the penalty", "有惩罚项时还原留出数字的误差"}, levels),
	)
	r.Verdict, r.Reason = judgeNoise(m)
	return drawNoise(r, free, paid)
}

func drawNoise(r *Record, free, paid []*noiseCourse) error {
	table := Table{Name: "log10 of the variance", Columns: []string{"epoch", "without", "se", "with", "se"}}
	curves := []figure.Curve{{Name: "without the penalty"}, {Name: "with the penalty"}}
	for i, epoch := range free[0].epochs {
		row := []float64{epoch}
		for k, list := range [][]*noiseCourse{free, paid} {
			values := make([]float64, len(list))
			for j, c := range list {
				values[j] = c.logs[i] / math.Ln10
			}
			m := meanOf(values)
			curves[k].X, curves[k].Y, curves[k].StdErr = append(curves[k].X, epoch), append(curves[k].Y, m.value), append(curves[k].StdErr, m.se)
			row = append(row, m.value, m.se)
		}
		table.Rows = append(table.Rows, row)
	}
	f, err := figure.Curves("Variance of the noise on the code in training", figure.CurvesAxes{X: "epoch", Y: "log10 of the variance (mean over dimensions)", LogX: true}, curves, []figure.Reference{{Name: "variance 1, that of the prior", Value: 0}})
	err = r.draw("noise", Text{
		"The variance that the encoder gives to the code of a digit, on a logarithmic scale, from epoch to epoch.",
		"编码器给数字编码的方差随训练轮次的变化，纵轴为对数刻度。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	units := Table{Name: "dimensions of the first network with the penalty", Columns: []string{"dimension", "mean log variance", "used"}}
	panels := []figure.Curve{{Name: "used dimensions"}, {Name: "unused dimensions"}}
	n := 0.0
	for k, list := range [][]float64{paid[0].used, paid[0].unused} {
		for _, v := range slices.Sorted(slices.Values(list)) {
			n++
			panels[k].X, panels[k].Y = append(panels[k].X, n), append(panels[k].Y, math.Exp(v))
			units.Rows = append(units.Rows, []float64{n, v, float64(1 - k)})
		}
	}
	if len(panels[1].X) == 0 {
		panels = panels[:1]
	}
	f, err = figure.Curves("Variance of each dimension at the end, with the penalty", figure.CurvesAxes{X: "dimension of the code", Y: "variance (geometric mean over the digits)", WholeX: true}, panels, []figure.Reference{{Name: "variance 1", Value: 1}})
	return r.draw("noise-dimensions", Text{
		"The dimensions of one network that was trained with the penalty. Used ones are first, by their variance.",
		"一个带惩罚项训练的网络的各个维度，用到的排在前面，按方差排序。",
	}, []Table{units}, f, err)
}
