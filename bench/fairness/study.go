package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"likely/compare"
	"likely/dataset"
	"likely/density"
	"likely/eval"
)

// study asks how often the verdict of a run is right. Of each data set the run sees some
// rows. Both of its models are then judged by fresh rows, so many that what is better is
// known.
type study struct {
	store  store
	seed   uint64
	seeds  int
	rows   int
	budget float64
}

// freshRows is the number of rows that say the truth.
const freshRows = 4000

// process is what data are drawn from.
type process struct {
	name string
	// draw returns a row. fixed is the same for all rows of a data set.
	draw func(random *rand.Rand, fixed []float64) []float64
	// constants is the number of standard normals in fixed.
	constants int
}

func processes() []process {
	return []process{
		{name: "mixture", draw: fromMixture, constants: 3 * (4 + 16)},
		{name: "linear", draw: fromLinear, constants: 6*2 + 6},
		{name: "curved", draw: fromCurved, constants: 4},
	}
}

// fromMixture draws from three Gaussians of four dimensions.
func fromMixture(random *rand.Rand, fixed []float64) []float64 {
	const d = 4
	of := fixed[random.IntN(3)*(d+d*d):]
	x, z := make([]float64, d), make([]float64, d)
	for k := range z {
		z[k] = random.NormFloat64()
	}
	for k := range x {
		x[k] = 2*of[k] + 0.3*z[k]
		for l, v := range z {
			x[k] += 0.4 * of[d+k*d+l] * v
		}
	}
	return x
}

// fromLinear draws from a linear autoencoder: six columns that are linear in two codes,
// with noise of its own size for each column. One Gaussian is the same density.
func fromLinear(random *rand.Rand, fixed []float64) []float64 {
	a, b := random.NormFloat64(), random.NormFloat64()
	x := make([]float64, 6)
	for k := range x {
		x[k] = fixed[2*k]*a + fixed[2*k+1]*b + (0.2+0.1*math.Abs(fixed[12+k]))*random.NormFloat64()
	}
	return x
}

// fromCurved draws from a curve in four dimensions with a little noise.
func fromCurved(random *rand.Rand, fixed []float64) []float64 {
	z := random.NormFloat64()
	x := make([]float64, 4)
	for k := range x {
		x[k] = math.Sin((1+0.5*float64(k))*z+fixed[k]) + 0.3*z + 0.05*random.NormFloat64()
	}
	return x
}

// judged is a verdict and the truth about it.
type judged struct {
	Verdict string `json:"verdict"` // gmm, vae, or ""
	SoFar   bool   `json:"so_far,omitempty"`
	// Diff is the mean of gmm − vae over the rows that the run held out, Truth that over
	// fresh rows, each with its standard error.
	Diff, DiffSE, Truth, TruthSE float64
	Sizes                        [2]string
}

func (s *study) run(ctx context.Context) error {
	all := make(map[string][]judged)
	for _, p := range processes() {
		for seed := range s.seeds {
			name := fmt.Sprintf("study %d/%s %02d", s.rows, p.name, seed+1)
			j, fresh, err := keep(s.store, name, func() (judged, error) { return s.one(ctx, p, s.seed+uint64(seed)) })
			if err != nil {
				return err
			}
			if fresh {
				fmt.Printf("%s: gmm − vae %+.3f ± %.3f, in truth %+.3f ± %.3f: %s\n", name, j.Diff, j.DiffSE, j.Truth, j.TruthSE, j.outcome())
			}
			all[p.name] = append(all[p.name], j)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ndata from\truns\tright\tahead so far\tundecided\twrong\tgmm − vae in truth, mean over runs")
	wrong, n := 0, 0
	for _, p := range processes() {
		counts, truth := make(map[string]int), 0.0
		for _, j := range all[p.name] {
			counts[j.outcome()]++
			truth += j.Truth / float64(len(all[p.name]))
		}
		wrong, n = wrong+counts["wrong"], n+len(all[p.name])
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%+.3f\n", p.name, len(all[p.name]), counts["right"], counts["so far"], counts["undecided"], counts["wrong"], truth)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\nwrong: %d of %d\n", wrong, n)
	return nil
}

// outcome says what the verdict came to: right, so far, undecided or wrong. It is wrong
// where fresh rows have the other model ahead by more than two standard errors.
func (j judged) outcome() string {
	switch signed := map[string]float64{"gmm": 1, "vae": -1}[j.Verdict] * j.Truth; {
	case j.Verdict == "":
		return "undecided"
	case j.SoFar:
		return "so far"
	case signed < -2*j.TruthSE:
		return "wrong"
	}
	return "right"
}

// one makes a run and asks for the truth.
func (s *study) one(ctx context.Context, p process, seed uint64) (judged, error) {
	folder, err := os.MkdirTemp("", "fairness")
	if err != nil {
		return judged{}, err
	}
	defer os.RemoveAll(folder)
	random := rand.New(density.NewSource(seed, "fairness."+p.name))
	fixed := make([]float64, p.constants)
	for i := range fixed {
		fixed[i] = random.NormFloat64()
	}
	seen, fresh := filepath.Join(folder, "seen.csv"), filepath.Join(folder, "fresh.csv")
	for path, n := range map[string]int{seen: s.rows, fresh: freshRows} {
		if err := p.write(path, n, rand.New(density.NewSource(seed, "fairness.rows "+filepath.Base(path))), fixed); err != nil {
			return judged{}, err
		}
	}
	c := compare.Default()
	c.Dataset, c.Seed, c.Models, c.EvalSamples = seen, seed, []string{"gmm", "vae"}, samples
	if s.budget > 0 {
		c.Budget = compare.Budget{Work: s.budget}
	}
	o, err := (&compare.Job{Settings: c}).Run(ctx)
	if err != nil {
		return judged{}, err
	}
	v := verdictOf(o)
	j := judged{Verdict: v.Better, SoFar: v.SoFar, Sizes: [2]string{v.Exact.Size, v.Network.Size}}
	diff, err := eval.Compare(o.Held[0], o.Held[1])
	if err != nil {
		return judged{}, err
	}
	j.Diff, j.DiffSE = diff.Mean, diff.StdErr()
	d, err := dataset.Open(fresh)
	if err != nil {
		return judged{}, err
	}
	var truth [2]*eval.Result
	for i, fit := range o.Fits {
		if truth[i], err = compare.Score(ctx, fit.Model, d, samples, seed); err != nil {
			return judged{}, err
		}
	}
	if diff, err = eval.Compare(truth[0], truth[1]); err != nil {
		return judged{}, err
	}
	j.Truth, j.TruthSE = diff.Mean, diff.StdErr()
	return j, nil
}

// write draws rows into a file.
func (p process) write(path string, n int, random *rand.Rand, fixed []float64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	for i := range n {
		row := p.draw(random, fixed)
		if i == 0 {
			var names []string
			for k := range row {
				names = append(names, fmt.Sprintf("x%d", k+1))
			}
			w.Write(names)
		}
		text := make([]string, len(row))
		for k, v := range row {
			text[k] = strconv.FormatFloat(v, 'g', -1, 64)
		}
		w.Write(text)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
