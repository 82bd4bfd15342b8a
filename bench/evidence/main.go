// Command evidence measures how fast log p(x) is estimated, beside PyTorch on the
// same machine, and how far the estimate can be trusted.
//
//	go run ./bench/evidence FOLDER
//
// FOLDER holds the four files of MNIST. Speed: importance sampling with 5000 codes a
// row from the encoder of a network 784-200-200-50 with Bernoulli pixels, by the
// default ladder of proposals and by PyTorch, which draws from the encoder alone, the
// two taking turns; and annealed importance sampling with Hamiltonian transitions. These networks are hardly
// trained: their weights do not change the time. Without a python3 that has torch, the
// figures of this system stand alone.
//
// Trust (--trust-rows): networks with codes of several sizes, trained here or saved by
// compare (--model), on test rows: the share of rows with too large a k̂, the
// evaluations of p(x|z), and the difference from annealing with thousands of
// temperatures, for the default and for draws from the encoder alone. Chains start at a
// normal 1.5 times as wide as the encoder's.
//
// --json writes all of it as one JSON object on stdout.
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
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

func main() {
	o := options{codes: []int{10, 20, 50}}
	flag.IntVar(&o.rows, "rows", 100, "test rows for the speed of importance sampling; 0: none")
	flag.IntVar(&o.samples, "samples", 5000, "codes for each")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each side")
	flag.IntVar(&o.chains, "chains", 16, "annealed chains for each row")
	flag.IntVar(&o.annealed, "annealed-rows", 100, "test rows for annealing; 0: none")
	flag.IntVar(&o.temperatures, "temperatures", 1000, "steps of the annealing schedule")
	flag.IntVar(&o.trustRows, "trust-rows", 0, "test rows on which the default is set beside the encoder's draws; 0: none")
	flag.IntVar(&o.referenceRows, "reference-rows", 100, "how many of them are annealed; 0: none")
	flag.IntVar(&o.referenceTemperatures, "reference-temperatures", 5000, "steps of that schedule")
	flag.IntVar(&o.referenceChains, "reference-chains", 2, "chains for each of these rows")
	flag.StringVar(&o.references, "references", "", "a folder that keeps what was annealed, for another run")
	flag.IntVar(&o.epochs, "epochs", 10, "passes of training for the networks of --trust-rows")
	flag.Func("codes", "sizes of the code of these networks (default 10,20,50)", func(text string) error { return o.parseCodes(text) })
	flag.Func("model", "a model saved by compare, in the place of training; may be repeated", func(file string) error {
		o.models = append(o.models, file)
		return nil
	})
	flag.BoolVar(&o.json, "json", false, "write the figures as JSON")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "a python with torch")
	flag.Parse()
	if flag.NArg() != 1 || o.rows < 0 || o.samples < 2 || o.rounds < 1 || o.chains < 1 || o.annealed < 0 || o.temperatures < 1 || o.trustRows < 0 || o.referenceRows < 0 || o.referenceTemperatures < 1 || o.referenceChains < 1 || o.epochs < 1 {
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

	trustRows, referenceRows, referenceTemperatures, referenceChains, epochs int
	references                                                               string
	codes                                                                    []int
	models                                                                   []string
	json                                                                     bool
}

// parseCodes reads a list such as 10,20,50.
func (o *options) parseCodes(text string) error {
	o.codes = nil
	for part := range strings.SplitSeq(text, ",") {
		l, err := strconv.Atoi(part)
		if err != nil || l < 1 {
			return fmt.Errorf("%q is no size of a code", part)
		}
		o.codes = append(o.codes, l)
	}
	return nil
}

// figures is what --json writes.
type figures struct {
	Threads   int       `json:"threads"`
	Sampling  *speed    `json:"importance_sampling,omitempty"`
	Annealing *annealed `json:"annealing,omitempty"`
	Trust     []*trust  `json:"trust,omitempty"`
}

// speed is in evaluations of p(x|z) a second.
type speed struct {
	Rows    int     `json:"rows"`
	Samples int     `json:"samples"`
	Ladder  float64 `json:"evaluations_per_second"`
	Encoder float64 `json:"encoder_evaluations_per_second"`
	// Torch is its median at the number of threads that is faster, and Ratio the median
	// of the ladder over it; Settings are what it chose in each run.
	Torch    *float64   `json:"torch_evaluations_per_second,omitempty"`
	Ratio    *float64   `json:"ratio,omitempty"`
	Settings []torchRun `json:"torch_runs,omitempty"`
}

// torchRun is the line that torch_evidence.py prints.
type torchRun struct {
	Speed   float64 `json:"codes_per_second"`
	Threads int     `json:"threads"`
	Variant string  `json:"variant"`
	Chunk   int     `json:"chunk"`
	Wait    string  `json:"wait"`
	Version string  `json:"torch"`
}

type annealed struct {
	Seconds     float64 `json:"seconds"`
	Evaluations int64   `json:"evaluations"`
}

