package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/compare"
	"likely/density"
	"likely/figure"
	"likely/results"
	"likely/vae"
)

// small returns the outcome of a comparison that takes a moment.
func small(t *testing.T, change func(*compare.Settings)) *compare.Outcome {
	c := compare.Default()
	c.Dataset, c.Models = "faithful", []string{"gmm", "vae"}
	c.Components, c.GMM.Starts = compare.Range{From: 2, To: 2}, 2
	c.VAE.Hidden, c.VAE.Epochs = []int{8}, 5
	c.EvalSamples = 50
	if change != nil {
		change(&c)
	}
	require.NoError(t, c.Check())
	o, err := (&compare.Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	return o
}

// A mixture is drawn with its components; a VAE is drawn as a mixture of thousands,
// whose components are not shown.
func TestOnlyMixturesHaveOutlines(t *testing.T) {
	list := panels(small(t, nil))
	require.Len(t, list, 2)
	require.Len(t, list[0].Outlines, 2)
	require.Empty(t, list[1].Outlines)
	require.Empty(t, list[1].Parts)
	list = panels(small(t, func(c *compare.Settings) { c.Dataset, c.VAE.Latent = "galaxies", 1 }))
	require.Len(t, list[0].Parts, 2)
	require.Empty(t, list[1].Parts)
}

// What is written reads back, and prints the same; a picture that cannot be drawn is a
// warning, and costs nothing else.
func TestWriteAndReadBack(t *testing.T) {
	o := small(t, func(c *compare.Settings) { c.GapRows = 3 })
	dir := filepath.Join(t.TempDir(), "out")
	require.NoError(t, Write(t.Context(), dir, o, nil))
	for _, name := range []string{"models/gmm.safetensors", "models/vae.safetensors", "figures/densities.svg", "figures/bounds.png", "figures/gaps.svg", "figures/scores.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	file, err := os.Open(filepath.Join(dir, results.FileName))
	require.NoError(t, err)
	defer file.Close()
	again, err := results.ReadJSON(file)
	require.NoError(t, err)
	for _, print := range []func(*bytes.Buffer, *results.Results) error{
		func(b *bytes.Buffer, r *results.Results) error { return Text(b, r) },
		func(b *bytes.Buffer, r *results.Results) error { return CSV(b, r) },
	} {
		var want, got bytes.Buffer
		require.NoError(t, print(&want, o.Results))
		require.NoError(t, print(&got, again))
		require.Equal(t, want.String(), got.String())
	}
	var settings compare.Settings
	require.NoError(t, settings.Read(again.Settings))
	require.Equal(t, 5, settings.VAE.Epochs)
}

// The text names every section that was asked for, in nats with their errors.
func TestTextHasItsSections(t *testing.T) {
	o := small(t, func(c *compare.Settings) { c.GapRows, c.VAE.Activation = 3, vae.ELU })
	var text strings.Builder
	require.NoError(t, Text(&text, o.Results))
	for _, part := range []string{
		"faithful: 196 rows to train", "kind of number", "lower bound (ELBO)", "mean difference of log p", "winner: ",
		"why the ELBO of vae is", "approximation gap", "what the estimators make of log p of gmm", "CUBO of order 2", "quadrature over the code", "energy distance",
	} {
		require.Contains(t, text.String(), part)
	}
}

// The better model is named, whichever comes first; it wins only over all others.
func TestWinner(t *testing.T) {
	models := []*results.Model{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	verdict := func(ab, ac, bc string) string {
		return winner(&results.Results{Models: models, Pairs: []results.Pair{{A: "a", B: "b", Better: ab}, {A: "a", B: "c", Better: ac}, {A: "b", B: "c", Better: bc}}})
	}
	require.Contains(t, verdict("a", "a", ""), "winner: a,")
	require.Contains(t, verdict("b", "c", "c"), "winner: c,")
	require.Contains(t, verdict("a", "", "b"), "winner: none", "one win is not enough")
	require.Contains(t, verdict("a", "c", "b"), "winner: none", "all have lost once")
}

// Lines and curves of the picture of bounds are those that the estimators declare.
func TestBoundsPicture(t *testing.T) {
	o := small(t, func(c *compare.Settings) { c.GapRows = 3 })
	list := boundsDrawings(o)
	require.Len(t, list, 1)
	require.Equal(t, "bounds", list[0].name)
	var f *figure.Figure
	f, err := list[0].draw()
	require.NoError(t, err)
	var svg bytes.Buffer
	require.NoError(t, f.Encode(&svg, "svg"))
	for _, part := range []string{"K-sample bound", "AIS from p(z)", "AIS from the refined q", "refined ELBO", "log p, quadrature"} {
		require.Contains(t, svg.String(), part)
	}
}

// A number that depends on a scale has a mark and a line, and is neither compared nor a
// winner; the best of the others is.
func TestMarkedNumbersDoNotWin(t *testing.T) {
	number := func(v float64) *results.Split {
		kind := density.ExactValue
		return &results.Split{Kind: &kind, Nats: &v, Rows: 10}
	}
	r := &results.Results{
		Dataset: results.Dataset{RowsTest: 10},
		Models: []*results.Model{
			{Name: "sharp", Test: number(34), Scale: &results.Scale{Dependent: true, Advice: "give --types"}},
			{Name: "good", Test: number(-2)}, {Name: "bad", Test: number(-3), Scale: &results.Scale{}},
		},
		Pairs: []results.Pair{{A: "sharp", B: "good", Diff: 36, Rows: 10}, {A: "sharp", B: "bad", Diff: 37, Rows: 10}, {A: "good", B: "bad", Diff: 1, Rows: 10, Better: "good"}},
	}
	var b bytes.Buffer
	require.NoError(t, Text(&b, r))
	require.Regexp(t, `sharp +34.000 † `, b.String())
	require.Regexp(t, `good +−2.000  `, b.String())
	require.Contains(t, b.String(), "† sharp: give --types\n")
	require.Regexp(t, `sharp − good .* not compared †`, b.String())
	require.Contains(t, b.String(), "winner: good, ahead of every other density")

	r.Models[1].Scale = r.Models[0].Scale
	r.Pairs[2].Better = ""
	b.Reset()
	require.NoError(t, Text(&b, r))
	require.Contains(t, b.String(), "winner: none; too few models")
}
