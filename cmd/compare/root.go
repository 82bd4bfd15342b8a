package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"likely/compare"
)

func (a *app) rootCommand() *cobra.Command {
	root := a.runCommand()
	root.Use = "compare [DATASET]"
	root.Long = "Compare fits density models to a table of data and says how good each one is,\n" +
		"in nats that can be trusted. Without a command it does what compare run does.\n\n" + root.Long
	root.Version = compare.CurrentVersion().Likely
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.runCommand(), a.dataCommand(), a.scoreCommand(), a.sampleCommand(),
		a.assignCommand(), a.imputeCommand(), a.conditionCommand(), a.predictCommand(), a.cdfCommand(), a.quantileCommand(),
		a.reportCommand(), a.studyCommand(), a.versionCommand())
	return root
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version, the Go release and the platform",
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := compare.CurrentVersion()
			_, err := fmt.Fprintf(a.out, "likely %s (%s, %s)\n", v.Likely, v.Go, v.Platform)
			return err
		},
	}
}
