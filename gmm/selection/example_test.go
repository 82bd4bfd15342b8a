package selection_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
)

// How many clusters of patients are there in diabetes? Three components are not
// refuted by four. (The row that our copy has otherwise than the published one is put
// right; the published statistics, 369.985, 121.107 and 19.901 with p = .001, .001 and
// .283, compare lower optima than these.)
func ExampleTestComponents() {
	d, err := dataset.Open("diabetes")
	if err != nil {
		log.Fatal(err)
	}
	x := mat.DenseCopyOf(d.X)
	x.Set(103, 1, 455)
	for k := 1; k <= 3; k++ {
		fit := gmm.Settings{Components: k, Start: gmm.Hierarchical, SplitMerge: 1}
		r, err := selection.TestComponents(context.Background(), x, fit, 39, density.NewSource(1, "example"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d against %d: 2(ℓ′−ℓ) = %.3f nats, p = %.3f\n", k, k+1, r.Statistic, r.PValue)
	}
	// Output:
	// 1 against 2: 2(ℓ′−ℓ) = 395.305 nats, p = 0.025
	// 2 against 3: 2(ℓ′−ℓ) = 95.837 nats, p = 0.025
	// 3 against 4: 2(ℓ′−ℓ) = 20.151 nats, p = 0.450
}
