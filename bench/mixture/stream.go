package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// The files of --stream hold rows of so many numbers, drawn from a mixture of so
// many components.
const streamColumns, streamComponents = 10, 5

// measureStream fits mixtures to files of 10⁵, 10⁶, … rows, each in a process of
// its own, and prints what an iteration takes and the most memory held.
func measureStream(largest, iterations int) error {
	dir, err := os.MkdirTemp("", "likely-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%d columns, %d components, full covariances, %d iterations\n", streamColumns, streamComponents, iterations)
	fmt.Printf("%10s %10s %14s %16s %10s\n", "rows", "file, MB", "seconds/pass", "10⁶ rows/second", "peak, MB")
	for n := 100_000; n <= largest; n *= 10 {
		path := filepath.Join(dir, "rows")
		if err := writeStream(path, n); err != nil {
			return err
		}
		f, err := run(self, "--worker", "stream", "--iterations", strconv.Itoa(iterations), path)
		if err != nil {
			return err
		}
		pass := median(f.Seconds)
		fmt.Printf("%10d %10.0f %14.2f %16.2f %10.0f\n", n, float64(n*streamColumns*8)/1e6, pass, float64(n)/1e6/pass, float64(f.Peak)/1024)
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// writeStream writes rows of little-endian float64 from a mixture of spheres.
func writeStream(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	random := rand.New(density.NewSource(1, "bench.mixture"))
	number := make([]byte, 8)
	for range rows {
		k := random.IntN(streamComponents)
		for j := range streamColumns {
			v := random.NormFloat64()
			if j == k {
				v += 4
			}
			binary.LittleEndian.PutUint64(number, math.Float64bits(v))
			if _, err := w.Write(number); err != nil {
				return err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// fileRows are the rows of such a file, read again in every pass.
type fileRows struct {
	file   *os.File
	reader *bufio.Reader
}

var _ gmm.Rows = (*fileRows)(nil)

// Dim returns the number of columns.
func (r *fileRows) Dim() int { return streamColumns }

// Rewind goes back to the first row.
func (r *fileRows) Rewind() error {
	_, err := r.file.Seek(0, io.SeekStart)
	r.reader.Reset(r.file)
	return err
}

// Next fills the first rows of dst and returns their number.
func (r *fileRows) Next(dst *mat.Dense) (int, error) {
	n, _ := dst.Dims()
	var row [8 * streamColumns]byte
	for i := range n {
		if _, err := io.ReadFull(r.reader, row[:]); err != nil {
			if errors.Is(err, io.EOF) && i > 0 {
				return i, nil
			}
			return i, err
		}
		for j := range streamColumns {
			dst.Set(i, j, math.Float64frombits(binary.LittleEndian.Uint64(row[8*j:])))
		}
	}
	return n, nil
}

// workStream fits a mixture to a file, from a fit to its first rows, and prints
// its figures.
func workStream(path string, iterations int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows := &fileRows{f, bufio.NewReaderSize(f, 1<<20)}
	first := mat.NewDense(5000, streamColumns, nil)
	if _, err := rows.Next(first); err != nil {
		return err
	}
	settings := gmm.Settings{Components: streamComponents, Starts: 1, Iterations: 20}
	start, _, err := gmm.Fit(background, first, settings, density.NewSource(1, "bench.mixture.start"))
	if err != nil {
		return err
	}
	var out figures
	last := time.Time{}
	settings.Iterations, settings.Tolerance = iterations, 1e-300
	settings.Progress = func(_, _ int, nats float64) {
		now := time.Now()
		if !last.IsZero() {
			out.Seconds = append(out.Seconds, now.Sub(last).Seconds())
		}
		last, out.Nats = now, nats
	}
	if _, _, err := gmm.FitStream(background, rows, start, settings); err != nil {
		return err
	}
	if out.Peak, err = peak(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
