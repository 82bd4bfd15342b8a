// Command vae measures the training of the variational autoencoder beside
// PyTorch on the same machine: the same architecture, data, optimiser and
// number of threads, the systems taking turns so that both see the same load.
//
//	go run ./bench/vae FOLDER
//
// FOLDER holds the four files of Fashion-MNIST or MNIST. Without a python3
// that has torch, the figures of this system stand alone.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/internal/kernel"
	"likely/vae"
)

type result struct {
	examplesPerSecond float64
	bounds            []float64 // after each epoch, nats
}

func main() {
	rows := flag.Int("rows", 10000, "training rows")
	epochs := flag.Int("epochs", 2, "passes over them")
	python := flag.String("python", "/usr/bin/python3", "a python with torch")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/vae [flags] FOLDER")
		os.Exit(2)
	}
	if err := compare(flag.Arg(0), *python, *rows, *epochs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(folder, python string, rows, epochs int) error {
	train, _, err := dataset.OpenPair(folder, dataset.Options{Limit: rows})
	if err != nil {
		return err
	}
	x := mat.DenseCopyOf(train.X)
	x.Scale(1.0/255, x)
	rows, _ = x.Dims()
	fmt.Printf("%d rows, %d epochs, %d threads, float32, Adam, fresh bits\n", rows, epochs, runtime.GOMAXPROCS(0))
	peak := peakRate()
	fmt.Printf("products of 512×512×512 run at %.0f·10⁹ operations a second\n", peak/1e9)
	fmt.Printf("%-16s %6s %13s %8s %13s %7s   %s\n", "architecture", "batch", "here, rows/s", "of peak", "torch, rows/s", "ratio", "bound after each epoch, nats: here | torch")
	for _, c := range []struct{ hidden, batch int }{{200, 20}, {200, 100}, {500, 20}, {500, 100}} {
		here, err := trainHere(x, c.hidden, c.batch, epochs)
		if err != nil {
			return err
		}
		there, err := torch(python, folder, c.hidden, c.batch, rows, epochs)
		line := fmt.Sprintf("784-%d-%d-50", c.hidden, c.hidden)
		share := fmt.Sprintf("%.0f %%", 100*here.examplesPerSecond*operations(784, c.hidden, c.hidden, 50)/peak)
		if err != nil {
			fmt.Printf("%-16s %6d %13.0f %8s %13s %7s   %.2f | %v\n", line, c.batch, here.examplesPerSecond, share, "–", "–", here.bounds, err)
			continue
		}
		fmt.Printf("%-16s %6d %13.0f %8s %13.0f %7.2f   %.2f | %.2f\n", line, c.batch, here.examplesPerSecond, share,
			there.examplesPerSecond, here.examplesPerSecond/there.examplesPerSecond, here.bounds, there.bounds)
	}
	return nil
}

// operations returns the additions and multiplications of the matrix products
// that one row costs in a step: forward, the gradient of the weights, and that
// of the layer's input, which the first layer does without.
func operations(data, first, second, code int) float64 {
	encoder := 3*(first*second+second*2*code) + 2*data*first
	decoder := 3 * (code*second + second*first + first*data)
	return 2 * float64(encoder+decoder)
}

// peakRate measures how many operations a second the products reach where
// they are large.
func peakRate() float64 {
	const n = 512
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	best := math.Inf(1)
	for range 40 {
		begin := time.Now()
		kernel.Gemm(false, false, n, n, n, 1, a, n, b, n, 0, c, n)
		best = min(best, time.Since(begin).Seconds())
	}
	return 2 * n * n * n / best
}

// trainHere trains here.
func trainHere(x *mat.Dense, hidden, batch, epochs int) (result, error) {
	var r result
	t, err := vae.NewTrainer(x, nil, vae.Settings{
		Latent: 50, Hidden: []int{hidden, hidden}, Likelihood: vae.Bernoulli, Dynamic: true,
		Batch: batch, Epochs: epochs, Schedule: vae.Constant,
	}, rand.NewPCG(1, 1))
	if err != nil {
		return r, err
	}
	defer t.Close()
	begin := time.Now()
	for range epochs {
		line, err := t.Epoch(context.Background())
		if err != nil {
			return r, err
		}
		r.bounds = append(r.bounds, line.Train)
	}
	n, _ := x.Dims()
	r.examplesPerSecond = float64(n*epochs) / time.Since(begin).Seconds()
	return r, nil
}

// torch runs the script beside this file.
func torch(python, folder string, hidden, batch, rows, epochs int) (result, error) {
	var r result
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(python, filepath.Join(filepath.Dir(file), "torch_vae.py"), "--data", folder,
		"--hidden", strconv.Itoa(hidden), "--batch", strconv.Itoa(batch), "--rows", strconv.Itoa(rows),
		"--epochs", strconv.Itoa(epochs), "--threads", strconv.Itoa(runtime.GOMAXPROCS(0)))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("no PyTorch: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var line struct {
			Bound float64 `json:"train_nats"`
			Speed float64 `json:"examples_per_second"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return r, fmt.Errorf("what the script printed: %w", err)
		}
		if line.Speed > 0 {
			r.examplesPerSecond = line.Speed
		} else {
			r.bounds = append(r.bounds, line.Bound)
		}
	}
	return r, nil
}
