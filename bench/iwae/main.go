// Command iwae repeats an experiment of Burda, Grosse & Salakhutdinov
// (Importance Weighted Autoencoders, ICLR 2016, table 1): a network
// 784-200-200-50 with one stochastic layer, tanh and Bernoulli pixels, trained
// on MNIST with fresh bits at every access, and log p(x) of the test rows from
// 5000 importance samples each.
//
//	go run ./bench/iwae --stages 6 --checkpoint mnist.ckpt FOLDER
//
// FOLDER holds the four files of MNIST. Stage i lasts 3^(i−1) epochs; eight
// stages are the whole schedule, 3280 epochs. With --checkpoint an interrupted
// run goes on where it was, and a finished one of fewer stages is continued to
// more, when the same command is given again; --evaluate says what an interrupted
// one is worth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/internal/wholefile"
	"likely/vae"
)

func main() {
	var r reproduction
	flag.IntVar(&r.stages, "stages", 6, "stages of the schedule, 1 to 8")
	flag.IntVar(&r.draws, "k", 1, "codes drawn for each row in training; 2 or more: the k-sample bound (IWAE)")
	flag.IntVar(&r.samples, "samples", 5000, "importance samples for each test row")
	flag.IntVar(&r.rows, "test-rows", 0, "evaluate only the first test rows; 0: all")
	flag.Uint64Var(&r.seed, "seed", 1, "seed of all randomness")
	flag.StringVar(&r.checkpoint, "checkpoint", "", "file that keeps the state of the training")
	flag.BoolVar(&r.asItIs, "evaluate", false, "evaluate the checkpoint as it is, without more training")
	flag.Parse()
	if flag.NArg() != 1 || r.stages < 1 || r.stages > 8 || r.draws < 1 || r.samples < 1 || r.rows < 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/iwae [flags] FOLDER")
		flag.PrintDefaults()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.run(ctx, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "iwae:", err)
		os.Exit(1)
	}
}

type reproduction struct {
	stages, draws, samples, rows int
	seed                         uint64
	checkpoint                   string
	asItIs                       bool
}

// settings are those of the paper. It sums the gradient over the 20 rows of a
// minibatch with ε = 1e-4; on their mean, ε is a twentieth of that. Eight
// stages are asked for whatever the number to be run, so that a checkpoint can
// be continued.
func (r *reproduction) settings() vae.Settings {
	s := vae.Settings{
		Latent: 50, Hidden: []int{200, 200}, Likelihood: vae.Bernoulli, Dynamic: true,
		Batch: 20, Rate: 1e-3, Beta1: 0.99, Beta2: 0.999, Epsilon: 1e-4 / 20,
		Schedule: vae.Stages, Epochs: epochs(8),
	}
	if r.draws > 1 {
		s.Objective, s.Samples = vae.IWAE, r.draws
	}
	return s
}

// epochs returns the length of so many stages.
func epochs(stages int) int {
	n, length := 0, 1
	for range stages {
		n += length
		length *= 3
	}
	return n
}

func (r *reproduction) run(ctx context.Context, folder string) error {
	train, test, err := dataset.OpenPair(folder, dataset.Options{})
	if err != nil {
		return err
	}
	if test == nil {
		return fmt.Errorf("%s has no test rows; want a folder with the four files of MNIST", folder)
	}
	if r.rows > 0 {
		test = test.Head(r.rows)
	}
	if test, err = test.BinarizeStatic(r.seed); err != nil {
		return err
	}
	x := mat.DenseCopyOf(train.X)
	x.Scale(1.0/255, x)
	trainer, err := vae.NewTrainer(x, nil, r.settings(), rand.NewPCG(r.seed, r.seed))
	if err != nil {
		return err
	}
	defer trainer.Close()
	fmt.Printf("MNIST, %d training rows, 784-200-200-50, tanh, Bernoulli, k = %d, %d threads\n", train.Rows(), r.draws, runtime.GOMAXPROCS(0))
	if err := r.train(ctx, trainer); err != nil {
		return err
	}
	model, report, err := trainer.Model()
	if err != nil {
		return err
	}
	for _, w := range report.Warnings {
		fmt.Println("warning:", w)
	}
	return r.evaluate(ctx, model, test.X)
}

// train runs the stages, with a line for the end of each.
func (r *reproduction) train(ctx context.Context, t *vae.Trainer) error {
	done := 0
	if err := r.resume(t); err != nil {
		return err
	}
	if _, report, err := t.Model(); err == nil {
		done = len(report.History)
	}
	if r.asItIs {
		fmt.Printf("after %d epochs\n", done)
		return nil
	}
	saved := time.Now()
	for stage := 1; stage <= r.stages; stage++ {
		end := epochs(stage)
		begin, first := time.Now(), done
		for ; done < end; done++ {
			line, err := t.Epoch(ctx)
			if err != nil {
				return errors.Join(err, r.save(t))
			}
			if done+1 == end {
				fmt.Printf("stage %d: epochs %d to %d at rate %.4f in %.0f s; training bound %.2f nats, of which rate %.2f\n",
					stage, first+1, end, line.LearningRate, time.Since(begin).Seconds(), line.Train, line.Rate)
			}
			if time.Since(saved) > time.Minute {
				if err := r.save(t); err != nil {
					return err
				}
				saved = time.Now()
			}
		}
	}
	return r.save(t)
}

func (r *reproduction) save(t *vae.Trainer) error {
	if r.checkpoint == "" {
		return nil
	}
	return wholefile.Write(r.checkpoint, func(w io.Writer) error { return t.WriteCheckpoint(w) })
}

func (r *reproduction) resume(t *vae.Trainer) error {
	if r.checkpoint == "" {
		return nil
	}
	f, err := os.Open(r.checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := t.Resume(f); err != nil {
		return fmt.Errorf("%s: %w", r.checkpoint, err)
	}
	return nil
}

// evaluate prints the bounds and the estimate of the test rows, which are
// binarised once.
func (r *reproduction) evaluate(ctx context.Context, m *vae.Model, x *mat.Dense) error {
	q := m.Encoder()
	begin := time.Now()
	bound, err := elbo.ELBO(ctx, m, q, x, elbo.Settings{Samples: 64, Seed: r.seed})
	if err != nil {
		return err
	}
	print("ELBO, 64 samples a row", bound.Estimate(), begin)
	begin = time.Now()
	logp, err := eval.LogProb(ctx, m, q, x, eval.Settings{Samples: r.samples, Seed: r.seed, Measure: density.Binary})
	if err != nil {
		return err
	}
	print(fmt.Sprintf("log p(x), %d importance samples a row from the encoder", r.samples), logp.Estimate(), begin)
	fmt.Printf("%d of %d rows with a Pareto k̂ above the threshold\n", len(logp.Untrusted()), len(logp.LogProb))
	return nil
}

func print(what string, e density.Estimate, begin time.Time) {
	fmt.Printf("test %s: %v, in %.0f s\n", what, e, time.Since(begin).Seconds())
}
