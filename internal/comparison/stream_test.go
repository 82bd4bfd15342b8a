package comparison

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// clusters writes a file of n rows in two columns: two clusters, one of them at an
// angle, in units of which one is large.
func clusters(t *testing.T, n int) string {
	t.Helper()
	random := rand.New(density.NewSource(1, "test.clusters"))
	var text strings.Builder
	for range n {
		a, b := random.NormFloat64(), random.NormFloat64()
		if random.IntN(3) == 0 {
			a, b = 4+a+b, 3-b
		}
		fmt.Fprintf(&text, "%v,%v\n", 1000*a, b)
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	return path
}

func streamConfig(path string, rows int) Config {
	c := Default()
	c.Dataset, c.Stream, c.Models = path, rows, []string{"gaussian", "gmm"}
	c.GMM.Components, c.GMM.Starts = Range{2, 2}, 3
	return c
}

// The rows streamed are those of the file that are not held out, each once, as the
// models see them.
func TestStreamedRows(t *testing.T) {
	c := streamConfig(clusters(t, 3000), 400)
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	require.Equal(t, 400, d.All.Rows())
	held := make(map[float64]bool)
	for _, p := range []*Part{d.Valid, d.Test} {
		for i := range p.Rows() {
			held[p.Model.At(i, 0)] = true
		}
	}
	require.Len(t, held, 112)
	rows := newStreamed(d)
	require.Equal(t, 3000-112, rows.training())
	for range 2 {
		require.NoError(t, rows.Rewind())
		seen := make(map[float64]bool)
		for chunk := mat.NewDense(97, 2, nil); ; {
			n, err := rows.Next(chunk)
			for i := range n {
				require.False(t, held[chunk.At(i, 0)], "a held-out row is trained on")
				seen[chunk.At(i, 0)] = true
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.Len(t, seen, 3000-112)
		for i := range d.Train.Rows() {
			require.True(t, seen[d.Train.Model.At(i, 0)])
		}
	}
}

// Where all rows are held, streaming them ends where the fit in memory does.
func TestStreamOfEverything(t *testing.T) {
	path := clusters(t, 900)
	whole, streamed := streamConfig(path, 0), streamConfig(path, 5000)
	a, err := (&Job{Config: whole}).Run(t.Context())
	require.NoError(t, err)
	b, err := (&Job{Config: streamed}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, a.Dataset.RowsTrain, b.Dataset.RowsTrain)
	for i, m := range a.Models {
		require.InDelta(t, *m.Test.Nats, *b.Models[i].Test.Nats, 1e-6, m.Name)
		require.InDelta(t, *m.Train.Nats, *b.Models[i].Train.Nats, 1e-6, m.Name)
	}
	require.Empty(t, b.Warnings)
}

// A mixture that is streamed is the fit to all rows that are not held out, and
// better for it than that to the rows in memory.
func TestStreamUsesTheWholeFile(t *testing.T) {
	c := streamConfig(clusters(t, 6000), 150)
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	job := &Job{Config: c}
	family, _ := lookupFamily("gmm")
	sample, err := family.fit(t.Context(), job, d)
	require.NoError(t, err)
	all, err := job.fit(t.Context(), family, d)
	require.NoError(t, err)

	rows := newStreamed(d)
	x := mat.NewDense(rows.training(), 2, nil)
	require.NoError(t, rows.Rewind())
	for at := 0; ; {
		n, err := rows.Next(density.Rows(x, at, min(at+500, rows.training())))
		if at += n; errors.Is(err, io.EOF) || at == rows.training() {
			break
		}
		require.NoError(t, err)
	}
	want, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 2, Start: gmm.From(sample.Model.Fitted.(*gmm.Model))}, density.NewSource(1, "test"))
	require.NoError(t, err)
	logLik := func(m density.Exact) float64 { return mean(m.LogProb(nil, x)) }
	got := logLik(all.Model.Fitted.(*gmm.Model))
	// What may be left: a hundredth of 11 parameters over 2·5000 rows.
	require.InDelta(t, logLik(want), got, 2e-5)
	require.Greater(t, got, logLik(sample.Model.Fitted.(*gmm.Model))+1e-3)
	require.Equal(t, rows.training(), all.Settings["rows_streamed"])
}
