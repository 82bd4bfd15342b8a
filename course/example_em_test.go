package course_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

func Example_em() {
	// Four numbers, two components, and a first guess of who belongs where.
	x := mat.NewDense(4, 1, []float64{0, 1, 5, 7})
	q := mat.NewDense(4, 2, []float64{0.8, 0.2, 0.6, 0.4, 0.4, 0.6, 0.2, 0.8})
	run, err := gmm.NewEM(x, q, gmm.Settings{Components: 2})
	if err != nil {
		log.Fatal(err)
	}
	bound := func(m *gmm.Model, q *mat.Dense) (sum float64) {
		prior := m.LogPrior(nil, m.States())
		for i := range 4 {
			lik := m.LogLik(nil, density.Rows(x, i, i+1), m.States())
			for k, share := range q.RawRowView(i) {
				sum += share * (lik[k] + prior[k] - math.Log(share)) / 4
			}
		}
		return sum
	}
	for range 3 {
		if err := run.Step(context.Background()); err != nil { // the M-step
			log.Fatal(err)
		}
		m := run.Model()
		fmt.Printf("log p %.4f   after M %.4f", run.LogLik(), bound(m, q))
		q = m.Responsibilities(nil, x) // the E-step
		fmt.Printf("   after E %.4f\n", bound(m, q))
	}
	// Output:
	// log p -2.4611   after M -2.4698   after E -2.4611
	// log p -2.4551   after M -2.4586   after E -2.4551
	// log p -2.4420   after M -2.4498   after E -2.4420
}
