package vae

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// observed is a likelihood with its parameters, for the tests that hold each to the
// contract of observation. What a plain autoencoder has in its place is held to the
// part of it that it has.
type observed struct {
	name string
	*columnwise
	plain bool
}

// sortedColumns are one of each likelihood and a second one of two of them, apart.
func sortedColumns() []Column {
	var columns []Column
	for _, l := range Likelihoods() {
		c := Column{Likelihood: l}
		if l.describe().levels {
			c.Levels = 4
		}
		columns = append(columns, c)
	}
	return append(columns, Column{Categorical, 3}, Column{Likelihood: Gaussian})
}

func allObservations(t *testing.T) []observed {
	t.Helper()
	var all []observed
	settings, err := Settings{Freedom: 3.5, Levels: 4}.Resolve(100)
	require.NoError(t, err)
	for _, l := range Likelihoods() {
		settings.Likelihood = l
		c := settings.config(Variational, 3)
		require.NoError(t, c.check(), l)
		all = append(all, observed{l.String(), newObservation(&c), false})
		require.Equal(t, l.Scaled(), newObservation(&c).scaled())
		if l.describe().plain != nil {
			c = settings.config(Plain, 3)
			all = append(all, observed{"plain " + l.String(), newObservation(&c), true})
		}
	}
	settings.Likelihood, settings.Columns = ByColumn, sortedColumns()
	c := settings.config(Variational, len(settings.Columns))
	require.NoError(t, c.check())
	return append(all, observed{"by column", newObservation(&c), false})
}

// parameters returns a location for each place and a log-variance for each scale.
func (o observed) parameters() (loc, s []float64) {
	for k := range o.locations() {
		loc = append(loc, []float64{0.4, -1.1, 1.7}[k%3])
	}
	for k := range o.scales() {
		s = append(s, []float64{-0.5, 0.3, -1.2}[k%3])
	}
	return loc, s
}

// drawn returns rows (n×D) drawn from an observation with the given location and
// log-variance in each column.
func drawn(o *columnwise, n int, loc, s []float64, seed uint64) *mat.Dense {
	x := mat.NewDense(n, len(o.loc)-1, nil)
	random := rand.New(source(seed))
	for i := range n {
		o.noise(x.RawRowView(i), random)
		o.sample(x.RawRowView(i), loc, s)
	}
	return x
}

// What is drawn is in the support, has the mean that is promised, and each quantile
// has that share at or below it. Over 4000 rows the bounds are 5 standard errors; of
// some 40 comparisons one fails with probability 2e-5.
func TestLikelihoodsDrawWhatTheySay(t *testing.T) {
	const n = 4000
	for _, o := range allObservations(t) {
		loc, s := o.parameters()
		if o.plain {
			continue // there is no noise
		}
		x := drawn(o.columnwise, n, loc, s, 1)
		require.NoError(t, o.check(x, false), o.name)
		want, quantiles := make([]float64, len(o.loc)-1), make([]float64, len(o.loc)-1)
		o.mean(want, loc, s)
		mean, variance := density.Moments(x)
		for j := range want {
			if o.loc[j+1]-o.loc[j] == 1 { // else it is the most probable level
				near(t, want[j], mean[j], 5*math.Sqrt(variance[j]/n), "%s: mean of column %d", o.name, j)
			}
			for _, p := range []float64{0.2, 0.5, 0.85} {
				o.quantile(quantiles, p, loc, s)
				q := quantiles[j]
				var below, at float64
				for i := range n {
					if v := x.At(i, j); v < q-1e-9 {
						below += 1.0 / n
					} else if v <= q+1e-9 {
						at += 1.0 / n
					}
				}
				margin := 5 * math.Sqrt(p*(1-p)/n)
				require.LessOrEqual(t, below, p+margin, "%s: quantile %v of column %d", o.name, p, j)
				require.GreaterOrEqual(t, below+at, p-margin, "%s: quantile %v of column %d", o.name, p, j)
			}
		}
	}
}

// The derivatives are those of log p(x|z) by central differences, in either form and
// either arithmetic, and the value is log p(x|z).
func TestLikelihoodGradients(t *testing.T) {
	for _, data := range allObservations(t) {
		for _, o := range []observed{data, {data.name + ", transformed", data.transformed(), data.plain}} {
			random := rand.New(source(3))
			for range 20 {
				loc, s := make([]float64, o.locations()), make([]float64, o.scales())
				for k := range loc {
					loc[k] = random.NormFloat64()
				}
				for k := range s {
					s[k] = random.NormFloat64()
				}
				x := drawn(o.columnwise, 1, loc, s, random.Uint64()).RawRowView(0)
				for k := range loc { // away from the mode
					loc[k] += 0.3 * random.NormFloat64()
				}
				checkGradients(t, o, x, loc, s)
				if !o.plain {
					x[random.IntN(len(x))] = math.NaN()
					checkGradients(t, o, x, loc, s)
				}
			}
		}
	}
}

