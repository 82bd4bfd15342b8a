package course_test

import (
	"fmt"
	"math"
)

func Example_regulariser() {
	kl := func(sd, m float64) float64 { return (sd*sd - 1 - 2*math.Log(sd) + m*m) / 2 }
	article := func(sigma, m float64) float64 { return math.Exp(sigma) - (1 + sigma) + m*m }
	const sd, m = 0.1, 0.3 // a code that the decoder needs precisely
	fmt.Printf("KL                                %.3f nats\n", kl(sd, m))
	fmt.Printf("exp(σ) is the standard deviation  %.3f\n", article(math.Log(sd), m))
	fmt.Printf("exp(σ) is the variance            %.3f\n", article(math.Log(sd*sd), m))
	// Output:
	// KL                                1.853 nats
	// exp(σ) is the standard deviation  1.493
	// exp(σ) is the variance            3.705
}
