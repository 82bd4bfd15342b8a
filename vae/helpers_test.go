package vae

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// readTable reads a CSV file of numbers with a header line from testdata.
func readTable(t testing.TB, name string) *mat.Dense {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	records = records[1:]
	x := mat.NewDense(len(records), len(records[0]), nil)
	for i, record := range records {
		for j, field := range record {
			v, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			x.Set(i, j, v)
		}
	}
	return x
}

func source(seed uint64) rand.Source { return rand.NewPCG(seed, 0x9e3779b97f4a7c15) }

// near requires |want − got| ≤ tolerance and both finite; testify's InDelta
// lets NaN pass.
func near(t testing.TB, want, got, tolerance float64, args ...any) {
	t.Helper()
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, tolerance, args...)
}

// relative requires |want − got| ≤ tolerance·max(1, |want|).
func relative(t testing.TB, want, got, tolerance float64, args ...any) {
	t.Helper()
	near(t, want, got, tolerance*math.Max(1, math.Abs(want)), args...)
}

func sum(x []float64) float64 {
	var s float64
	for _, v := range x {
		s += v
	}
	return s
}

func normals(n, d int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	fillNormals(x, source(seed))
	return x
}

// tensor returns the named tensor of a model as a matrix (a vector as a row).
func tensor(t testing.TB, c *coder, name string) *mat.Dense {
	t.Helper()
	for _, s := range c.Tensors() {
		if s.Name == name {
			if len(s.Shape) == 1 {
				return mat.NewDense(1, s.Shape[0], s.Data)
			}
			return mat.NewDense(s.Shape[0], s.Shape[1], s.Data)
		}
	}
	t.Fatalf("no tensor %s", name)
	return nil
}

func gmmSettings() gmm.Settings { return gmm.Settings{Components: 2, Starts: 1} }
