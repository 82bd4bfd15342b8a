package course

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/dataset"
	"likely/density"
	"likely/figure"
	"likely/gmm"
)

func sampling() *Study {
	return &Study{
		Name: "sampling", Part: BoundOfMixture, Claims: []string{"S5"},
		Claim: Text{
			"The density of x comes from p(x|z) and p(z). To draw from a mixture, first draw the component by its weight, then draw x from the Gaussian of that component.",
			"x 的密度由 p(x|z) 与 p(z) 得到。从混合模型抽样时，先按权重抽取一个分量，再从这个分量的高斯分布中抽取 x。",
		},
		Question: Text{
			"Do draws made in these two steps have the distribution of the mixture?",
			"按这两步抽出的样本，是否服从该混合模型的分布？",
		},
		Rule: Text{
			"Three tests compare the draws with theory: counts of components, mean, covariance. The claim holds if the smallest p-value, times three, is at least 0.001. It fails if it is less. It is undecided if the same tests do not reject draws with equal weights at 0.000001.",
			"用三个检验把样本与理论比较：各分量的个数、均值、协方差。最小的 p 值乘以三，若不小于 0.001，则成立；否则不成立。若同样的检验不能以 0.000001 的水平拒绝等权抽样，则未能判定。",
		},
		run: runSampling,
	}
}

// samplingTests are the p-values of draws against a mixture.
type samplingTests struct{ counts, mean, covariance float64 }

// smallest returns the smallest p-value with Bonferroni's correction.
func (t samplingTests) smallest() float64 {
	return min(1, 3*min(t.counts, t.mean, t.covariance))
}

// judgeSampling takes the corrected p-values of ancestral draws and of the control.
func judgeSampling(p, control float64) (Verdict, Text) {
	reason := Text{
		fmt.Sprintf("Ancestral draws have the corrected p-value %s, and draws with equal weights %s.", pValue(p), pValue(control)),
		fmt.Sprintf("两步抽样的校正 p 值为 %s，等权抽样的为 %s。", pValue(p), pValue(control)),
	}
	switch {
	case p < 1e-3:
		return Fails, reason
	case control > 1e-6:
		return Undecided, reason
	}
	return Holds, reason
}

// ancestral draws n rows from a mixture in two steps, and returns which component each
// row came from. weights take the place of those of the mixture.
func ancestral(m *gmm.Model, weights []float64, n int, src rand.Source) (*mat.Dense, []int, error) {
	parts := make([]*density.Normal, m.Components())
	means := m.Means()
	for k := range parts {
		var err error
		if parts[k], err = density.NewNormal(means.RawRowView(k), m.Covariance(k)); err != nil {
			return nil, nil, err
		}
	}
	choose := distuv.NewCategorical(weights, src)
	x, from := mat.NewDense(n, m.Dim(), nil), make([]int, n)
	for i := range n {
		from[i] = int(choose.Rand())
		parts[from[i]].Rand(density.Rows(x, i, i+1), src)
	}
	return x, from, nil
}

// testSampling compares draws with the weights and the moments of a mixture.
func testSampling(m *gmm.Model, x *mat.Dense, from []int) (samplingTests, error) {
	var t samplingTests
	n, d := x.Dims()
	weights := m.Weights()
	chi := 0.0
	for k, count := range tally(from, len(weights)) {
		expected := weights[k] * float64(n)
		chi += (count - expected) * (count - expected) / expected
	}
	t.counts = distuv.ChiSquared{K: float64(len(weights) - 1)}.Survival(chi)

	// Where the draws are right, the mean of f(x) − E f has a normal distribution; its
	// square in the metric of the covariance of f is χ².
	mean, covariance := m.Moments()
	first := mat.NewDense(n, d, nil)
	second := mat.NewDense(n, d*(d+1)/2, nil)
	for i := range n {
		column := 0
		for j := range d {
			first.Set(i, j, x.At(i, j)-mean[j])
			for l := range j + 1 {
				second.Set(i, column, (x.At(i, j)-mean[j])*(x.At(i, l)-mean[l])-covariance.At(j, l))
				column++
			}
		}
	}
	var err error
	if t.mean, err = centred(first); err != nil {
		return t, err
	}
	t.covariance, err = centred(second)
	return t, err
}

