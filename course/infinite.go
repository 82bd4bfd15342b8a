package course

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/figure"
	"likely/vae"
)

func infinite() *Study {
	return &Study{
		Name: "infinite", Part: BoundOfMixture, Claims: []string{"S6", "S8"},
		Claim: Text{
			"A VAE is a mixture of Gaussians with a distributed code. z is continuous, so there are infinitely many Gaussians, one for each z, where a mixture has finitely many. Their means μ(z) and deviations σ(z) are given by a network.",
			"VAE 是高斯混合模型的分布式版本：z 是连续的，所以有无穷多个高斯，每个 z 对应一个；而混合模型只有有限个。它们的均值 μ(z) 和标准差 σ(z) 由神经网络给出。",
		},
		Question: Text{
			"If z is drawn S times, does the mixture of these S Gaussians become the VAE?",
			"抽取 S 个 z，把对应的 S 个高斯混合起来，它会趋于这个 VAE 吗？",
		},
		Rule: Text{
			"The exact log p comes from an integral over the code. The claim holds if the mixture of the most Gaussians is within two standard errors and 0.005 nats of it, and the distance falls as a power of S between −0.65 and −0.35. It fails if the two differ by more than four standard errors and 0.05 nats. Otherwise it is undecided.",
			"精确的 log p 由对编码的积分得到。若高斯最多的混合模型与它相差不超过两个标准误加 0.005 奈特，且距离随 S 的幂下降，幂指数在 −0.65 与 −0.35 之间，则成立。若两者相差超过四个标准误加 0.05 奈特，则不成立。其余情况未能判定。",
		},
		run: runInfinite,
	}
}

// converging is how a mixture of S draws nears the exact log p.
type converging struct {
	most  int
	off   mean    // log p of the largest mixture less the exact one, over sets of draws
	power float64 // of S, with which the distance falls
}

func judgeInfinite(m converging) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("A mixture of %d Gaussians is %v nats from the exact log p. The distance falls as S to the power %s.", m.most, m.off, significant(m.power)),
		fmt.Sprintf("%d 个高斯的混合模型与精确的 log p 相差 %v 奈特。距离按 S 的 %s 次幂下降。", m.most, m.off, significant(m.power)),
	}
	off := math.Abs(m.off.value)
	switch {
	case off > 4*m.off.se+0.05:
		return Fails, reason
	case off <= 2*m.off.se+0.005 && m.power > -0.65 && m.power < -0.35:
		return Holds, reason
	}
	return Undecided, reason
}

// planeNetwork trains a VAE with a code of two dimensions on points of the plane, two moons.
func planeNetwork(ctx context.Context, s Settings, purpose string) (*vae.Model, *mat.Dense, *mat.Dense, error) {
	d, _, err := dataset.Synthetic("moons", s.size(1000, 400), s.Seed)
	if err != nil {
		return nil, nil, nil, err
	}
	train, _, test := d.Split(0.2, 0, s.Seed)
	settings := vae.Settings{Latent: 2, Hidden: []int{32}, Epochs: s.size(400, 60), Rate: 3e-3}
	m, _, err := vae.Fit(ctx, train.X, nil, settings, density.NewSource(s.Seed, purpose))
	return m, train.X, test.X, err
}

// mixtureLogs returns, for each of the sizes, log p of each row under the mixture of the
// first so many codes.
func mixtureLogs(ctx context.Context, m *vae.Model, x, codes *mat.Dense, sizes []int) ([][]float64, error) {
	n, _ := x.Dims()
	const block = 1000
	sums := make([]float64, n) // log of the sum of densities so far
	for i := range sums {
		sums[i] = math.Inf(-1)
	}
	var all [][]float64
	done := 0
	for _, size := range sizes {
		for done < size {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			to := min(size, done+block)
			g, err := m.MixtureAt(density.Rows(codes, done, to))
			if err != nil {
				return nil, err
			}
			for i, v := range g.LogProb(nil, x) {
				sums[i] = density.LogSumExp([]float64{sums[i], v + math.Log(float64(to-done))})
			}
			done = to
		}
		logs := make([]float64, n)
		for i, v := range sums {
			logs[i] = v - math.Log(float64(size))
		}
		all = append(all, logs)
	}
	return all, nil
}

