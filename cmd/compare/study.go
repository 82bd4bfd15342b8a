package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"likely/compare"
	"likely/course"
	"likely/internal/wholefile"
)

// studiesName is the file that every folder of studies holds: what was run.
const studiesName = "studies.json"

const studyLong = `Study runs the measurements of the course, one by its name or all of them. It prints
the verdict, why, and the numbers with their errors, and writes the figures and a
record in JSON. Without a name it lists claims, studies and the last verdicts.`

// studyFlags are those of compare study.
type studyFlags struct {
	out          string
	quick, quiet bool
	seed         uint64
}

func (a *app) studyCommand() *cobra.Command {
	var flags studyFlags
	cmd := &cobra.Command{
		Use:     "study [NAME|all]",
		Short:   "the measurements of the course, one by one or all",
		Long:    studyLong,
		Example: "  compare study\n  compare study sampling\n  compare study all --out course-out",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listStudies(a.out)
			}
			studies := course.Studies()
			if args[0] != "all" {
				study, err := course.Find(args[0])
				if err != nil {
					return usageError(err)
				}
				studies = []*course.Study{study}
			}
			return a.study(cmd.Context(), studies, flags)
		},
	}
	cmd.Flags().StringVar(&flags.out, "out", "likely-course", "`DIR` for records and figures")
	cmd.Flags().BoolVar(&flags.quick, "quick", false, "small sizes, to see that it works; a verdict may be undecided")
	cmd.Flags().Uint64Var(&flags.seed, "seed", 1, "seed of all draws")
	cmd.Flags().BoolVar(&flags.quiet, "quiet", false, "no progress")
	cmd.SetUsageFunc(usage)
	return cmd
}

// listStudies prints the table of claims.
func listStudies(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "claim\tstudy\tlast verdict\tquestion")
	for _, s := range course.Studies() {
		r, err := s.Last()
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", strings.Join(s.Claims, ", "), s.Name, r.Verdict, s.Question.EN)
	}
	return t.Flush()
}

// ran is what studies.json says.
type ran struct {
	Schema  string      `json:"schema"`
	Version string      `json:"version"`
	Seed    uint64      `json:"seed"`
	Quick   bool        `json:"quick,omitempty"`
	Studies []verdictOf `json:"studies"`
}

type verdictOf struct {
	Name    string         `json:"name"`
	Verdict course.Verdict `json:"verdict"`
}

// study runs studies and shows the folder when all are done.
func (a *app) study(ctx context.Context, studies []*course.Study, flags studyFlags) error {
	if flags.out == "" {
		return usageError(errors.New("--out is empty: name a folder for the records and figures"))
	}
	if flags.seed == 0 {
		return usageError(errors.New("--seed 0: want at least 1"))
	}
	folder, err := wholefile.NewFolder(flags.out, studiesName)
	if err != nil {
		return fmt.Errorf("--out: %w; choose a folder that can be written to", err)
	}
	a.onInterrupt(folder.Discard)
	defer folder.Discard()
	summary := ran{Schema: "likely.studies/1", Version: compare.CurrentVersion().Likely, Seed: flags.seed, Quick: flags.quick}
	for i, s := range studies {
		r, err := a.runStudy(ctx, s, flags)
		if err != nil {
			return err
		}
		if err := stageStudy(folder, r); err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := r.WriteText(a.out); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
		summary.Studies = append(summary.Studies, verdictOf{s.Name, r.Verdict})
	}
	err = folder.Write(studiesName, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(summary)
	})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.uninterrupted(folder.Commit); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nwritten to %s\n", folder.Path(""))
	return nil
}

func (a *app) runStudy(ctx context.Context, s *course.Study, flags studyFlags) (*course.Record, error) {
	settings := course.Settings{Seed: flags.seed, Quick: flags.quick}
	if !flags.quiet {
		bar := newProgress(a.err)
		defer bar.Done()
		settings.Progress = func(task string, done, total int) { bar.Step(s.Name+": "+task, done, total, "") }
	}
	return s.Run(ctx, settings)
}

// stageStudy writes what a study leaves into a folder.
func stageStudy(folder *wholefile.Folder, r *course.Record) error {
	for _, p := range r.Pictures {
		write := func(w io.Writer) error { _, err := w.Write(p.SVG); return err }
		if err := folder.Write(p.Name+".svg", write); err != nil {
			return err
		}
	}
	return folder.Write(r.Study+".json", r.WriteJSON)
}
