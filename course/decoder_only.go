package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func decoderOnly() *Study {
	return &Study{
		Name: "decoder-only", Part: PriceIsBound, Claims: []string{"S11"},
		Claim: Text{
			"Raising the bound by the decoder p(x|z) alone need not raise log p(x), because the distance between the two is unknown.",
			"只用解码器 p(x|z) 抬高下界，log p(x) 不一定随之上升，因为两者之间的距离未知。",
		},
		Question: Text{
			"Is there a case in which the decoder's step raises the bound and lowers log p?",
			"能否找到这样的实例：解码器的一步抬高了下界，却降低了 log p？",
		},
		Rule: Text{
			"q is made worse than the posterior, then the decoder alone is set to its optimum for that q. A fall counts if the bound rises and log p falls, both by more than ten times the error of quadrature. The claim holds if a fall is found for the mixture and for the VAE. It fails if there is none for either. It is undecided if there is one for one of them only, or if that error is 1e-4 nats or more.",
			"先让 q 比后验更差，再只把解码器调到对这个 q 最优。若下界上升而 log p 下降，且两者的变化都超过数值积分误差的十倍，就算一次下降。混合模型和 VAE 都找到下降，则成立；都没有，则不成立。只有一个找到，或积分误差达到 1e-4 奈特，则未能判定。",
		},
		run: runDecoderOnly,
	}
}

// change is what a step of the decoder does to both numbers, in nats per row.
type change struct{ bound, logp float64 }

// fall says that the bound rose and log p fell by more than an error.
func (c change) fall(err float64) bool { return c.bound > 10*err && c.logp < -10*err }

// judgeDecoderOnly takes the steps in which log p moved down most.
func judgeDecoderOnly(mixture, network change, quadrature float64) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("In the mixture a step of the decoder moved the bound by %s and log p by %s nats. In the VAE the two moved by %s and %s nats; quadrature is off by less than %s.", signed(mixture.bound), signed(mixture.logp), signed(network.bound), signed(network.logp), significant(quadrature)),
		fmt.Sprintf("在混合模型中，解码器的一步使下界变化 %s 奈特、log p 变化 %s 奈特。在 VAE 中两者分别变化 %s 和 %s 奈特；数值积分误差小于 %s 奈特。", signed(mixture.bound), signed(mixture.logp), signed(network.bound), signed(network.logp), significant(quadrature)),
	}
	a, b := mixture.fall(1e-12), network.fall(quadrature)
	switch {
	case quadrature >= 1e-4 || a != b:
		return Undecided, reason
	case a:
		return Holds, reason
	}
	return Fails, reason
}

// signed writes a change with its sign.
func signed(v float64) string {
	if v > 0 {
		return "+" + significant(v)
	}
	return significant(v)
}

// worst returns the change with the lowest log p.
func worst(changes []change) change {
	low := changes[0]
	for _, c := range changes {
		if c.logp < low.logp {
			low = c
		}
	}
	return low
}

// blurredSteps makes one M-step of a mixture from responsibilities that are mixed with
// equal ones.
func blurredSteps(ctx context.Context, m *gmm.Model, x *mat.Dense, shares []float64) ([]change, error) {
	right := m.Responsibilities(nil, x)
	n, k := right.Dims()
	var out []change
	for _, share := range shares {
		q := mat.NewDense(n, k, nil)
		q.Apply(func(_, _ int, v float64) float64 { return (1-share)*v + share/float64(k) }, right)
		run, err := gmm.NewEM(x, q, gmm.Settings{Components: k})
		if err != nil {
			return nil, err
		}
		if err := run.Step(ctx); err != nil {
			return nil, err
		}
		next := run.Model()
		out = append(out, change{
			mixtureBound(next, x, q) - mixtureBound(m, x, q),
			average(next.LogProb(nil, x)) - average(m.LogProb(nil, x)),
		})
	}
	return out, nil
}

// decoderHead is what of a decoder is set to its optimum: the last layer of the mean and
// the deviations σ. features gives what the hidden layers make of codes.
type decoderHead struct {
	model *vae.Model
	width int
}

// with returns the model with other weights (D×H), bias and log-variances in the head.
func (h decoderHead) with(weights, bias, logvar []float64) (*vae.Model, error) {
	tensors := h.model.Tensors()
	for i, t := range tensors {
		switch t.Name {
		case "decoder.mean.weight":
			tensors[i].Data = weights
		case "decoder.mean.bias":
			tensors[i].Data = bias
		case "decoder.logvar":
			tensors[i].Data = logvar
		}
	}
	return vae.FromTensors(h.model.Config(), tensors)
}

// tensor returns a copy of a tensor's numbers.
func (h decoderHead) tensor(name string) []float64 {
	for _, t := range h.model.Tensors() {
		if t.Name == name {
			return append([]float64(nil), t.Data...)
		}
	}
	panic("course: the decoder has no tensor of that name")
}