// printf writes what a person reads, unless JSON was asked for.
func (o *options) printf(format string, args ...any) {
	if !o.json {
		fmt.Printf(format, args...)
	}
}

func (o *options) run(folder string) error {
	ctx := context.Background()
	out := figures{Threads: runtime.GOMAXPROCS(0)}
	if err := o.speeds(ctx, folder, &out); err != nil {
		return err
	}
	var err error
	if o.trustRows > 0 {
		if out.Trust, err = o.trustAll(ctx, folder); err != nil {
			return err
		}
	}
	if !o.json {
		return nil
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		fmt.Printf("%s\n", text)
	}
	return err
}

// speeds measures importance sampling and annealing, each where rows are asked for.
func (o *options) speeds(ctx context.Context, folder string, out *figures) error {
	if max(o.rows, o.annealed) == 0 {
		return nil
	}
	m, test, err := model(ctx, folder, max(o.rows, o.annealed))
	if err != nil {
		return err
	}
	o.printf("784-200-200-50, Bernoulli, %d threads\n", out.Threads)
	if o.rows > 0 {
		if out.Sampling, err = o.sampling(ctx, m, density.Rows(test, 0, o.rows), folder); err != nil {
			return err
		}
	}
	if o.annealed == 0 {
		return nil
	}
	begin := time.Now()
	a, err := eval.Anneal(ctx, m, density.Rows(test, 0, o.annealed), eval.AnnealSettings{Chains: o.chains, Temperatures: o.temperatures, Leapfrogs: 10, Seed: 1})
	if err != nil {
		return err
	}
	out.Annealing = &annealed{time.Since(begin).Seconds(), a.Spent}
	o.printf("annealing, %d rows × %d chains × %d temperatures × 10 leapfrogs: %.0f s, %.0f thousand decoder evaluations a second\n",
		o.annealed, o.chains, o.temperatures, out.Annealing.Seconds, float64(a.Spent)/out.Annealing.Seconds/1e3)
	return nil
}

// sampling measures the evaluations that each side makes in a second.
func (o *options) sampling(ctx context.Context, m *vae.Model, x *mat.Dense, folder string) (*speed, error) {
	var climbing, plain, there, ratios []float64
	var missing error
	timed := func(q density.Proposal) (float64, error) {
		begin := time.Now()
		r, err := eval.LogProb(ctx, m, q, x, eval.Settings{Samples: o.samples, Seed: 1, Measure: density.Binary})
		if err != nil {
			return 0, err
		}
		return float64(r.Spent) / time.Since(begin).Seconds(), nil
	}
	out := &speed{Rows: o.rows, Samples: o.samples}
	for range o.rounds {
		for _, side := range []struct {
			q  density.Proposal
			to *[]float64
		}{{elbo.Adaptive(m, m.Encoder()), &climbing}, {m.Encoder(), &plain}} {
			v, err := timed(side.q)
			if err != nil {
				return out, err
			}
			*side.to = append(*side.to, v)
		}
		best, err := o.torch(folder, out)
		if err != nil {
			missing = err
			continue
		}
		there = append(there, best)
		ratios = append(ratios, climbing[len(climbing)-1]/best)
	}
	out.Ladder, out.Encoder = median(climbing), median(plain)
	o.printf("importance sampling, %d rows × %d codes: %.0f thousand evaluations of p(x|z) a second by the ladder, %.0f from the encoder alone\n",
		o.rows, o.samples, out.Ladder/1e3, out.Encoder/1e3)
	if len(there) == 0 {
		fmt.Fprintln(os.Stderr, missing)
		return out, nil
	}
	torch, ratio := median(there), median(ratios)
	out.Torch, out.Ratio = &torch, &ratio
	for _, r := range out.Settings {
		o.printf("  PyTorch %s, %d threads (OMP_WAIT_POLICY=%s), %s, chunks of %d: %.0f thousand\n", r.Version, r.Threads, r.Wait, r.Variant, r.Chunk, r.Speed/1e3)
	}
	o.printf("PyTorch from the encoder, the better in each round: %.0f thousand; ladder over PyTorch %.2f\n", torch/1e3, ratio)
	return out, nil
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

// torch runs the script beside this file with one thread and with all, waiting threads
// asleep, and returns the better speed.
func (o *options) torch(folder string, out *speed) (float64, error) {
	_, file, _, _ := runtime.Caller(0)
	best := 0.0
	for _, threads := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
		cmd := exec.Command(o.python, filepath.Join(filepath.Dir(file), "torch_evidence.py"), "--data", folder,
			"--rows", strconv.Itoa(o.rows), "--samples", strconv.Itoa(o.samples), "--threads", strconv.Itoa(threads))
		cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=PASSIVE", "OMP_NUM_THREADS="+strconv.Itoa(threads))
		text, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("without PyTorch: %w", err)
		}
		var line torchRun
		if err := json.Unmarshal(text, &line); err != nil {
			return 0, err
		}
		out.Settings = append(out.Settings, line)
		best = max(best, line.Speed)
	}
	return best, nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[n/2] + x[(n-1)/2]) / 2
}
