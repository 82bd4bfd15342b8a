package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"time"

	"likely/internal/kernel"
)

// functionMeasurement is one line about an elementwise function.
type functionMeasurement struct {
	Function  string  `json:"function"`
	Precision string  `json:"precision"`
	Speed     float64 `json:"elements_per_second"`
	Loop      float64 `json:"loop_elements_per_second"`
	Ratio     float64 `json:"ratio_loop"`
}

func measureFunctions(rounds int, asJSON bool) {
	if !asJSON {
		fmt.Printf("%-9s %-8s %12s %12s %8s\n", "function", "", "10⁶/s", "loop, 10⁶/s", "ratio")
	}
	measureFunctionsOf[float32]("float32", rounds, asJSON)
	measureFunctionsOf[float64]("float64", rounds, asJSON)
}

func measureFunctionsOf[T kernel.Float](precision string, rounds int, asJSON bool) {
	x, y := make([]T, 4096), make([]T, 4096)
	for i := range x {
		x[i] = T(math.Mod(float64(i)*0.7548776662, 16)) - 8
	}
	positive := make([]T, len(x))
	kernel.Exp(positive, x)
	activate := func(a kernel.Activation) func(dst, x []T) {
		return func(dst, x []T) { kernel.Activate(a, dst, x) }
	}
	for _, f := range []struct {
		name string
		in   []T
		ours func(dst, x []T)
		loop func(float64) float64
	}{
		{"exp", x, kernel.Exp[T], math.Exp},
		{"log", positive, kernel.Log[T], math.Log},
		{"tanh", x, activate(kernel.Tanh), math.Tanh},
		{"sigmoid", x, activate(kernel.Sigmoid), func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"softplus", x, activate(kernel.Softplus), func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		{"elu", x, activate(kernel.ELU), func(x float64) float64 {
			if x > 0 {
				return x
			}
			return math.Expm1(x)
		}},
		{"gelu", x, activate(kernel.GELU), func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }},
	} {
		timed := func(pass func()) contender {
			return func(calls int) (time.Duration, error) {
				start := time.Now()
				for range calls {
					pass()
				}
				return time.Since(start), nil
			}
		}
		speed, ratio, err := race([]contender{
			timed(func() { f.ours(y, f.in) }),
			timed(func() {
				for i, v := range f.in {
					y[i] = T(f.loop(float64(v)))
				}
			}),
		}, float64(len(x)), rounds)
		if err != nil {
			log.Fatal(err)
		}
		m := functionMeasurement{f.name, precision, speed[0] * 1e9, speed[1] * 1e9, ratio[1]}
		if asJSON {
			line, err := json.Marshal(m)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(string(line))
			continue
		}
		fmt.Printf("%-9s %-8s %12.0f %12.0f %8.1f\n", m.Function, m.Precision, m.Speed/1e6, m.Loop/1e6, m.Ratio)
	}
}
