package course_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

func Example_decoderOnly() {
	// Two clear groups on a line, and the mixture that fits them.
	x := mat.NewDense(4, 1, []float64{-3.1, -2.9, 2.9, 3.1})
	right := mat.NewDense(4, 2, []float64{1, 0, 1, 0, 0, 1, 0, 1})
	// A q that knows nothing: each row belongs to both components alike.
	blind := mat.NewDense(4, 2, []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5})
	for _, q := range []*mat.Dense{right, blind} {
		run, err := gmm.NewEM(x, q, gmm.Settings{Components: 2})
		if err != nil {
			log.Fatal(err)
		}
		if err := run.Step(context.Background()); err != nil { // the decoder alone
			log.Fatal(err)
		}
		fmt.Printf("log p %.2f nats per row\n", floats.Sum(run.Model().LogProb(nil, x))/4)
	}
	// Output:
	// log p 0.19 nats per row
	// log p -2.52 nats per row
}
