package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/query"
	"likely/saved"
)

// target is the column that a question is about.
type target struct {
	name      string
	quantiles []float64
}

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.name, "target", "", "`COLUMN` that is asked for, by name or number")
	cmd.Flags().Float64SliceVar(&t.quantiles, "quantiles", query.Quantiles, "probabilities of the quantiles to print")
}

// open loads the model and finds the column in it.
func (t *target) open(q *question) (m *query.Model, file *saved.Model, j int, err error) {
	if m, file, err = q.open(); err != nil {
		return nil, nil, 0, err
	}
	if t.name == "" {
		return nil, nil, 0, usageError(fmt.Errorf("--target is missing: name the column that is asked for"))
	}
	if err := checkProbabilities("quantiles", t.quantiles); err != nil {
		return nil, nil, 0, err
	}
	if j, err = m.Index(t.name); err != nil {
		return nil, nil, 0, usageError(fmt.Errorf("--target: %w", err))
	}
	return m, file, j, nil
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
			m, file, j, err := t.open(&q)
			if err != nil {
				return err
			}
			x, d, err := q.read(m, args[0])
			if err != nil {
				return err
			}
			actual := file.Preparation.Transform.Invert(nil, x)
			if file.Preparation.Measure != density.Dequantized {
				keepKnown(actual, d.X)
			}
			return m.WriteColumns(cmd.Context(), a.out, x, j, t.quantiles, actual)
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
			m, file, j, err := t.open(&q)
			if err != nil {
				return err
			}
			x, err := givenRow(m, file, given)
			if err != nil {
				return err
			}
			return m.WriteColumns(cmd.Context(), a.out, x, j, t.quantiles, nil)
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