func runInfinite(ctx context.Context, s Settings, r *Record) error {
	s.step("network", 0, 6)
	m, train, test, err := planeNetwork(ctx, s, "course infinite")
	if err != nil {
		return err
	}
	x := density.Rows(test, 0, s.size(50, 10))
	exact, err := eval.Quadrate(ctx, m, x, eval.QuadratureSettings{Tolerance: 1e-5, Hints: m.Encoder(), Seed: s.Seed})
	if err != nil {
		return err
	}
	sizes := []int{1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000}
	sizes = sizes[:s.size(len(sizes), 9)]
	most := sizes[len(sizes)-1]
	const sets = 4
	logs := make([][][]float64, sets) // set, size, row
	for k := range sets {
		s.step("mixtures", k+1, sets+2)
		codes := mat.NewDense(most, 2, nil)
		m.RandPrior(codes, density.NewSource(s.Seed, "course infinite codes", uint64(k)))
		if logs[k], err = mixtureLogs(ctx, m, x, codes, sizes); err != nil {
			return err
		}
	}
	truth := average(exact.LogProb)
	curve := figure.Curve{Name: "mixture of S Gaussians"}
	distance := figure.Curve{Name: "distance, root of the mean square"}
	table := Table{Name: "log p by S", Columns: []string{"S", "log p (nats per row)", "standard error", "distance (nats)"}}
	var off mean
	var logS, logDistance []float64
	for j, size := range sizes {
		means := make([]float64, sets)
		squares := 0.0
		for k := range sets {
			means[k] = average(logs[k][j])
			for i, v := range logs[k][j] {
				d := v - exact.LogProb[i]
				squares += d * d / float64(sets*len(exact.LogProb))
			}
		}
		at, rms := meanOf(means), math.Sqrt(squares)
		off = mean{at.value - truth, at.se}
		table.Rows = append(table.Rows, []float64{float64(size), at.value, at.se, rms})
		if size >= 10 { // the first few are far off, and would flatten all others
			curve.X, curve.Y, curve.StdErr = append(curve.X, float64(size)), append(curve.Y, at.value), append(curve.StdErr, at.se)
		}
		distance.X, distance.Y = append(distance.X, float64(size)), append(distance.Y, math.Log10(rms))
		if size*100 >= most {
			logS, logDistance = append(logS, math.Log(float64(size))), append(logDistance, math.Log(rms))
		}
		if size == 1 || size == 100 || size == 10_000 || size == most {
			r.add(at.number(Text{fmt.Sprintf("log p of the mixture, S = %d", size), fmt.Sprintf("混合模型的 log p，S = %d", size)}, natsPerRow))
		}
	}
	_, power := stat.LinearRegression(logS, logDistance, nil, false)
	r.add(
		Number{Name: Text{"log p of the VAE, by the integral", "VAE 的 log p（积分）"}, Value: truth, Unit: natsPerRow},
		off.number(Text{"largest mixture less the integral", "最大的混合模型与积分之差"}, natsPerRow),
		Number{Name: Text{"power of S with which the distance falls", "距离随 S 下降的幂指数"}, Value: power},
		Number{Name: Text{"rows", "数据行数"}, Value: float64(len(exact.LogProb))},
	)
	r.Verdict, r.Reason = judgeInfinite(converging{most, off, power})
	if err := drawFilling(r, m, train, s); err != nil {
		return err
	}
	f, err := figure.Curves("log p of a mixture of S draws of z", figure.CurvesAxes{X: "number of Gaussians S", Y: "log p (nats per row)", LogX: true}, []figure.Curve{curve}, []figure.Reference{{Name: "the VAE itself, by an integral over z", Value: truth}})
	err = r.draw("infinite-curve", Text{
		"Held-out log p of the mixture of S Gaussians, for S from 10 on. The dashed line is the VAE.",
		"S 个高斯的混合模型在留出数据上的 log p，S 从 10 起。虚线是 VAE。",
	}, []Table{table}, f, err)
	if err != nil {
		return err
	}
	f, err = figure.Curves("Distance from the exact log p", figure.CurvesAxes{X: "number of Gaussians S", Y: "log10 of the distance (nats)", LogX: true}, []figure.Curve{distance}, nil)
	return r.draw("infinite-distance", Text{
		"How far log p of a single row is from the exact one, as the root of the mean square. A hundred times the Gaussians give a tenth of the distance.",
		"单行数据的 log p 与精确值的距离（均方根）。高斯增加到一百倍，距离缩小到十分之一。",
	}, []Table{table}, f, err)
}

// drawFilling shows how the Gaussians fill the plane.
func drawFilling(r *Record, m *vae.Model, train *mat.Dense, s Settings) error {
	var panels []figure.Panel
	table := Table{Name: "Gaussians of the first panel", Columns: []string{"mean of x1", "mean of x2", "variance of x1", "variance of x2"}}
	for _, size := range []int{10, 100, 1000} {
		codes := mat.NewDense(size, 2, nil)
		m.RandPrior(codes, density.NewSource(s.Seed, "course infinite codes", 0)) // the first of the numbers above
		g, err := m.MixtureAt(codes)
		if err != nil {
			return err
		}
		p := figure.Panel{Title: fmt.Sprintf("S = %d", size), LogDensity: g.LogProb}
		for k := range min(size, 100) {
			p.Outlines = append(p.Outlines, g.Ellipse(k, 0.8, 40))
		}
		p.OutlineName = "80 % of a Gaussian (of the first 100)"
		panels = append(panels, p)
		if size == 10 {
			for k := range size {
				c := g.Covariance(k)
				table.Rows = append(table.Rows, []float64{g.Means().At(k, 0), g.Means().At(k, 1), c.At(0, 0), c.At(1, 1)})
			}
		}
	}
	f, err := figure.Densities("A VAE drawn as a mixture", train, panels, [2]string{"x1", "x2"})
	return r.draw("infinite", Text{
		"Mixtures of 10, 100 and 1000 Gaussians p(x|z) with z from the prior. Points are the training rows; filled regions hold 50, 80, 95 and 99 % of the mass.",
		"由先验抽取 z，得到 10、100、1000 个高斯 p(x|z) 的混合。点是训练数据，填色区域包含 50%、80%、95%、99% 的概率。",
	}, []Table{table}, f, err)
}
