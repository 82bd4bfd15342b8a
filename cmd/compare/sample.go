package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"likely/compare"
	"likely/saved"
)

func (a *app) sampleCommand() *cobra.Command {
	var model string
	var rows int
	var seed uint64
	cmd := &cobra.Command{
		Use:     "sample --model FILE",
		Short:   "draw rows from a saved model, as CSV",
		Long:    "Sample prints independent draws from a saved model as CSV with a header, in the\nunits of the data. A model of dequantised data gives dequantised rows.",
		Example: `  compare sample --model likely-out/models/gmm.safetensors --rows 100`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if err := required("model", model); err != nil {
				return err
			}
			if rows < 1 {
				return usageError(fmt.Errorf("--rows %d: want at least 1", rows))
			}
			m, err := saved.Load(model)
			if err != nil {
				return err
			}
			x, err := compare.Sample(m, rows, seed)
			if err != nil {
				return err
			}
			return compare.WriteSamples(a.out, m.Preparation.Columns, x)
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "`FILE` with the saved model")
	cmd.Flags().IntVar(&rows, "rows", 100, "number of rows to draw")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the draws")
	return cmd
}
