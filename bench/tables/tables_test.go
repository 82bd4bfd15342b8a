package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Every row is tested once, no row is on two sides, and what is not tested has mean 0
// and variance 1.
func TestFolds(t *testing.T) {
	random := rand.New(density.NewSource(1, "rows"))
	const n = 57
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		x.SetRow(i, []float64{float64(i), 1000 + random.NormFloat64()})
	}
	tested := make(map[int]int)
	for fold := range folds {
		p, err := fold10(x, random.Perm(n), fold)
		require.NoError(t, err)
		train, _ := p.train.Dims()
		valid, _ := p.valid.Dims()
		test, _ := p.test.Dims()
		whole, _ := p.whole.Dims()
		require.Equal(t, n, train+valid+test)
		require.Equal(t, whole, train+valid)
		mean, variance := density.Moments(p.whole)
		require.InDeltaSlice(t, []float64{0, 0}, mean, 1e-10)
		require.InDeltaSlice(t, []float64{1, 1}, variance, 1e-10)
	}
	order := random.Perm(n)
	for fold := range folds {
		p, err := fold10(x, order, fold)
		require.NoError(t, err)
		seen := make(map[float64]bool)
		for _, part := range []*mat.Dense{p.train, p.valid, p.test} {
			rows, _ := part.Dims()
			for i := range rows {
				require.False(t, seen[part.At(i, 0)], "a row on two sides")
				seen[part.At(i, 0)] = true
			}
		}
		tested[fold], _ = p.test.Dims()
	}
	total := 0
	for _, rows := range tested {
		total += rows
	}
	require.Equal(t, n, total)
}

// A row is a copy if an equal one is among those that are not tested with it.
func TestCopies(t *testing.T) {
	x := mat.NewDense(20, 1, nil)
	order := make([]int, 20)
	for i := range order {
		order[i] = i
		x.Set(i, 0, float64(i))
	}
	x.Set(13, 0, 2) // equal to rows 2 and 12, which are tested together
	x.Set(12, 0, 2)
	require.Equal(t, []bool{false, false}, withoutCopy(x, order, 2))
	require.Equal(t, []bool{true, false}, withoutCopy(x, order, 3))
	require.Equal(t, []bool{true, true}, withoutCopy(x, order, 4))
	r := row{results: []result{{LogProb: []float64{-1, -2}}, {LogProb: []float64{-4, -8}}}, fresh: []bool{true, false, false, true}}
	e, n := r.uncopied()
	require.Equal(t, -4.5, e.Value)
	require.Equal(t, 2, n)
}

// What was computed is not computed again, nor by another process.
func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	calls := 0
	compute := func() (result, error) {
		calls++
		return result{LogProb: []float64{-1, -2.5}, Kind: density.Consistent, StdErr: []float64{0.1, 0.2}, Samples: 7, Choice: "x"}, nil
	}
	for range 2 {
		s, err := openStore(path)
		require.NoError(t, err)
		r, err := s.get("a", compute)
		require.NoError(t, err)
		e := estimate([]result{r})
		require.Equal(t, -1.75, e.Value)
		require.Equal(t, density.Consistent, e.Kind)
		require.Positive(t, e.SampleErr)
	}
	require.Equal(t, 1, calls)
	s, err := openStore(path)
	require.NoError(t, err)
	_, err = s.get("b", func() (result, error) { return result{}, context.Canceled })
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, s.results, 1)
	require.NoError(t, os.WriteFile(path, []byte("no JSON"), 0o600))
	_, err = openStore(path)
	require.ErrorContains(t, err, "--state")
}

// Both tables, on small files of the published form, with every model.
func TestTables(t *testing.T) {
	folder := t.TempDir()
	random := rand.New(density.NewSource(1, "table"))
	var text strings.Builder
	text.WriteString("a,b,Quality\n")
	for range 150 {
		a := random.NormFloat64()
		fmt.Fprintf(&text, "%v,%v,5\n", a, a+random.NormFloat64())
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "red_wine.csv"), []byte(text.String()), 0o600))
	for _, part := range []string{"train", "valid", "test"} {
		f, err := os.Create(filepath.Join(folder, "nltcs."+part+".csv.gz"))
		require.NoError(t, err)
		w := gzip.NewWriter(f)
		for range 120 {
			a := random.IntN(2)
			fmt.Fprintf(w, "%d,%d,%d\n", a, (a+random.IntN(4)/3)%2, random.IntN(2))
		}
		require.NoError(t, w.Close())
		require.NoError(t, f.Close())
	}
	state := filepath.Join(folder, "state")
	for _, args := range []string{
		"rnade --data red_wine --folds 1 --samples 20 --effort 0.005 --state",
		"debd --data nltcs --samples 20 --effort 0.002 --state",
	} {
		require.NoError(t, run(context.Background(), append(strings.Fields(args), state, folder)))
	}
	s, err := openStore(state)
	require.NoError(t, err)
	require.Len(t, s.results, len(continuousModels())+len(binaryModels()))
	for name, r := range s.results {
		e := estimate([]result{r})
		require.Greater(t, e.Value, -6.0, name)
		require.Less(t, e.Value, 0.0, name)
		require.Equal(t, strings.Contains(name, "/vae/"), e.Kind != density.ExactValue, name)
	}
}

func TestArguments(t *testing.T) {
	for args, says := range map[string]string{
		"":                              "rnade, debd",
		"iwae":                          "rnade, debd",
		"rnade":                         "want one folder",
		"rnade --models tree x":         "--models \"tree\"",
		"debd --data mnist x":           "--data \"mnist\"",
		"rnade --folds 11 x":            "--folds",
		"debd --effort 0 x":             "--effort",
		"rnade --data red_wine no/such": "no/such",
		"debd --data dna no/such":       "no/such",
	} {
		require.ErrorContains(t, run(context.Background(), strings.Fields(args)), says, args)
	}
}

// Each published figure that is held against a model of ours names one.
func TestPublished(t *testing.T) {
	for table, models := range map[string][]contender{"rnade": continuousModels(), "debd": binaryModels()} {
		for _, f := range published(table) {
			require.True(t, f.model == "" || slices.Contains(names(models), f.model), "%v", f)
			require.Negative(t, f.value)
		}
	}
}