// features returns the outputs of the hidden layers and a last column of ones (S×(H+1)),
// seen through heads that pass one of them on, and the affine map from the head to the
// data of each column.
func (h decoderHead) features(z *mat.Dense) (f *mat.Dense, scale, shift []float64, err error) {
	d, logvar := h.model.Dim(), h.tensor("decoder.logvar")
	s, _ := z.Dims()
	seen := func(weights, bias []float64) (*mat.Dense, error) {
		m, err := h.with(weights, bias, logvar)
		if err != nil {
			return nil, err
		}
		return m.DecodeMean(nil, z), nil
	}
	ones := make([]float64, d)
	for j := range ones {
		ones[j] = 1
	}
	zero, err := seen(make([]float64, d*h.width), make([]float64, d))
	if err != nil {
		return nil, nil, nil, err
	}
	one, err := seen(make([]float64, d*h.width), ones)
	if err != nil {
		return nil, nil, nil, err
	}
	for j := range d {
		shift = append(shift, zero.At(0, j))
		scale = append(scale, one.At(0, j)-zero.At(0, j))
	}
	f = mat.NewDense(s, h.width+1, nil)
	for k := range h.width {
		weights := make([]float64, d*h.width)
		weights[k] = 1
		out, err := seen(weights, make([]float64, d))
		if err != nil {
			return nil, nil, nil, err
		}
		for i := range s {
			f.Set(i, k, (out.At(i, 0)-shift[0])/scale[0])
			f.Set(i, h.width, 1)
		}
	}
	return f, scale, shift, nil
}

// best returns the model whose head maximises the bound for normals q(z|x): weighted
// least squares for the mean, then the residual variance of each column.
func (h decoderHead) best(p *codePlane, x, mean, logvar *mat.Dense) (*vae.Model, error) {
	n, d := x.Dims()
	nodes := len(p.nodes)
	z := mat.NewDense(n*nodes, 2, nil)
	for i := range n {
		for k, node := range p.nodes {
			for j := range 2 {
				z.Set(i*nodes+k, j, mean.At(i, j)+node[j]*math.Exp(logvar.At(i, j)/2))
			}
		}
	}
	f, scale, shift, err := h.features(z)
	if err != nil {
		return nil, err
	}
	width := h.width + 1
	gram, right := mat.NewSymDense(width, nil), mat.NewDense(width, d, nil)
	for i := range n {
		for k, w := range p.shares {
			row := f.RowView(i*nodes + k)
			gram.SymRankOne(gram, w, row)
			for j := range d {
				y := w * (x.At(i, j) - shift[j]) / scale[j]
				for c := range width {
					right.Set(c, j, right.At(c, j)+y*row.AtVec(c))
				}
			}
		}
	}
	for c := range width { // features may be nearly dependent
		gram.SetSym(c, c, gram.At(c, c)+1e-9*float64(n))
	}
	var root mat.Cholesky
	if !root.Factorize(gram) {
		return nil, density.ErrNotPositiveDefinite
	}
	var solved mat.Dense
	if err := root.SolveTo(&solved, right); err != nil {
		return nil, err
	}
	weights, bias, old := make([]float64, d*h.width), make([]float64, d), h.tensor("decoder.logvar")
	for j := range d {
		for c := range h.width {
			weights[j*h.width+c] = solved.At(c, j)
		}
		bias[j] = solved.At(h.width, j)
	}
	next, err := h.with(weights, bias, old)
	if err != nil {
		return nil, err
	}
	// The residual variance, against the one that the head states.
	mu, lv := mat.NewDense(n*nodes, d, nil), mat.NewDense(n*nodes, d, nil)
	next.Decode(mu, lv, z)
	ratio := make([]float64, d)
	for i := range n {
		for k, w := range p.shares {
			for j := range d {
				e := x.At(i, j) - mu.At(i*nodes+k, j)
				ratio[j] += w * e * e / math.Exp(lv.At(i*nodes+k, j)) / float64(n)
			}
		}
	}
	for j := range old {
		old[j] += math.Log(ratio[j])
	}
	return h.with(weights, bias, old)
}

// widenedSteps sets the head of a VAE's decoder to its optimum for q widened by factors.
func widenedSteps(ctx context.Context, m *vae.Model, x *mat.Dense, factors []float64, s Settings) (out []change, apart float64, err error) {
	p, h := newCodePlane(), decoderHead{m, 16}
	before, apart := p.logProb(m, x)
	mean, logvar := m.Encoder().Moments(x)
	for i, factor := range factors {
		s.step("widths of q", i, len(factors))
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		var wide mat.Dense
		wide.Apply(func(_, _ int, v float64) float64 { return v + 2*math.Log(factor) }, logvar)
		next, err := h.best(p, x, mean, &wide)
		if err != nil {
			return nil, 0, err
		}
		old, _ := p.bound(m, x, mean, &wide)
		now, _ := p.bound(next, x, mean, &wide)
		after, error := p.logProb(next, x)
		apart = max(apart, error)
		out = append(out, change{average(now) - average(old), average(after) - average(before)})
	}
	s.step("widths of q", len(factors), len(factors))
	return out, apart, nil
}

