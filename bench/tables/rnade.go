package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
)

// folds is the number of parts that the rows are dealt into.
const folds = 10

// left names the columns that a table leaves out: what is no measurement, and of columns
// that nearly repeat another (a correlation above 0.98) all but one.
var left = map[string][]string{
	"red_wine":   {"Quality"},
	"parkinsons": {"age", "sex", "DummyMain", "Jitter(%)", "Jitter:DDP", "Shimmer", "Shimmer:DDA"},
}

func runRNADE(ctx context.Context, o options) error {
	for _, name := range o.data {
		x, err := readColumns(filepath.Join(o.folder, name+".csv"), left[name])
		if err != nil {
			return err
		}
		n, d := x.Dims()
		order := rand.New(density.NewSource(o.seed, "tables.folds")).Perm(n)
		units := min(o.folds, folds)
		fmt.Printf("%s: %d rows, %d columns, %d of %d folds; each column standardised by the rows that are not tested\n", name, n, d, units, folds)
		if err := dealt(ctx, o, name, x, order, units); err != nil {
			return err
		}
	}
	return nil
}

// dealt computes and prints all models of one data set.
func dealt(ctx context.Context, o options, name string, x *mat.Dense, order []int, units int) error {
	var rows []row
	var fresh []bool
	for fold := range units {
		fresh = append(fresh, withoutCopy(x, order, fold)...)
	}
	for _, c := range continuousModels() {
		if !slices.Contains(o.models, c.name) {
			continue
		}
		results := make([]result, units)
		for fold := range results {
			key := fmt.Sprintf("rnade/%s/%s/fold %d/seed %d/effort %v/samples %d", name, c.name, fold+1, o.seed, o.effort, o.samples)
			var err error
			results[fold], err = o.store.get(key, func() (result, error) {
				p, err := fold10(x, order, fold)
				if err != nil {
					return result{}, err
				}
				return compute(ctx, c, p, o)
			})
			if err != nil {
				return err
			}
		}
		rows = append(rows, row{c.name, results, fresh})
	}
	print("rnade", name, rows)
	return nil
}

// fold10 deals the rows: the given fold is tested, the next one validates, the others
// train. All are standardised by the rows that are not tested.
func fold10(x *mat.Dense, order []int, fold int) (parts, error) {
	var train, valid, test []int
	for at, i := range order {
		switch at % folds {
		case fold:
			test = append(test, i)
		case (fold + 1) % folds:
			valid = append(valid, i)
		default:
			train = append(train, i)
		}
	}
	p := parts{train: take(x, train), valid: take(x, valid), test: take(x, test), whole: take(x, slices.Concat(train, valid))}
	t, err := density.NewStandardizing(p.whole)
	if err != nil {
		return p, err
	}
	for _, y := range []*mat.Dense{p.train, p.valid, p.test, p.whole} {
		t.Apply(y, y)
	}
	return p, nil
}

// withoutCopy says of each row that the given fold tests whether no row of the others is
// equal to it. A density that sits on its training rows shines on the rest.
func withoutCopy(x *mat.Dense, order []int, fold int) []bool {
	known := make(map[string]bool)
	for at, i := range order {
		if at%folds != fold {
			known[fmt.Sprint(x.RawRowView(i))] = true
		}
	}
	var fresh []bool
	for at, i := range order {
		if at%folds == fold {
			fresh = append(fresh, !known[fmt.Sprint(x.RawRowView(i))])
		}
	}
	return fresh
}

func take(x *mat.Dense, rows []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(rows), d, nil)
	for to, from := range rows {
		out.SetRow(to, x.RawRowView(from))
	}
	return out
}

// readColumns reads a table without some of its columns.
func readColumns(path string, without []string) (*mat.Dense, error) {
	data, err := dataset.Open(path)
	if err != nil {
		return nil, err
	}
	var keep []int
	for j, name := range data.Columns {
		if !slices.Contains(without, name) {
			keep = append(keep, j)
		}
	}
	if len(keep)+len(without) != len(data.Columns) {
		return nil, fmt.Errorf("%s has not the columns %q, which are left out; want the file as published", path, without)
	}
	x := mat.NewDense(data.Rows(), len(keep), nil)
	for i := range data.Rows() {
		for to, from := range keep {
			x.Set(i, to, data.X.At(i, from))
		}
	}
	return x, nil
}
