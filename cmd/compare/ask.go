package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/dataset"
	"likely/density"
	"likely/internal/oneline"
	"likely/query"
	"likely/saved"
)

// question holds what the commands that ask a saved model have in common.
type question struct {
	*app
	model    string
	settings query.Settings
	quiet    bool
}

// flags adds the flags that every question has.
func (q *question) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.model, "model", "", "`FILE` with the saved model")
	cmd.Flags().IntVar(&q.settings.Draws, "samples", 1000, "draws of the code per row, where there is no closed form")
	cmd.Flags().Uint64Var(&q.settings.Seed, "seed", 1, "seed of all draws")
	cmd.Flags().BoolVar(&q.quiet, "quiet", false, "no progress on standard error")
}

// open loads the model.
func (q *question) open() (*query.Model, *saved.Model, error) {
	if err := required("model", q.model); err != nil {
		return nil, nil, err
	}
	if q.settings.Draws < 2 {
		return nil, nil, usageError(fmt.Errorf("--samples %d: want at least 2", q.settings.Draws))
	}
	if err := compare.CheckSamples(q.settings.Draws); err != nil {
		return nil, nil, usageError(fmt.Errorf("--samples %d: %w", q.settings.Draws, err))
	}
	m, err := saved.Load(q.model)
	if err != nil {
		return nil, nil, err
	}
	s := q.settings
	if !q.quiet {
		bar := newProgress(q.err)
		s.Progress = func(done, total int) {
			if bar.Step("drawing codes, row", done, total, ""); done == total {
				bar.Done()
			}
		}
	}
	asked, err := query.New(m, s)
	return asked, m, err
}

// read reads rows for the model, and says what was made of them.
func (q *question) read(m *query.Model, path string) (*mat.Dense, *dataset.Dataset, error) {
	d, err := dataset.OpenWith(path, m.Options())
	if err != nil {
		return nil, nil, err
	}
	for _, note := range d.Notes {
		fmt.Fprintf(q.err, "warning: %s: %s\n", d.Place(), oneline.Text(note.String()))
	}
	x, err := m.Rows(d)
	return x, d, err
}

func (a *app) assignCommand() *cobra.Command {
	q := question{app: a}
	cmd := &cobra.Command{
		Use:   "assign --model FILE DATA",
		Short: "to which component each row belongs, or what its code is, as CSV",
		Long: `Assign prints a line per row of DATA. For a mixture: row, component (the most
probable, from 1), and p1, p2, …, the probabilities of all components given the row.
For a VAE: mean and standard deviation of p(z|x) in each dimension of the code, by
importance sampling. Rows may lack values.`,
		Example: `  compare assign --model likely-out/models/gmm.safetensors faithful`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, _, err := q.open()
			if err != nil {
				return err
			}
			x, _, err := q.read(m, args[0])
			if err != nil {
				return err
			}
			answer, err := m.Assign(cmd.Context(), x)
			if err != nil {
				return err
			}
			return query.WriteAssignment(a.out, answer)
		},
	}
	q.flags(cmd)
	return cmd
}

func (a *app) imputeCommand() *cobra.Command {
	q := question{app: a}
	var draws int
	cmd := &cobra.Command{
		Use:   "impute --model FILE DATA",
		Short: "the rows of a file with missing values filled in, as CSV",
		Long: `Impute prints the rows of DATA with what they lack filled in: by its expectation
given the rest of the row, or for categories by the most probable one. With --draws M
each row comes M times, with a draw from the joint distribution of what it lacks: M
complete tables, numbered by the column "draw" (multiple imputation, Rubin 1987).`,
		Example: `  compare impute --model likely-out/models/gmm.safetensors gaps.csv
  compare impute --model likely-out/models/gmm.safetensors gaps.csv --draws 20`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if draws < 0 {
				return usageError(fmt.Errorf("--draws %d: want 0 for the expectation, or a number of draws", draws))
			}
			m, file, err := q.open()
			if err != nil {
				return err
			}
			x, d, err := q.read(m, args[0])
			if err != nil {
				return err
			}
			c := csv.NewWriter(a.out)
			if draws == 0 {
				filled, err := m.Impute(cmd.Context(), x)
				if err != nil {
					return err
				}
				keepKnown(filled, d.X)
				c.Write(file.Preparation.Columns)
				return m.WriteRows(c, filled, func(int) []string { return nil })
			}
			c.Write(append([]string{"draw"}, file.Preparation.Columns...))
			for k := range draws {
				filled, err := m.Draw(cmd.Context(), x, q.settings.Seed, k)
				if err != nil {
					return err
				}
				keepKnown(filled, d.X)
				if err := m.WriteRows(c, filled, func(int) []string { return []string{strconv.Itoa(k + 1)} }); err != nil {
					return err
				}
			}
			return nil
		},
	}
	q.flags(cmd)
	cmd.Flags().IntVar(&draws, "draws", 0, "complete tables to draw; 0: the expectation")
	return cmd
}

