package compare

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/results"
	"likely/vae"
)

func quick(data string) Settings {
	c := fixed()
	c.Dataset = data
	c.GMM.Starts, c.Components = 3, Given(Range{2, 2})
	c.VAE.Hidden, c.VAE.Epochs = []int{16}, 15
	c.EvalSamples = 200
	return c
}

func run(t *testing.T, c Settings) *results.Results {
	require.NoError(t, c.Check())
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	return o.Results
}

// scaledCSV writes a dataset with one column multiplied by a factor.
func scaledCSV(t *testing.T, name string, column int, factor float64) string {
	d, err := dataset.Open(name)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%g.csv", name, factor))
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w := csv.NewWriter(f)
	w.Write(d.Columns)
	for i := range d.Rows() {
		record := make([]string, d.Dim())
		for j, v := range d.X.RawRowView(i) {
			if j == column {
				v *= factor
			}
			record[j] = strconv.FormatFloat(v, 'g', -1, 64)
		}
		w.Write(record)
	}
	w.Flush()
	require.NoError(t, w.Error())
	return path
}

// Scaling a column by 1024 moves every model's nats by −ln 1024: nothing in the
// road from file to figure knows an absolute scale.
func TestScaleEquivariance(t *testing.T) {
	plain := run(t, quick(scaledCSV(t, "faithful", 1, 1)))
	for _, factor := range []float64{1024, 1. / 1024} {
		scaled := run(t, quick(scaledCSV(t, "faithful", 1, factor)))
		for i, m := range plain.Models {
			if m.Test.Nats == nil {
				continue
			}
			tolerance := 1e-9
			if m.Name == "vae" {
				tolerance = 1e-6 // the networks are float32
			}
			require.InDelta(t, *m.Test.Nats-math.Log(factor), *scaled.Models[i].Test.Nats, tolerance, "%s × %g", m.Name, factor)
			require.InDelta(t, *m.Train.Nats-math.Log(factor), *scaled.Models[i].Train.Nats, tolerance, "%s × %g", m.Name, factor)
		}
	}
}

// The floor is relative: it also holds where data are so large or so small that
// an absolute one would do nothing, or everything.
func TestFloorIsRelative(t *testing.T) {
	for _, factor := range []float64{0x1p-40, 0x1p40} {
		c := quick(scaledCSV(t, "faithful", 0, factor))
		c.Models = []string{"gmm"}
		plain := quick("faithful")
		plain.Models = []string{"gmm"}
		want := *run(t, plain).Models[0].Test.Nats - math.Log(factor)
		require.InDelta(t, want, *run(t, c).Models[0].Test.Nats, 1e-9)
	}
}

// Results do not depend on GOMAXPROCS, to the last bit.
func TestResultsDoNotDependOnCores(t *testing.T) {
	normalize := func(r *results.Results) string {
		for _, m := range r.Models {
			m.FitSeconds, m.FitExamplesPerSecond = 0, 0
		}
		var text jsonText
		require.NoError(t, r.WriteJSON(&text))
		return string(text)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := normalize(run(t, quick("faithful")))
	runtime.GOMAXPROCS(2)
	require.Equal(t, one, normalize(run(t, quick("faithful"))))
	runtime.GOMAXPROCS(5)
	require.Equal(t, one, normalize(run(t, quick("faithful"))))
}

type jsonText []byte

func (b *jsonText) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// Results do not depend on the size of the evaluation's chunks or on which other
// rows are evaluated with a row, to the last bit.
func TestResultsDoNotDependOnChunks(t *testing.T) {
	x := standardized(t, "faithful")
	m := trainedVAE(t, x, vae.Float32)
	q := elbo.Adaptive(m, m.Encoder())
	evaluate := func(rows, chunk int) *eval.Result {
		r, err := eval.LogProb(t.Context(), m, q, density.Rows(x, 0, rows), eval.Settings{Samples: 1500, Seed: 4, Chunk: chunk})
		require.NoError(t, err)
		return r
	}
	want := evaluate(20, 0)
	for _, chunk := range []int{1, 256, 700, 100000} {
		got := evaluate(20, chunk)
		require.Equal(t, want.LogProb, got.LogProb, "chunk %d", chunk)
		require.Equal(t, want.KHat, got.KHat)
		require.Equal(t, want.StdErr, got.StdErr)
	}
	require.Equal(t, want.LogProb[:7], evaluate(7, 0).LogProb)
}
