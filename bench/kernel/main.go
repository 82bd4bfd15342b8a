// Command kernel measures the matrix products and elementwise functions of
// internal/kernel beside gonum's, beside OpenBLAS where Debian's
// libopenblas-dev and a C compiler are installed, and beside loops over package
// math.
//
//	go run ./bench/kernel              a table of the products
//	go run ./bench/kernel --json       the same, one JSON object a line
//	go run ./bench/kernel --functions  the elementwise functions
//
// All contenders use as many threads as GOMAXPROCS says. They take turns:
// each round times each of them once, and what is printed is the median of the
// rounds' speeds and of the rounds' ratios. A ratio above one means that this
// project's kernel is faster.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"time"

	"likely/internal/kernel"
)

// shape is m×k×n for the product of an m×k and a k×n matrix.
type shape struct{ m, k, n int }

func (s shape) String() string { return fmt.Sprintf("%dx%dx%d", s.m, s.k, s.n) }

var shapes = []shape{
	{20, 784, 200}, {100, 784, 200}, {128, 784, 500}, {100, 200, 50}, {1000, 784, 500},
	{5000, 50, 200}, {60000, 50, 50}, {512, 512, 512}, {2000, 2000, 2000},
}

// measurement is one line of the output.
type measurement struct {
	Shape         string   `json:"shape"`
	Precision     string   `json:"precision"`
	Form          string   `json:"form"`
	GFLOPS        float64  `json:"gflops"`
	Gonum         float64  `json:"gonum_gflops"`
	OpenBLAS      *float64 `json:"openblas_gflops,omitempty"`
	RatioGonum    float64  `json:"ratio_gonum"`
	RatioOpenBLAS *float64 `json:"ratio_openblas,omitempty"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("kernel: ")
	asJSON := flag.Bool("json", false, "one JSON object a line")
	functions := flag.Bool("functions", false, "measure the elementwise functions instead of the products")
	rounds := flag.Int("rounds", 7, "times that each contender is measured")
	only := flag.String("shape", "", "measure only this shape, such as 20x784x200")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	fmt.Fprintf(os.Stderr, "kernels: %s, threads: %d, rounds: %d\n", kernel.Setting(), runtime.GOMAXPROCS(0), *rounds)
	if *functions {
		measureFunctions(*rounds, *asJSON)
		return
	}
	blas, err := startOpenBLAS()
	if err != nil {
		fmt.Fprintf(os.Stderr, "without OpenBLAS: %v\n", err)
	} else {
		defer blas.stop()
	}
	out := output{asJSON: *asJSON}
	for _, s := range shapes {
		if *only != "" && *only != s.String() {
			continue
		}
		measureShape[float32](&out, s, "float32", *rounds, blas)
		measureShape[float64](&out, s, "float64", *rounds, blas)
	}
	out.summary()
}

func measureShape[T kernel.Float](out *output, s shape, precision string, rounds int, blas *openBLAS) {
	for form := range 4 {
		p := newProduct[T](s, form&2 != 0, form&1 != 0)
		contenders := []contender{p.ours, p.gonum}
		if blas != nil {
			contenders = append(contenders, func(calls int) (time.Duration, error) {
				return blas.time(precision, s, p.transA, p.transB, calls)
			})
		}
		speed, ratio, err := race(contenders, 2*float64(s.m)*float64(s.k)*float64(s.n), rounds)
		if err != nil {
			log.Fatal(err)
		}
		m := measurement{
			Shape: s.String(), Precision: precision, Form: []string{"NN", "NT", "TN", "TT"}[form],
			GFLOPS: speed[0], Gonum: speed[1], RatioGonum: ratio[1],
		}
		if blas != nil {
			m.OpenBLAS, m.RatioOpenBLAS = &speed[2], &ratio[2]
		}
		out.add(m)
	}
}

// contender runs something a number of times and says how long that took.
type contender func(calls int) (time.Duration, error)

// race lets the contenders take turns and returns the medians of their speeds,
// in 10⁹ operations a second, and of the first one's lead over each.
func race(contenders []contender, operations float64, rounds int) (speed, ratio []float64, err error) {
	calls := make([]int, len(contenders))
	for i, c := range contenders {
		var err error
		if calls[i], err = enough(c); err != nil {
			return nil, nil, err
		}
	}
	speeds, ratios := make([][]float64, len(contenders)), make([][]float64, len(contenders))
	for range rounds {
		for i, c := range contenders {
			d, err := c(calls[i])
			if err != nil {
				return nil, nil, err
			}
			speeds[i] = append(speeds[i], operations*float64(calls[i])/d.Seconds()/1e9)
			first := speeds[0][len(speeds[0])-1]
			ratios[i] = append(ratios[i], first/speeds[i][len(speeds[i])-1])
		}
	}
	for i := range contenders {
		speed = append(speed, median(speeds[i]))
		ratio = append(ratio, median(ratios[i]))
	}
	return speed, ratio, nil
}

// enough returns how many calls a turn takes for them to last long beside what
// a turn begins with: threads that sleep, and caches full of the others' data.
func enough(c contender) (calls int, err error) {
	const least = 10 * time.Millisecond
	for calls = 1; ; calls *= 2 {
		d, err := c(calls)
		if err != nil {
			return 0, err
		}
		if d >= least {
			return calls, nil
		}
	}
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[n/2] + x[(n-1)/2]) / 2
}

// output prints measurements as they come and sums them up in the end.
type output struct {
	asJSON bool
	all    []measurement
}

func (o *output) add(m measurement) {
	o.all = append(o.all, m)
	if o.asJSON {
		line, err := json.Marshal(m)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(line))
		return
	}
	if len(o.all) == 1 {
		fmt.Printf("%-15s %-8s %-4s %8s %8s %8s %8s %8s\n", "m×k×n", "", "form", "GFLOP/s", "gonum", "ratio", "OpenBLAS", "ratio")
	}
	fmt.Printf("%-15s %-8s %-4s %8.1f %8.1f %8.2f", m.Shape, m.Precision, m.Form, m.GFLOPS, m.Gonum, m.RatioGonum)
	if m.OpenBLAS != nil {
		fmt.Printf(" %8.1f %8.2f", *m.OpenBLAS, *m.RatioOpenBLAS)
	}
	fmt.Println()
}

func (o *output) summary() {
	if o.asJSON || len(o.all) == 0 {
		return
	}
	for _, precision := range []string{"float32", "float64"} {
		var gonum, blas []float64
		for _, m := range o.all {
			if m.Precision != precision {
				continue
			}
			gonum = append(gonum, m.RatioGonum)
			if m.RatioOpenBLAS != nil {
				blas = append(blas, *m.RatioOpenBLAS)
			}
		}
		fmt.Printf("%s: to gonum, median %.2f, least %.2f", precision, median(gonum), slices.Min(gonum))
		if len(blas) > 0 {
			fmt.Printf("; to OpenBLAS, median %.2f, least %.2f", median(blas), slices.Min(blas))
		}
		fmt.Println()
	}
}
