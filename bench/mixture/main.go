// Command mixture measures Gaussian mixtures by EM beside scikit-learn on the
// same machine: the same rows, start, number of iterations and threads, each
// run in a process of its own, the two taking turns.
//
//	go run ./bench/mixture FOLDER           60000 rows, 50 columns, 20 components
//	go run ./bench/mixture --json FOLDER    the same, one JSON object a line
//	go run ./bench/mixture --stream         files of 10⁵, 10⁶ and 10⁷ rows
//	go run ./bench/mixture --pixels FOLDER  images of 784 pixels: factor analysers
//
// FOLDER holds the four files of Fashion-MNIST; the rows are the first 50
// principal components of its training images. Without a python3 that has
// scikit-learn, the figures of this system stand alone.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/gmm/sklearn"
)

const components, columns = 20, 50

func main() {
	rows := flag.Int("rows", 60000, "training rows")
	iterations := flag.Int("iterations", 10, "EM iterations of a run")
	rounds := flag.Int("rounds", 3, "runs of each side")
	python := flag.String("python", "/usr/bin/python3", "a python with scikit-learn")
	asJSON := flag.Bool("json", false, "one JSON object a line")
	stream := flag.Bool("stream", false, "measure fits to files that are read in chunks")
	pixels := flag.Bool("pixels", false, "fit the first --rows images pixel by pixel, and say what each mixture is worth on held-out ones")
	largest := flag.Int("largest", 10_000_000, "rows of the largest file of --stream")
	worker := flag.String("worker", "", "for the program's own use: run one fit and print its figures")
	flag.Parse()
	var err error
	switch {
	case *worker != "":
		err = work(*worker, flag.Args(), *iterations)
	case *stream && flag.NArg() == 0:
		err = measureStream(*largest, *iterations)
	case *pixels && !*stream && flag.NArg() == 1 && *rows > 1 && *iterations > 0:
		err = measurePixels(flag.Arg(0), *rows, *iterations)
	case !*stream && flag.NArg() == 1 && *rows > columns && *iterations > 0 && *rounds > 0:
		err = compare(flag.Arg(0), *python, *rows, *iterations, *rounds, *asJSON)
	default:
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/mixture [flags] FOLDER, or --stream")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mixture:", err)
		os.Exit(1)
	}
}

// figures are what one run prints.
type figures struct {
	Seconds []float64 `json:"seconds"` // of each iteration
	Nats    float64   `json:"nats"`    // mean log-likelihood of the rows at the end
	Peak    int       `json:"peak_kilobytes"`
}

// measurement is one line of the output.
type measurement struct {
	Family      string   `json:"family"`
	Here        float64  `json:"milliseconds"` // an iteration, median
	There       *float64 `json:"sklearn_milliseconds,omitempty"`
	Ratio       *float64 `json:"ratio,omitempty"`
	Nats        float64  `json:"nats"`
	TheirNats   *float64 `json:"sklearn_nats,omitempty"`
	Memory      float64  `json:"megabytes"`
	TheirMemory *float64 `json:"sklearn_megabytes,omitempty"`
}

