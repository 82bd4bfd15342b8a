package vae

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// BenchmarkStep measures one optimiser step of the architecture of Burda et
// al. (2016) on random binary rows. examples/s counts training rows; GFLOP/s
// counts the products alone, 6 operations a weight and row but 4 in the first
// layer, which needs no gradient of its input.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		hidden []int
		batch  int
		norm   Norm
		prior  Prior
	}{
		{hidden: []int{200, 200}, batch: 20}, {hidden: []int{200, 200}, batch: 100},
		{hidden: []int{500, 500}, batch: 20}, {hidden: []int{500, 500}, batch: 100},
		{hidden: []int{200, 200}, batch: 100, norm: LayerNorm},
		{hidden: []int{200, 200}, batch: 100, prior: LearnedMixture(20)},
		{hidden: []int{200, 200}, batch: 100, prior: Vamp(500)},
	} {
		b.Run(fmt.Sprintf("hidden=%d/batch=%d/norm=%v/prior=%v", c.hidden[0], c.batch, c.norm, c.prior), func(b *testing.B) {
			const n, d = 2000, 784
			random := rand.New(source(1))
			x := mat.NewDense(n, d, nil)
			x.Apply(func(_, _ int, _ float64) float64 { return float64(random.IntN(2)) }, x)
			config := Config{Dim: d, Latent: 50, Hidden: c.hidden, Likelihood: Bernoulli, Norm: c.norm, Prior: c.prior}
			t := newTrainState(newNetwork[float32](config), Settings{Batch: c.batch, Samples: 1}, x, nil, density.NewIdentity(d), density.NewIdentity(d), 1)
			defer t.close()
			t.shuffle(0)
			step := 0
			for b.Loop() {
				from := step * c.batch % (n - c.batch)
				if where := t.step(from, from+c.batch, 1e-3); where != "" {
					b.Fatal(where)
				}
				step++
			}
			var weights float64
			for _, net := range []struct{ in, out int }{{d, 100}, {50, d}} {
				widths := append([]int{net.in}, c.hidden...)
				widths = append(widths, net.out)
				for i := range len(widths) - 1 {
					weights += 6 * float64(widths[i]*widths[i+1])
				}
			}
			weights -= 2 * float64(d*c.hidden[0])
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(step*c.batch)/seconds, "examples/s")
			b.ReportMetric(weights*float64(step*c.batch)/seconds/1e9, "GFLOP/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