// keepKnown puts what a file holds in the place of what became of it on the way through
// the model's units.
func keepKnown(filled, file *mat.Dense) {
	filled.Apply(func(i, j int, v float64) float64 {
		if known := file.At(i, j); !math.IsNaN(known) {
			return known
		}
		return v
	}, filled)
}

// target is the column that a question is about.
type target struct {
	name      string
	quantiles []float64
}

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.name, "target", "", "`COLUMN` that is asked for, by name or number")
	cmd.Flags().Float64SliceVar(&t.quantiles, "quantiles", query.Quantiles, "probabilities of the quantiles to print")
}

// find returns the number of the column.
func (t *target) find(m *query.Model) (int, error) {
	if t.name == "" {
		return 0, usageError(fmt.Errorf("--target is missing: name the column that is asked for"))
	}
	if err := checkProbabilities("quantiles", t.quantiles); err != nil {
		return 0, err
	}
	j, err := m.Index(t.name)
	if err != nil {
		return 0, usageError(fmt.Errorf("--target: %w", err))
	}
	return j, nil
}

func checkProbabilities(flag string, list []float64) error {
	for _, p := range list {
		if !(p > 0 && p < 1) {
			return usageError(fmt.Errorf("--%s %v: want probabilities between 0 and 1", flag, p))
		}
	}
	return nil
}

func (a *app) predictCommand() *cobra.Command {
	q, t := question{app: a}, target{}
	cmd := &cobra.Command{
		Use:   "predict --model FILE --target COLUMN DATA",
		Short: "one column of each row of a file from the others, as CSV",
		Long: `Predict prints a line per row of DATA: mean, standard deviation and quantiles of
the target given all other values of the row; of a category, its probabilities. Where the
row has a value of the target, it does not see it, and tells how likely it is: log_prob is
log p(target | others), in nats. For a mixture all is exact; for a VAE it comes with
standard errors. Rows may lack values, and DATA may lack columns, the target among them.`,
		Example: `  compare predict --model likely-out/models/gmm.safetensors --target waiting faithful`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, file, err := q.open()
			if err != nil {
				return err
			}
			j, err := t.find(m)
			if err != nil {
				return err
			}
			x, d, err := q.read(m, args[0])
			if err != nil {
				return err
			}
			columns, err := m.Column(cmd.Context(), x, j)
			if err != nil {
				return err
			}
			actual := file.Preparation.Transform.Invert(nil, x)
			if file.Preparation.Measure != density.Dequantized {
				keepKnown(actual, d.X)
			}
			return query.WriteColumns(a.out, columns, t.quantiles, actual, j)
		},
	}
	q.flags(cmd)
	t.flags(cmd)
	return cmd
}

func (a *app) conditionCommand() *cobra.Command {
	q, t := question{app: a}, target{}
	var given string
	cmd := &cobra.Command{
		Use:   "condition --model FILE --target COLUMN --given COLUMN=VALUE,…",
		Short: "the distribution of one column given values of others, as CSV",
		Long: `Condition prints mean, standard deviation and quantiles of the target given the
values, or of a category its probabilities. What is not given is integrated out. Without
--given it is the distribution of the column as such.`,
		Example: `  compare condition --model likely-out/models/gmm.safetensors --given eruptions=2 --target waiting`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, file, err := q.open()
			if err != nil {
				return err
			}
			j, err := t.find(m)
			if err != nil {
				return err
			}
			x, err := givenRow(m, file, given)
			if err != nil {
				return err
			}
			columns, err := m.Column(cmd.Context(), x, j)
			if err != nil {
				return err
			}
			return query.WriteColumns(a.out, columns, t.quantiles, nil, j)
		},
	}
	q.flags(cmd)
	t.flags(cmd)
	cmd.Flags().StringVar(&given, "given", "", "what is known: `COLUMN=VALUE,…`")
	return cmd
}

