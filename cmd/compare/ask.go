package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/dataset"
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
