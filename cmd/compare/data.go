package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"likely/dataset"
	"likely/density"
)

func (a *app) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "list the known datasets; data info NAME; data fetch NAME",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return listData(a.out) },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "info NAME|FILE",
		Short: "what a dataset holds, where it comes from, its licence and fingerprint",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE:  func(_ *cobra.Command, args []string) error { return describeData(a.out, args[0], a.spelling) },
	}, a.fetchCommand())
	return cmd
}

func listData(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\trows\tcolumns\twhere\twhat")
	for _, e := range dataset.List() {
		rows := fmt.Sprint(e.Rows)
		if e.TestRows > 0 {
			rows += fmt.Sprintf(" + %d", e.TestRows)
		}
		where := "not on this machine"
		switch {
		case e.Embedded:
			where = "built in"
		case e.Synthetic:
			where = "synthetic"
		case e.Folder != "":
			where = e.Folder
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", e.Name, rows, e.Dim, where, e.Title)
	}
	return t.Flush()
}

func describeData(w io.Writer, name string, spell density.Spelling) error {
	d, err := dataset.OpenWith(name, dataset.Options{Missing: true, Categories: true})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", key, value)
		}
	}
	line("name", d.Name)
	if e, err := dataset.Info(name); err == nil {
		line("what", e.Title)
		line("note", e.Note)
	}
	line("rows", fmt.Sprint(d.Rows()))
	line("columns", fmt.Sprintf("%d: %s", d.Dim(), shorten(d.Columns, 8)))
	if d.IsImage() {
		line("image", fmt.Sprintf("%d×%d pixels", d.Height, d.Width))
	}
	if d.IsImage() && len(d.Types) > 0 {
		line("type", d.Types[0].String())
	}
	if d.Step > 0 {
		line("levels", fmt.Sprintf("%v to %v in steps of %v", d.Lo, d.Hi, d.Step))
	}
	line("source", d.Source)
	line("licence", d.Licence)
	line("sha256", d.SHA256)
	line("file", d.File)
	for _, note := range d.Notes {
		line("note", note.In(spell))
	}
	if err := t.Flush(); err != nil || d.IsImage() {
		return err
	}
	return describeColumns(w, d)
}

// shorten lists the first names and counts the rest.
func shorten(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, … %d more", strings.Join(names[:most], ", "), len(names)-most)
}
