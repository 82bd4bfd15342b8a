// Command evidence measures how fast log p(x) is estimated, beside PyTorch on the
// same machine: importance sampling with 5000 codes a row from the encoder of a
// network 784-200-200-50 with Bernoulli pixels, the two sides taking turns; and
// annealed importance sampling with Hamiltonian transitions.
//
//	go run ./bench/evidence FOLDER
//
// FOLDER holds the four files of MNIST. The networks are hardly trained: their
// weights do not change the time. Without a python3 that has torch, the figures
// of this system stand alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/vae"
)

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 100, "test rows for importance sampling")
	flag.IntVar(&o.samples, "samples", 5000, "codes for each")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each side")
	flag.IntVar(&o.chains, "chains", 16, "annealed chains for each row")
	flag.IntVar(&o.annealed, "annealed-rows", 100, "test rows for annealing; 0: none")
	flag.IntVar(&o.temperatures, "temperatures", 1000, "steps of the annealing schedule")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "a python with torch")
	flag.Parse()
	if flag.NArg() != 1 || o.rows < 1 || o.samples < 2 || o.rounds < 1 || o.chains < 1 || o.annealed < 0 || o.temperatures < 1 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/evidence [flags] FOLDER")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err := o.run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

type options struct {
	rows, samples, rounds, chains, annealed, temperatures int
	python                                                string
}

func (o *options) run(folder string) error {
	ctx := context.Background()
	m, test, err := model(ctx, folder, max(o.rows, o.annealed))
	if err != nil {
		return err
	}
	fmt.Printf("784-200-200-50, Bernoulli, %d threads\n", runtime.GOMAXPROCS(0))
	if err := o.sampling(ctx, m, density.Rows(test, 0, o.rows), folder); err != nil {
		return err
	}
	if o.annealed == 0 {
		return nil
	}
	begin := time.Now()
	a, err := eval.Anneal(ctx, m, density.Rows(test, 0, o.annealed), eval.AnnealSettings{Chains: o.chains, Temperatures: o.temperatures, Leapfrogs: 10, Seed: 1})
	if err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	fmt.Printf("annealing, %d rows × %d chains × %d temperatures × 10 leapfrogs: %.0f s, %.0f thousand decoder evaluations a second\n",
		o.annealed, o.chains, o.temperatures, seconds, float64(a.Spent)/seconds/1e3)
	return nil
}

// sampling prints the codes that each side evaluates in a second.
func (o *options) sampling(ctx context.Context, m *vae.Model, x *mat.Dense, folder string) error {
	var here, there, ratios []float64
	var missing error
	for range o.rounds {
		begin := time.Now()
		if _, err := eval.LogProb(ctx, m, m.Encoder(), x, eval.Settings{Samples: o.samples, Seed: 1, Measure: density.Binary}); err != nil {
			return err
		}
		here = append(here, float64(o.rows*o.samples)/time.Since(begin).Seconds())
		speed, err := o.torch(folder)
		if err != nil {
			missing = err
			continue
		}
		there = append(there, speed)
		ratios = append(ratios, here[len(here)-1]/speed)
	}
	fmt.Printf("importance sampling, %d rows × %d codes: %.0f thousand codes a second; 10,000 rows × 5000 would take %.0f s\n",
		o.rows, o.samples, median(here)/1e3, 10_000*5000/median(here))
	if len(there) == 0 {
		fmt.Fprintln(os.Stderr, missing)
		return nil
	}
	fmt.Printf("PyTorch: %.0f thousand; ratio %.2f\n", median(there)/1e3, median(ratios))
	return nil
}

// model trains for a few steps, so that the network is no special case, and
// returns it with the test rows, binarised once.
func model(ctx context.Context, folder string, rows int) (*vae.Model, *mat.Dense, error) {
	train, test, err := dataset.OpenPair(folder, dataset.Options{Limit: max(rows, 2000)})
	if err != nil {
		return nil, nil, err
	}
	if test == nil {
		return nil, nil, fmt.Errorf("%s has no test rows; want a folder with the four files of MNIST", folder)
	}
	if train, err = train.Head(2000).BinarizeStatic(1); err != nil {
		return nil, nil, err
	}
	if test, err = test.BinarizeStatic(1); err != nil {
		return nil, nil, err
	}
	m, _, err := vae.Fit(ctx, train.X, nil, vae.Settings{Latent: 50, Likelihood: vae.Bernoulli, Batch: 20, Epochs: 1, Schedule: vae.Constant}, rand.NewPCG(1, 1))
	return m, test.X, err
}

// torch runs the script beside this file.
func (o *options) torch(folder string) (float64, error) {
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(o.python, filepath.Join(filepath.Dir(file), "torch_evidence.py"), "--data", folder,
		"--rows", strconv.Itoa(o.rows), "--samples", strconv.Itoa(o.samples), "--threads", strconv.Itoa(runtime.GOMAXPROCS(0)))
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("without PyTorch: %w", err)
	}
	var line struct {
		Speed float64 `json:"codes_per_second"`
	}
	return line.Speed, json.Unmarshal(out, &line)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[n/2] + x[(n-1)/2]) / 2
}
