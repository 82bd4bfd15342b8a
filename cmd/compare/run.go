package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"likely/compare"
	"likely/density"
	"likely/internal/oneline"
	"likely/internal/wholefile"
	"likely/report"
	"likely/results"
)

const runLong = `Run fits a Gaussian mixture and a variational autoencoder to the same rows and
compares their log p(x) on the same held-out rows. A mixture's number is exact;
a VAE's is an importance-sampling estimate beside its lower bound, the ELBO. The
table says which is which and how large the error is.

DATASET is a name (compare data lists them) or a file: .csv, .tsv, .npy, .npz,
.parquet, IDX, .gz of these, or a folder with the four MNIST-style IDX files.
Without one, it is the 8×8 digits.

Exit codes: 0 fine, 1 the data or a fit failed, 2 wrong usage, 130 interrupted.`

const runExamples = `  compare                                    digits, all models, about a minute
  compare faithful
  compare run iris --gmm-components 1-10 --models gmm
  compare data.csv --test held-out.csv --out results --format json`

// formats are the ways to print results.
var formats = map[string]func(io.Writer, *results.Results) error{
	"text": report.Summary,
	"json": func(w io.Writer, r *results.Results) error { return r.WriteJSON(w) },
	"csv":  report.CSV,
}

func (a *app) runCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:     "run [DATASET]",
		Short:   "fit the models and compare them (the main job)",
		Long:    runLong,
		Example: runExamples,
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.resolve(cmd, args); err != nil {
				return err
			}
			return a.run(cmd, &flags)
		},
	}
	flags.register(cmd.Flags())
	cmd.SetUsageFunc(usage)
	a.spelling = density.Flag(flags.book.names)
	return cmd
}

func (a *app) run(cmd *cobra.Command, flags *runFlags) error {
	if flags.out == "" {
		return usageError(fmt.Errorf("--out is empty: name a folder for the results"))
	}
	folder, err := wholefile.NewFolder(flags.out, results.FileName)
	if err != nil {
		return fmt.Errorf("--out: %w; choose a folder that can be written to", err)
	}
	a.onInterrupt(folder.Discard)
	defer folder.Discard()

	var bar *progress
	job := compare.Job{Settings: flags.settings, Fingerprint: flags.fingerprint, TestFingerprint: flags.testPrint, Spelling: a.spelling}
	if !flags.quiet {
		bar = newProgress(a.err)
		job.Progress = bar
		defer bar.Done()
	}
	job.Checkpoint = folder.Checkpoint()
	job.Resume = flags.resume
	a.onInterrupt(func() {
		if job.HasCheckpoint() {
			fmt.Fprintf(a.err, "compare: the work that was done is kept in %s; the same command with --resume continues\n", job.Checkpoint)
		}
	})
	outcome, err := job.Run(cmd.Context())
	if err != nil {
		return err
	}
	outcome.Command = commandLine(os.Args)
	if err := report.Stage(cmd.Context(), folder, outcome, job.Progress); err != nil {
		return err
	}
	if bar != nil {
		bar.Done()
	}
	for _, warning := range outcome.Results.Warnings {
		fmt.Fprintf(a.err, "warning: %s\n", oneline.Text(warning))
	}
	// An interrupt up to here leaves the earlier output; from here on, the
	// new one.
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if err := a.uninterrupted(folder.Commit); err != nil {
		return err
	}
	job.RemoveCheckpoint()
	if err := formats[flags.format](a.out, outcome.Results); err != nil {
		return fmt.Errorf("cannot write the results: %w", err)
	}
	if !flags.quiet {
		fmt.Fprintf(a.err, "\nwritten to %s: %s with all there is to read, %s, models, figures\n", flags.out, report.PageName, results.FileName)
	}
	if flags.open {
		a.open(filepath.Join(flags.out, report.PageName))
	}
	return nil
}

func errFormat(name string) error {
	return fmt.Errorf("unknown format %q; want one of %s", oneline.Short(name), strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
}
