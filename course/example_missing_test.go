package course_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/query"
	"likely/saved"
)

func Example_missing() {
	ctx := context.Background()
	data, err := dataset.Open("faithful") // eruption and wait, in minutes
	if err != nil {
		log.Fatal(err)
	}
	m, _, err := gmm.Fit(ctx, data.X, gmm.Settings{Components: 2}, density.NewSource(1, "missing page"))
	if err != nil {
		log.Fatal(err)
	}
	prepared := saved.NewPreparation(data, false, dataset.NotBinarized, 1)
	prepared.Transform = density.NewIdentity(2)
	q, err := query.New(&saved.Model{Name: "mixture", Fitted: m, Preparation: prepared}, query.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	// Three eruptions. Of the last one nothing is known.
	rows := mat.NewDense(3, 2, []float64{2, math.NaN(), 4.5, math.NaN(), math.NaN(), math.NaN()})
	waits, err := q.Column(ctx, rows, 1)
	if err != nil {
		log.Fatal(err)
	}
	for i := range waits {
		fmt.Printf("eruption %.1f: wait %.0f ± %.0f min\n", rows.At(i, 0), waits[i].Mean(), waits[i].StdDev())
	}
	// Output:
	// eruption 2.0: wait 54 ± 6 min
	// eruption 4.5: wait 81 ± 6 min
	// eruption NaN: wait 71 ± 14 min
}