// givenRow returns the row, in model space, of which the given values are known.
func givenRow(m *query.Model, file *saved.Model, given string) (*mat.Dense, error) {
	p := &file.Preparation
	row := mat.NewDense(1, len(p.Columns), nil)
	for j := range p.Columns {
		row.Set(0, j, math.NaN())
	}
	for one := range strings.SplitSeq(given, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, text, ok := strings.Cut(one, "=")
		if !ok {
			return nil, usageError(fmt.Errorf("--given %q: want COLUMN=VALUE, such as %s=1.5", one, p.Columns[0]))
		}
		j, err := m.Index(strings.TrimSpace(name))
		if err != nil {
			return nil, usageError(fmt.Errorf("--given: %w", err))
		}
		value, err := givenValue(p, j, strings.TrimSpace(text))
		if err != nil {
			return nil, usageError(fmt.Errorf("--given %s: %w", one, err))
		}
		row.Set(0, j, value)
	}
	d := &dataset.Dataset{Name: "--given", X: row, Columns: slices.Clone(p.Columns), Levels: p.Levels}
	x, err := m.Rows(d)
	if err != nil {
		return nil, usageError(err)
	}
	return x, nil
}

func givenValue(p *saved.Preparation, j int, text string) (float64, error) {
	if p.Levels != nil && p.Levels[j] != nil {
		code := slices.Index(p.Levels[j], text)
		if code < 0 {
			return 0, fmt.Errorf("the column has the levels %s", strings.Join(p.Levels[j][:min(8, len(p.Levels[j]))], ", "))
		}
		return float64(code), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return v, nil
}

// distributionCommand makes the commands cdf and quantile, which take numbers by a flag
// and answer one for each.
func (a *app) distributionCommand(cmd *cobra.Command, flag, usage, head string, check func([]float64) error, answer func(c *query.Column, v float64) float64) *cobra.Command {
	q := question{app: a}
	var column, given string
	var values []float64
	cmd.Args = arguments(cobra.NoArgs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m, file, err := q.open()
		if err != nil {
			return err
		}
		if column == "" || len(values) == 0 {
			return usageError(fmt.Errorf("--column and --%s are needed: the column, and %s", flag, usage))
		}
		if err := check(values); err != nil {
			return err
		}
		j, err := m.Index(column)
		if err != nil {
			return usageError(fmt.Errorf("--column: %w", err))
		}
		if levels := file.Preparation.Levels; levels != nil && levels[j] != nil {
			return usageError(fmt.Errorf("--column %s: categories have no order; ask condition for their probabilities", column))
		}
		x, err := givenRow(m, file, given)
		if err != nil {
			return err
		}
		columns, err := m.Column(cmd.Context(), x, j)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, head)
		for _, v := range values {
			if _, err := fmt.Fprintf(a.out, "%v,%v\n", v, answer(&columns[0], v)); err != nil {
				return err
			}
		}
		return nil
	}
	q.flags(cmd)
	cmd.Flags().StringVar(&column, "column", "", "`COLUMN` that is asked for, by name or number")
	cmd.Flags().Float64SliceVar(&values, flag, nil, usage)
	cmd.Flags().StringVar(&given, "given", "", "what is known of other columns: `COLUMN=VALUE,…`")
	return cmd
}

func (a *app) cdfCommand() *cobra.Command {
	return a.distributionCommand(&cobra.Command{
		Use:     "cdf --model FILE --column COLUMN --at VALUE,…",
		Short:   "the probability that a column is at most a value, as CSV",
		Long:    "Cdf prints P(column ≤ value) for each value, of the column as such or given values\nof others.",
		Example: "  compare cdf --model likely-out/models/gmm.safetensors --column waiting --at 60,80",
	}, "at", "values, in the units of the data", "value,cdf", func(values []float64) error {
		for _, v := range values {
			if math.IsNaN(v) {
				return usageError(fmt.Errorf("--at %v: want numbers", v))
			}
		}
		return nil
	}, (*query.Column).CDF)
}

func (a *app) quantileCommand() *cobra.Command {
	return a.distributionCommand(&cobra.Command{
		Use:     "quantile --model FILE --column COLUMN --p PROBABILITY,…",
		Short:   "the value that a column is below with a probability, as CSV",
		Long:    "Quantile prints the smallest value v with P(column ≤ v) ≥ p for each p, of the column\nas such or given values of others.",
		Example: "  compare quantile --model likely-out/models/gmm.safetensors --column waiting --p 0.05,0.95",
	}, "p", "probabilities between 0 and 1", "p,value", func(values []float64) error { return checkProbabilities("p", values) }, (*query.Column).Quantile)
}
