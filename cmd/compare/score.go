package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"likely/compare"
	"likely/dataset"
	"likely/eval"
	"likely/internal/oneline"
	"likely/saved"
)

func (a *app) scoreCommand() *cobra.Command {
	var model string
	var samples int
	var unseen bool
	var seed uint64
	cmd := &cobra.Command{
		Use:   "score --model FILE DATA",
		Short: "log p(x) of each row of a file under a saved model, as CSV",
		Long: `Score prints a line per row of DATA: row, log_prob, kind, se, khat. log_prob is
in nats of the original data. For a mixture it is exact; for a VAE it is an
importance-sampling estimate with its standard error se and its Pareto k̂, which
should stay below 0.7. Rows are treated as the model's training rows were: levels
are spread by the same noise or binarised by the same draw.`,
		Example: `  compare score --model likely-out/models/gmm.safetensors faithful`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required("model", model); err != nil {
				return err
			}
			if samples < 2 {
				return usageError(fmt.Errorf("--samples %d: want at least 2", samples))
			}
			if err := compare.CheckSamples(samples); err != nil {
				return usageError(fmt.Errorf("--samples %d: %w", samples, err))
			}
			m, err := saved.Load(model)
			if err != nil {
				return err
			}
			d, err := dataset.OpenWith(args[0], dataset.Options{Missing: m.Preparation.Missing, MissingValues: m.Preparation.MissingValues, Like: m.Preparation.Schema(), UnseenMissing: unseen})
			if err != nil {
				return err
			}
			for _, note := range d.Notes {
				fmt.Fprintf(a.err, "warning: %s: %s\n", d.Place(), oneline.Text(note.In(a.spelling)))
			}
			result, err := compare.Score(cmd.Context(), m, d, samples, seed)
			if err != nil {
				return err
			}
			for _, w := range result.Warnings {
				fmt.Fprintf(a.err, "warning: %s\n", oneline.Text(w))
			}
			return compare.WriteScores(a.out, result)
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "`FILE` with the saved model")
	cmd.Flags().IntVar(&samples, "samples", eval.DefaultSamples, "importance samples per row, where log p has no closed form")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the importance samples")
	cmd.Flags().BoolVar(&unseen, "unseen-missing", false, "a level that the model does not know is a missing value, not an error")
	return cmd
}

// required reports a flag that must be given.
func required(flag, value string) error {
	if value == "" {
		return usageError(fmt.Errorf("--%s is missing: name the file of a saved model, such as likely-out/models/gmm.safetensors", flag))
	}
	return nil
}