func runDecoderOnly(ctx context.Context, s Settings, r *Record) error {
	data, err := dataset.Open("faithful")
	if err != nil {
		return err
	}
	x := data.X
	mixture, _, err := gmm.Fit(ctx, x, gmm.Settings{Components: 3}, density.NewSource(s.Seed, "course decoder-only mixture"))
	if err != nil {
		return err
	}
	shares := []float64{0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}
	blurred, err := blurredSteps(ctx, mixture, x, shares)
	if err != nil {
		return err
	}
	n, _ := x.Dims()
	t, err := vae.NewTrainer(x, nil, planeSettings(n), density.NewSource(s.Seed, "course decoder-only vae"))
	if err != nil {
		return err
	}
	defer t.Close()
	for range s.size(1500, 200) {
		if _, err := t.Epoch(ctx); err != nil {
			return err
		}
	}
	m, _, err := t.Model()
	if err != nil {
		return err
	}
	factors := []float64{1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4}
	if s.Quick {
		factors = []float64{1, 4}
	}
	widened, apart, err := widenedSteps(ctx, m, x, factors, s)
	if err != nil {
		return err
	}
	a, b := worst(blurred), worst(widened)
	r.add(
		Number{Name: Text{"mixture, q from the E-step: change of the bound", "混合模型，q 取自 E 步：下界的变化"}, Value: blurred[0].bound, Unit: natsPerRow},
		Number{Name: Text{"mixture, q from the E-step: change of log p", "混合模型，q 取自 E 步：log p 的变化"}, Value: blurred[0].logp, Unit: natsPerRow},
		Number{Name: Text{"mixture, worst q: change of the bound", "混合模型，最差的 q：下界的变化"}, Value: a.bound, Unit: natsPerRow},
		Number{Name: Text{"mixture, worst q: change of log p", "混合模型，最差的 q：log p 的变化"}, Value: a.logp, Unit: natsPerRow},
		Number{Name: Text{"VAE, the encoder's q: change of the bound", "VAE，编码器的 q：下界的变化"}, Value: widened[0].bound, Unit: natsPerRow},
		Number{Name: Text{"VAE, the encoder's q: change of log p", "VAE，编码器的 q：log p 的变化"}, Value: widened[0].logp, Unit: natsPerRow},
		Number{Name: Text{"VAE, worst q: change of the bound", "VAE，最差的 q：下界的变化"}, Value: b.bound, Unit: natsPerRow},
		Number{Name: Text{"VAE, worst q: change of log p", "VAE，最差的 q：log p 的变化"}, Value: b.logp, Unit: natsPerRow},
		Number{Name: Text{"error of quadrature at most", "数值积分误差上限"}, Value: apart, Unit: natsPerRow},
	)
	r.Verdict, r.Reason = judgeDecoderOnly(a, b, apart)
	if err := drawChanges(r, "decoder-only", "One step of the decoder alone: a mixture", "share of equal responsibilities in q", shares, blurred, Text{
		"One M-step of a mixture, from responsibilities that are blurred more and more. The bound always rises. log p falls as soon as q is clearly wrong.",
		"混合模型的一个 M 步，所用的责任度被越来越多地抹平。下界总是上升；q 一旦明显偏离后验，log p 就下降。",
	}); err != nil {
		return err
	}
	return drawChanges(r, "decoder-only-vae", "One step of the decoder alone: a VAE", "factor on the deviations of q(z|x)", factors, widened, Text{
		"The same for a VAE with a code of two dimensions. The deviations of q(z|x) are multiplied by a factor; then the last layer and σ of the decoder are set to their optimum.",
		"对二维编码的 VAE 做同样的事：先把 q(z|x) 的标准差乘以一个系数，再把解码器最后一层和 σ 调到最优。",
	})
}

// drawChanges draws what a step does to both numbers, against how wrong q is.
func drawChanges(r *Record, name, title, axis string, at []float64, changes []change, caption Text) error {
	table := Table{Name: name, Columns: []string{axis, "change of the bound (nats per row)", "change of log p (nats per row)"}}
	var bound, logp []float64
	for i, c := range changes {
		bound, logp = append(bound, c.bound), append(logp, c.logp)
		table.Rows = append(table.Rows, []float64{at[i], c.bound, c.logp})
	}
	f, err := figure.Curves(title, figure.CurvesAxes{X: axis, Y: "change (nats per row)"}, []figure.Curve{
		{Name: "log p(x)", X: at, Y: logp},
		{Name: "bound", X: at, Y: bound},
	}, []figure.Reference{{Name: "no change", Value: 0}})
	return r.draw(name, caption, []Table{table}, f, err)
}