// centred returns the p-value of the hypothesis that the columns of x have mean 0.
func centred(x *mat.Dense) (float64, error) {
	n, d := x.Dims()
	mean, scatter := mat.NewVecDense(d, nil), mat.NewSymDense(d, nil)
	for i := range n {
		mean.AddScaledVec(mean, 1/float64(n), x.RowView(i))
	}
	row := mat.NewVecDense(d, nil)
	for i := range n {
		row.SubVec(x.RowView(i), mean)
		scatter.SymRankOne(scatter, 1/float64(n-1), row)
	}
	var root mat.Cholesky
	if !root.Factorize(scatter) {
		return 0, density.ErrNotPositiveDefinite
	}
	solved := mat.NewVecDense(d, nil)
	if err := root.SolveVecTo(solved, mean); err != nil {
		return 0, err
	}
	return distuv.ChiSquared{K: float64(d)}.Survival(float64(n) * mat.Dot(mean, solved)), nil
}

// tally counts how often each of the numbers below k stands in a list.
func tally(list []int, k int) []float64 {
	counts := make([]float64, k)
	for _, i := range list {
		counts[i]++
	}
	return counts
}

func runSampling(ctx context.Context, s Settings, r *Record) error {
	data, err := dataset.Open("faithful")
	if err != nil {
		return err
	}
	m, _, err := gmm.Fit(ctx, data.X, gmm.Settings{Components: 3}, density.NewSource(s.Seed, "course sampling fit"))
	if err != nil {
		return err
	}
	n := s.size(100_000, 20_000)
	s.step("draws", 0, 2)
	x, from, err := ancestral(m, m.Weights(), n, density.NewSource(s.Seed, "course sampling draws"))
	if err != nil {
		return err
	}
	right, err := testSampling(m, x, from)
	if err != nil {
		return err
	}
	s.step("draws", 1, 2)
	equal := make([]float64, m.Components())
	for k := range equal {
		equal[k] = 1
	}
	wrongX, wrongFrom, err := ancestral(m, equal, n, density.NewSource(s.Seed, "course sampling control"))
	if err != nil {
		return err
	}
	wrong, err := testSampling(m, wrongX, wrongFrom)
	if err != nil {
		return err
	}
	s.step("draws", 2, 2)

	r.add(Number{Name: Text{"draws", "样本数"}, Value: float64(n)})
	counts := tally(from, m.Components())
	for k, w := range m.Weights() {
		share := counts[k] / float64(n)
		r.add(
			Number{Name: Text{fmt.Sprintf("weight of component %d", k+1), fmt.Sprintf("分量 %d 的权重", k+1)}, Value: w},
			Number{Name: Text{fmt.Sprintf("share of draws from component %d", k+1), fmt.Sprintf("来自分量 %d 的样本比例", k+1)}, Value: share, StdErr: math.Sqrt(w * (1 - w) / float64(n))},
		)
	}
	mean, covariance := m.Moments()
	for j, name := range []Text{{"eruption", "喷发时长"}, {"waiting", "等待时间"}} {
		sum := 0.0
		for i := range n {
			sum += x.At(i, j)
		}
		r.add(
			Number{Name: Text{"mean of " + name.EN + " in theory", name.ZH + "均值（理论）"}, Value: mean[j], Unit: minutes},
			Number{Name: Text{"mean of " + name.EN + " of the draws", name.ZH + "均值（样本）"}, Value: sum / float64(n), StdErr: math.Sqrt(covariance.At(j, j) / float64(n)), Unit: minutes},
		)
	}
	for _, p := range []struct {
		name  Text
		value float64
	}{
		{Text{"p-value of the counts", "个数检验的 p 值"}, right.counts},
		{Text{"p-value of the mean", "均值检验的 p 值"}, right.mean},
		{Text{"p-value of the covariance", "协方差检验的 p 值"}, right.covariance},
		{Text{"corrected p-value with equal weights (control)", "等权抽样的校正 p 值（对照）"}, wrong.smallest()},
	} {
		r.add(Number{Name: p.name, Value: p.value, PValue: true})
	}
	r.Verdict, r.Reason = judgeSampling(right.smallest(), wrong.smallest())
	if err := drawStrip(r, m, x, from); err != nil {
		return err
	}
	return drawShares(r, m, from)
}