// checkGradients compares the derivatives of log p(x|z) with central differences.
func checkGradients(t *testing.T, o observed, x, loc, s []float64) {
	t.Helper()
	logProb := func() float64 {
		w := make([]float64, len(s))
		negExp(w, s)
		return o.logProb(x, loc, s, w, make([]float64, len(loc)))
	}
	w, dloc, ds := make([]float64, len(s)), ones(len(loc)), ones(len(s))
	negExp(w, s)
	got := newGradient[float64](o.columnwise).grad(x, loc, s, w, dloc, ds)
	relative(t, logProb(), got, 1e-12, o.name)
	single := func(v []float64) []float32 {
		out := make([]float32, len(v))
		copyTo(out, v)
		return out
	}
	dloc32, ds32 := single(ones(len(loc))), single(ones(len(s)))
	got32 := newGradient[float32](o.columnwise).grad(single(x), single(loc), single(s), single(w), dloc32, ds32)
	near(t, got, got32, 1e-4*(1+math.Abs(got)), o.name)
	for _, side := range []struct {
		at, want []float64
		f32      []float32
	}{{loc, dloc, dloc32}, {s, ds, ds32}} {
		for k, want := range side.want {
			const h = 1e-4
			at := side.at[k]
			side.at[k] = at + h
			up := logProb()
			side.at[k] = at - h
			down := logProb()
			side.at[k] = at
			near(t, (up-down)/(2*h), want, 1e-5*(1+math.Abs(want)), o.name)
			near(t, want, float64(side.f32[k]), 1e-3*(1+math.Abs(want)), o.name)
		}
	}
}

// ones returns what a result must not leave standing.
func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// Training sees t(x), and its log p is that of x in other units: with locations taken
// back through t and scales multiplied by those of t, the two agree.
func TestLikelihoodUnits(t *testing.T) {
	for _, o := range allObservations(t) {
		loc, s := o.parameters()
		x := drawn(o.columnwise, 50, loc, s, 5)
		if o.plain && !o.scaled() {
			x.Apply(func(i, j int, v float64) float64 { return v * float64((i+j)%2) }, x)
		}
		for _, perColumn := range []bool{false, true} {
			transform, err := o.transform(momentsOf(x, nil), perColumn)
			require.NoError(t, err, o.name)
			y := transform.Apply(nil, x)
			factor, shift := o.units(transform)
			inside := o.transformed()
			for i := range 50 {
				far, farS := slices.Clone(loc), slices.Clone(s)
				for j, scale := range transform.Scale {
					if at := o.loc[j]; o.loc[j+1]-at == 1 {
						far[at] = (loc[at] - transform.Shift[j]) / scale
					}
				}
				o.eachScale(func(k, j int) { farS[k] -= 2 * math.Log(transform.Scale[j]) })
				w, farW, tmp := make([]float64, len(s)), make([]float64, len(s)), make([]float64, len(loc))
				negExp(w, s)
				negExp(farW, farS)
				want := o.logProb(x.RawRowView(i), loc, s, w, tmp)
				got := inside.logProb(y.RawRowView(i), far, farS, farW, tmp)
				relative(t, want, factor*got+shift, 1e-9, "%s, row %d", o.name, i)
			}
		}
	}
}

// A likelihood is known to its own file and to the list, and to nobody else.
func TestLikelihoodsAreKnownToTheirFilesOnly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	owner := make(map[string]string) // of a name that a likelihood's file declares
	parsed := make(map[string]*ast.File)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		parsed[path] = file
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || !strings.HasPrefix(path, "likelihood_") || path == "likelihood_sigma.go" {
				continue
			}
			for _, spec := range g.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					owner[spec.Names[0].Name] = path
				case *ast.TypeSpec:
					owner[spec.Name.Name] = path
				}
			}
		}
	}
	for _, name := range []string{"Gaussian", "Bernoulli", "bernoulli", "squared", "discretizedLogisticForm"} {
		require.Contains(t, owner, name)
	}
	delete(owner, "log2Pi")
	list := 0
	for path, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if from, known := owner[name.Name]; known && path == "likelihood.go" {
				list++
			} else if known && from != path && !strings.HasPrefix(path, "likelihood_") {
				t.Errorf("%s names %s of %s", path, name.Name, from)
			}
			return true
		})
	}
	require.Equal(t, len(Likelihoods())+1, list, "in the list and, for the zero value, once more")
}
