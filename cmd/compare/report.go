package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"likely/internal/oneline"
	"likely/internal/wholefile"
	"likely/report"
	"likely/results"
)

// acrossName is the page of several runs where no other name is given.
const acrossName = "likely-report.html"

const reportLong = `Report renders the results of a run again, from its folder or its results.json:
report.html in that folder, or text. Of several runs it makes one page,
likely-report.html, that sets them side by side. Models of two runs are compared row
by row where the held-out rows are the same ones, and not where they are not.`

func (a *app) reportCommand() *cobra.Command {
	var out, format string
	var open bool
	cmd := &cobra.Command{
		Use:     "report RESULTS…",
		Short:   "render results.json again, or several side by side",
		Long:    reportLong,
		Example: "  compare report likely-out --open\n  compare report first/results.json second/results.json --out both.html",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "html" && format != "text" {
				return usageError(fmt.Errorf("--format: unknown format %q; want html or text", format))
			}
			runs, err := readRuns(args)
			if err != nil {
				return err
			}
			if format == "text" {
				return a.reportText(runs)
			}
			if out == "" {
				out = acrossName
				if len(runs) == 1 {
					out = filepath.Join(folderOf(args[0]), report.PageName)
				}
			}
			if err := wholefile.Write(out, func(w io.Writer) error { return report.HTML(w, runs...) }); err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			fmt.Fprintf(a.out, "%s\n", out)
			if open {
				a.open(out)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write (default: report.html beside the results, or likely-report.html of several)")
	cmd.Flags().StringVar(&format, "format", "html", "html, or text on standard output")
	cmd.Flags().BoolVar(&open, "open", false, "open the page in a browser")
	cmd.SetUsageFunc(usage)
	return cmd
}

// readRuns reads runs and gives each a name of its own.
func readRuns(paths []string) ([]*report.Run, error) {
	var runs []*report.Run
	for _, path := range paths {
		run, err := report.ReadRun(path)
		if errors.Is(err, results.ErrFormat) {
			return nil, fmt.Errorf("%w; want a results.json that compare run has written", err)
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	for i, run := range runs {
		for _, other := range runs[:i] {
			if other.Name == run.Name || len(paths) > 1 && run.Name == "." {
				run.Name = folderOf(paths[i])
			}
		}
	}
	if len(runs) == 1 {
		runs[0].Name = ""
	}
	return runs, nil
}

// folderOf is the folder of a run that is given by it or by a file in it.
func folderOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Clean(path)
	}
	return filepath.Dir(path)
}

// reportText prints runs one after the other.
func (a *app) reportText(runs []*report.Run) error {
	for i, run := range runs {
		if len(runs) > 1 {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			fmt.Fprintf(a.out, "== %s\n", oneline.Text(run.Name))
		}
		if err := report.Text(a.out, run.Results); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
	}
	return nil
}

// open shows a page in the browser: the one that $BROWSER names, or that of the system.
// Where that fails the page is still there, and a warning says where.
func (a *app) open(page string) {
	path, err := filepath.Abs(page)
	if err == nil {
		command := []string{"xdg-open"}
		switch {
		case os.Getenv("BROWSER") != "":
			command = []string{os.Getenv("BROWSER")}
		case runtime.GOOS == "darwin":
			command = []string{"open"}
		case runtime.GOOS == "windows":
			command = []string{"rundll32", "url.dll,FileProtocolHandler"}
		}
		shown := exec.Command(command[0], append(command[1:], path)...)
		if err = shown.Start(); err == nil {
			err = shown.Process.Release()
		}
	}
	if err != nil {
		fmt.Fprintf(a.err, "warning: --open: %s; open %s by hand, or name a browser in $BROWSER\n", oneline.Error(err), page)
	}
}

// commandLine returns the arguments as a line that a shell takes.
func commandLine(args []string) string {
	words := []string{"compare"}
	for _, word := range args[min(1, len(args)):] {
		if word == "" || strings.ContainsAny(word, " \t\n\"'`$&|;<>()*?[]{}~#!\\") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
