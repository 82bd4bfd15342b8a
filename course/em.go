package course

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

func em() *Study {
	return &Study{
		Name: "em", Part: BoundOfMixture, Claims: []string{"S11"},
		Claim: Text{
			"Raise the bound by q until it touches log p(x). From there, raising the bound by the decoder must raise log p(x).",
			"先改进 q，把下界抬高到与 log p(x) 相接；从那里再用解码器抬高下界，log p(x) 就必然上升。",
		},
		Question: Text{
			"Do bound and log p touch after every E-step, and does log p then never fall? How near does a VAE come?",
			"每个 E 步之后，下界与 log p 是否相接？此后 log p 是否从不下降？VAE 能做到多接近？",
		},
		Rule: Text{
			"For the mixture, the bound must equal log p after each E-step within 1e-12 of its size. And log p must not fall in any M-step by more than that. Else the claim fails. If the VAE's bound, too, ends within 0.001 nats of log p, the claim holds. If it stops short, it holds with a correction: the VAE's steps are not those of EM. It is undecided if no M-step parts the two by 0.001 nats, or if quadrature is off by 1e-4 nats or more.",
			"对混合模型：每个 E 步之后，下界与 log p 的相对差不超过 1e-12，并且任何 M 步都不使 log p 下降超过此数，否则不成立。若 VAE 的下界最后也与 log p 相差不到 0.001 奈特，则成立；若达不到，则为修正后成立：VAE 的交替训练并不就是 EM。若没有一个 M 步使两者分开 0.001 奈特，或数值积分误差达到 1e-4 奈特，则未能判定。",
		},
		run: runEM,
	}
}

// emMeasure is what the verdict on EM rests on, in nats per row but for touch and fall,
// which are relative.
type emMeasure struct {
	touch, fall, part float64 // of the mixture: after E-steps, in M-steps, after M-steps
	vaeGap            float64 // at the end
	quadrature        float64 // its error
}

func judgeEM(m emMeasure) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("After each E-step of the mixture, bound and log p differ by at most %s of their size. M-steps part them by up to %s nats, and log p never fell by more than %s of its size. The VAE's bound ends %s nats below log p.", significant(m.touch), significant(m.part), significant(m.fall), significant(m.vaeGap)),
		fmt.Sprintf("混合模型每个 E 步之后，下界与 log p 的相对差至多 %s；M 步使两者分开最多 %s 奈特，log p 的相对下降从未超过 %s。VAE 的下界最后比 log p 低 %s 奈特。", significant(m.touch), significant(m.part), significant(m.fall), significant(m.vaeGap)),
	}
	switch {
	case m.touch > 1e-12 || m.fall > 1e-12:
		return Fails, reason
	case m.part < 1e-3 || m.quadrature >= 1e-4:
		return Undecided, reason
	case m.vaeGap < 1e-3:
		return Holds, reason
	}
	return Corrected, reason
}

// mixtureBound returns the mean bound of a mixture over the rows of x for the
// probabilities q (N×K) of the components, Σₖ qₖ (log p(x, k) − log qₖ).
func mixtureBound(m *gmm.Model, x, q *mat.Dense) float64 {
	n, _ := x.Dims()
	states := m.States()
	prior := m.LogPrior(nil, states)
	sum := 0.0
	for i := range n {
		lik := m.LogLik(nil, density.Rows(x, i, i+1), states)
		for k, share := range q.RawRowView(i) {
			if share > 0 {
				sum += share * (lik[k] + prior[k] - math.Log(share))
			}
		}
	}
	return sum / float64(n)
}

// halves is the course of two numbers over half-steps.
type halves struct{ step, logp, bound []float64 }

func (h *halves) add(step, logp, bound float64) {
	h.step, h.logp, h.bound = append(h.step, step), append(h.logp, logp), append(h.bound, bound)
}

// walkMixture does EM by half-steps: at whole numbers the E-step has been done, at
// halves the M-step alone.
func walkMixture(ctx context.Context, x *mat.Dense, iterations int) (halves, error) {
	var h halves
	// A third of the rows leans to each component, in the order of the first column.
	n, _ := x.Dims()
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x.At(a, 0), x.At(b, 0)) })
	start := mat.NewDense(n, 3, nil)
	for rank, i := range order {
		start.SetRow(i, []float64{0.3, 0.3, 0.3})
		start.Set(i, 3*rank/n, 0.4)
	}
	run, err := gmm.NewEM(x, start, gmm.Settings{Components: 3})
	if err != nil {
		return h, err
	}
	q := start
	for i := range iterations {
		if err := run.Step(ctx); err != nil {
			return h, err
		}
		m := run.Model()
		logp := average(m.LogProb(nil, x))
		h.add(float64(i)+0.5, logp, mixtureBound(m, x, q))
		q = m.Responsibilities(nil, x)
		h.add(float64(i)+1, logp, mixtureBound(m, x, q))
	}
	return h, nil
}

// measure returns how far bound and log p are apart, and whether log p fell.
func (h halves) measure() (m emMeasure) {
	for i, logp := range h.logp {
		size := math.Abs(logp)
		if h.step[i] == math.Trunc(h.step[i]) {
			m.touch = max(m.touch, math.Abs(logp-h.bound[i])/size)
			continue
		}
		m.part = max(m.part, logp-h.bound[i])
		if i > 0 {
			m.fall = max(m.fall, (h.logp[i-1]-logp)/size)
		}
	}
	return m
}