func compare(folder, python string, rows, iterations, rounds int, asJSON bool) error {
	dir, err := os.MkdirTemp("", "likely-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	x, err := components50(folder, rows)
	if err != nil {
		return err
	}
	table := filepath.Join(dir, "rows.npy")
	if err := writeTable(table, x); err != nil {
		return err
	}
	if !asJSON {
		n, _ := x.Dims()
		fmt.Printf("%d rows, %d columns, %d components, %d iterations, %d threads, float64\n", n, columns, components, iterations, runtime.GOMAXPROCS(0))
		fmt.Printf("%-10s %10s %10s %7s %18s %18s %9s %9s\n", "family", "here, ms", "sklearn", "ratio", "nats a row", "sklearn", "here, MB", "sklearn")
	}
	for _, family := range []gmm.Covariance{gmm.Full, gmm.Tied, gmm.Diagonal, gmm.Spherical} {
		start := filepath.Join(dir, family.String()+".npz")
		if err := writeStart(start, x, family); err != nil {
			return err
		}
		m, err := race(python, table, start, family.String(), iterations, rounds)
		if err != nil {
			return err
		}
		if err := m.print(asJSON); err != nil {
			return err
		}
	}
	return nil
}

// race lets the two sides take turns. The first iteration of each run is left
// out: it warms up.
func race(python, table, start, family string, iterations, rounds int) (measurement, error) {
	m := measurement{Family: family}
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	_, file, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(file), "sklearn_em.py")
	var here, there, ratios []float64
	for range rounds {
		ours, err := run(self, "--worker", family, "--iterations", strconv.Itoa(iterations), table, start)
		if err != nil {
			return m, err
		}
		here = append(here, 1e3*median(ours.Seconds[min(1, len(ours.Seconds)-1):]))
		m.Nats, m.Memory = ours.Nats, max(m.Memory, float64(ours.Peak)/1024)
		theirs, err := run(python, script, table, start, family, strconv.Itoa(iterations))
		if err != nil {
			fmt.Fprintf(os.Stderr, "without scikit-learn: %v\n", err)
			continue
		}
		there = append(there, 1e3*median(theirs.Seconds[min(1, len(theirs.Seconds)-1):]))
		ratios = append(ratios, there[len(there)-1]/here[len(here)-1])
		megabytes := float64(theirs.Peak) / 1024
		m.TheirNats, m.TheirMemory = &theirs.Nats, &megabytes
	}
	m.Here = median(here)
	if len(there) > 0 {
		time, ratio := median(there), median(ratios)
		m.There, m.Ratio = &time, &ratio
	}
	return m, nil
}

// run starts a program, with as many threads for its products as this one has,
// and reads the figures that it prints.
func run(program string, args ...string) (figures, error) {
	var f figures
	cmd := exec.Command(program, args...)
	threads := strconv.Itoa(runtime.GOMAXPROCS(0))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+threads, "OPENBLAS_NUM_THREADS="+threads)
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("%s: %w %s", filepath.Base(program), err, lastLine(message.String()))
	}
	return f, json.Unmarshal(out, &f)
}

func (m measurement) print(asJSON bool) error {
	if asJSON {
		line, err := json.Marshal(m)
		fmt.Println(string(line))
		return err
	}
	if m.There == nil {
		fmt.Printf("%-10s %10.1f %10s %7s %18.9f %18s %9.0f %9s\n", m.Family, m.Here, "–", "–", m.Nats, "–", m.Memory, "–")
		return nil
	}
	fmt.Printf("%-10s %10.1f %10.1f %7.2f %18.9f %18.9f %9.0f %9.0f\n", m.Family, m.Here, *m.There, *m.Ratio, m.Nats, *m.TheirNats, m.Memory, *m.TheirMemory)
	return nil
}

// components50 returns the first principal components of the training images.
func components50(folder string, rows int) (*mat.Dense, error) {
	train, _, err := dataset.OpenPair(folder, dataset.Options{Limit: rows})
	if err != nil {
		return nil, err
	}
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, train.X, nil)
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fmt.Errorf("%s: the covariance of the images has no eigenvectors", folder)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors) // in the order of rising eigenvalues
	d, _ := vectors.Dims()
	mean, _ := density.Moments(train.X)
	n, _ := train.X.Dims()
	centred := mat.NewDense(n, d, nil)
	centred.Apply(func(_, j int, v float64) float64 { return v - mean[j] }, train.X)
	var x mat.Dense
	x.Mul(centred, vectors.Slice(0, d, d-columns, d))
	return &x, nil
}

// writeStart writes the parameters that both sides start from: those of one
// iteration after k-means.
func writeStart(path string, x *mat.Dense, family gmm.Covariance) error {
	m, _, err := gmm.Fit(background, x, gmm.Settings{Components: components, Covariance: family, Starts: 1, Iterations: 1}, density.NewSource(1, "bench.mixture"))
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := sklearn.Write(f, m); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[n/2] + x[(n-1)/2]) / 2
}
