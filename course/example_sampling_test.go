package course_test

import (
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

func Example_sampling() {
	// Three Gaussians on a line.
	means, variances := mat.NewDense(3, 1, []float64{-2, 1, 5}), mat.NewDense(3, 1, []float64{1, 0.25, 1})
	m, err := gmm.NewDiagonal([]float64{0.5, 0.3, 0.2}, means, variances)
	if err != nil {
		log.Fatal(err)
	}
	const n = 100_000
	src := density.NewSource(1, "sampling page")
	z := mat.NewDense(n, 1, nil)
	m.RandPrior(z, src) // first the component
	sum := 0.0
	for i := range n {
		k := int(z.At(i, 0))
		normal, err := density.NewDiagonalNormal(means.RawRowView(k), variances.RawRowView(k))
		if err != nil {
			log.Fatal(err)
		}
		x := mat.NewDense(1, 1, nil)
		normal.Rand(x, src) // then its Gaussian
		sum += x.At(0, 0)
	}
	mean, _ := m.Moments()
	fmt.Printf("mean of the draws %.2f, in theory %.2f\n", sum/n, mean[0])
	// Output:
	// mean of the draws 0.30, in theory 0.30
}