// walkVAE trains a VAE by turns: the encoder for some steps, then the decoder.
func walkVAE(ctx context.Context, x *mat.Dense, turns, steps int, s Settings) (h halves, apart float64, err error) {
	n, _ := x.Dims()
	t, err := vae.NewTrainer(x, nil, planeSettings(n), density.NewSource(s.Seed, "course em vae"))
	if err != nil {
		return h, 0, err
	}
	defer t.Close()
	p := newCodePlane()
	for turn := range 2 * turns {
		s.step("turns of the VAE", turn, 2*turns)
		encoder := turn%2 == 1 // the decoder moves first, as in the mixture
		t.Hold(!encoder, encoder)
		for range steps {
			if _, err := t.Epoch(ctx); err != nil {
				return h, 0, err
			}
		}
		m, _, err := t.Model()
		if err != nil {
			return h, 0, err
		}
		logp, error := p.logProb(m, x)
		mean, logvar := m.Encoder().Moments(x)
		bound, _ := p.bound(m, x, mean, logvar)
		apart = max(apart, error)
		h.add(float64(turn+1)/2, average(logp), average(bound))
	}
	s.step("turns of the VAE", 2*turns, 2*turns)
	return h, apart, nil
}

func runEM(ctx context.Context, s Settings, r *Record) error {
	data, err := dataset.Open("faithful")
	if err != nil {
		return err
	}
	mixture, err := walkMixture(ctx, data.X, s.size(60, 30))
	if err != nil {
		return err
	}
	turns, steps := s.size(30, 3), s.size(30, 10)
	network, apart, err := walkVAE(ctx, data.X, turns, steps, s)
	if err != nil {
		return err
	}
	m := mixture.measure()
	last := len(network.logp) - 1
	m.vaeGap, m.quadrature = network.logp[last]-network.bound[last], apart
	falls := 0
	for i := 2; i <= last; i += 2 {
		if network.logp[i] < network.logp[i-1] {
			falls++
		}
	}
	end := len(mixture.logp) - 1
	r.add(
		Number{Name: Text{"mixture: largest |bound − log p| after an E-step, over |log p|", "混合模型：E 步之后 |下界 − log p| 与 |log p| 之比的最大值"}, Value: m.touch},
		Number{Name: Text{"mixture: largest log p − bound after an M-step", "混合模型：M 步之后 log p − 下界的最大值"}, Value: m.part, Unit: natsPerRow},
		Number{Name: Text{"mixture: largest fall of log p in an M-step, over |log p|", "混合模型：M 步中 log p 的最大下降与 |log p| 之比"}, Value: m.fall},
		Number{Name: Text{"mixture: log p at the end", "混合模型：最后的 log p"}, Value: mixture.logp[end], Unit: natsPerRow},
		Number{Name: Text{"VAE: log p at the end", "VAE：最后的 log p"}, Value: network.logp[last], Unit: natsPerRow},
		Number{Name: Text{"VAE: bound at the end, after an encoder turn", "VAE：最后（编码器一轮之后）的下界"}, Value: network.bound[last], Unit: natsPerRow},
		Number{Name: Text{"VAE: log p − bound at the end", "VAE：最后的 log p − 下界"}, Value: m.vaeGap, Unit: natsPerRow},
		Number{Name: Text{"VAE: decoder turns in all", "VAE：解码器的总轮数"}, Value: float64(turns)},
		Number{Name: Text{"VAE: decoder turns in which log p fell", "VAE：log p 下降的解码器轮数"}, Value: float64(falls)},
		Number{Name: Text{"error of quadrature at most", "数值积分误差上限"}, Value: apart, Unit: natsPerRow},
	)
	r.Verdict, r.Reason = judgeEM(m)
	if err := drawHalves(r, "em", "EM of a mixture: touching after E, parting after M", "iteration (½: after the M-step, whole: after the E-step)", mixture, 18, Text{
		"EM of a mixture of three Gaussians. At whole numbers the E-step is done and both curves meet. At halves the M-step is done and the bound lags behind.",
		"三个高斯的混合模型的 EM。在整数处 E 步刚做完，两条曲线相接；在半整数处 M 步刚做完，下界落在后面。",
	}); err != nil {
		return err
	}
	return drawHalves(r, "em-vae", "A VAE trained by turns: decoder, then encoder", "round (½: after the decoder, whole: after the encoder)", network, len(network.step)/2, Text{
		"A VAE with a code of two dimensions, trained by turns, both numbers by quadrature. The gap narrows in encoder turns and never closes.",
		"二维编码的 VAE 交替训练，两个量都由数值积分得到。编码器的轮次使间隙变窄，但从不闭合。",
	})
}

// drawHalves draws the two courses over so many whole steps, without the first one.
func drawHalves(r *Record, name, title, axis string, h halves, whole int, caption Text) error {
	from, to := 2, min(len(h.step), 2*whole)
	table := Table{Name: name, Columns: []string{"step", "log p (nats per row)", "bound (nats per row)"}}
	for i := range h.step {
		table.Rows = append(table.Rows, []float64{h.step[i], h.logp[i], h.bound[i]})
	}
	f, err := figure.Curves(title, figure.CurvesAxes{X: axis, Y: "nats per row"}, []figure.Curve{
		{Name: "log p(x)", X: h.step[from:to], Y: h.logp[from:to]},
		{Name: "bound", X: h.step[from:to], Y: h.bound[from:to]},
	}, nil)
	return r.draw(name, caption, []Table{table}, f, err)
}