// drawStrip shows the first draws, the data's place by ellipses.
func drawStrip(r *Record, m *gmm.Model, x *mat.Dense, from []int) error {
	var panels []figure.ScatterPanel
	var outlines []*mat.Dense
	for k := range m.Components() {
		outlines = append(outlines, m.Ellipse(k, 0.9, 90))
	}
	table := Table{Name: "draws", Columns: []string{"component", "eruption (min)", "waiting (min)"}}
	for _, n := range []int{10, 100, 1000} {
		p := figure.ScatterPanel{Title: fmt.Sprintf("%d draws", n), Outlines: outlines, OutlineName: "holds 90 % of a component"}
		for k := range m.Components() {
			var rows []float64
			for i := range n {
				if from[i] == k {
					rows = append(rows, x.RawRowView(i)...)
				}
			}
			if rows != nil {
				p.Groups = append(p.Groups, figure.Group{Name: fmt.Sprintf("component %d", k+1), Points: mat.NewDense(len(rows)/2, 2, rows)})
			}
		}
		panels = append(panels, p)
	}
	for i := range 100 {
		table.Rows = append(table.Rows, []float64{float64(from[i] + 1), x.At(i, 0), x.At(i, 1)})
	}
	f, err := figure.Scatters("Draws in two steps: a component, then its Gaussian", panels, [2]string{"length of an eruption (min)", "wait to the next (min)"})
	return r.draw("sampling", Text{
		"The first 10, 100 and 1000 draws from a mixture of three Gaussians. Colour and shape tell which component a draw came from.",
		"从三个高斯的混合模型中抽出的前 10、100、1000 个样本。颜色和形状表示样本来自哪个分量。",
	}, []Table{table}, f, err)
}

// drawShares shows how the shares of the components near their weights.
func drawShares(r *Record, m *gmm.Model, from []int) error {
	weights := m.Weights()
	table := Table{Name: "shares", Columns: []string{"draws"}}
	curves := make([]figure.Curve, len(weights))
	for k := range curves {
		curves[k].Name = fmt.Sprintf("share of component %d", k+1)
		table.Columns = append(table.Columns, curves[k].Name)
	}
	var references []figure.Reference
	for k, w := range weights {
		references = append(references, figure.Reference{Name: fmt.Sprintf("weight %d", k+1), Value: w})
	}
	for n := 10; n <= len(from); n = int(math.Ceil(float64(n) * 1.2589)) {
		row := []float64{float64(n)}
		for k, count := range tally(from[:n], len(weights)) {
			share := count / float64(n)
			curves[k].X = append(curves[k].X, float64(n))
			curves[k].Y = append(curves[k].Y, share)
			curves[k].StdErr = append(curves[k].StdErr, math.Sqrt(weights[k]*(1-weights[k])/float64(n)))
			row = append(row, share)
		}
		table.Rows = append(table.Rows, row)
	}
	f, err := figure.Curves("Shares of the components among the draws", figure.CurvesAxes{X: "number of draws", Y: "share of the draws", LogX: true}, curves, references)
	return r.draw("sampling-shares", Text{
		"The share of each component among the first N draws, with its standard error in theory. The dashed lines are the weights.",
		"前 N 个样本中各分量所占的比例，阴影为理论标准误。虚线是各分量的权重。",
	}, []Table{table}, f, err)
}
