// Command course runs studies of the course at full size and writes what the
// repository keeps of them: the records, the figures, and the blocks of the pages.
//
//	go run ./bench/course            all studies
//	go run ./bench/course sampling   one
//	go run ./bench/course --pages    no study: the pages from the records there are
//	go run ./bench/course --check    runs them, writes nothing, compares the verdicts
//
// It is called in the folder of the module.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"likely/course"
	"likely/internal/wholefile"
)

func main() {
	pages := flag.Bool("pages", false, "run no study; fill the pages from the records")
	check := flag.Bool("check", false, "write nothing; compare the verdicts with those of the records")
	flag.Parse()
	if err := run(context.Background(), flag.Args(), *pages, *check); err != nil {
		fmt.Fprintln(os.Stderr, "course:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string, pages, check bool) error {
	var studies []*course.Study
	for _, name := range names {
		s, err := course.Find(name)
		if err != nil {
			return err
		}
		studies = append(studies, s)
	}
	if len(names) == 0 {
		studies = course.Studies()
	}
	for _, s := range studies {
		if pages {
			break
		}
		fmt.Fprintln(os.Stderr, s.Name, "…")
		fresh, err := s.Run(ctx, course.Settings{})
		if err != nil {
			return err
		}
		if err := fresh.WriteText(os.Stdout); err != nil {
			return err
		}
		if check {
			err = compare(s, fresh)
		} else {
			err = keep(fresh)
		}
		if err != nil {
			return err
		}
	}
	if check {
		return nil
	}
	// All pages: each has links to its neighbours.
	for _, s := range course.Studies() {
		if err := fillPages(s); err != nil {
			return err
		}
	}
	return rewrite("README.md", func(page string, l course.Language) (string, error) {
		return course.FillIndex(page, l, record)
	})
}

// compare returns an error if a fresh record has another verdict than the one that is kept.
func compare(s *course.Study, fresh *course.Record) error {
	r, err := record(s)
	if err == nil && fresh.Verdict != r.Verdict {
		err = fmt.Errorf("study %s: the verdict is %q, and that of the record %q", s.Name, fresh.Verdict, r.Verdict)
	}
	return err
}

// fillPages fills the pages of a study from its record.
func fillPages(s *course.Study) error {
	r, err := record(s)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(filepath.Join("course", "example_"+strings.ReplaceAll(s.Name, "-", "_")+"_test.go"))
	if err != nil {
		return err
	}
	code, err := course.ExampleCode(source, course.ExampleName(s.Name))
	if err != nil {
		return err
	}
	return rewrite(s.Name+".md", func(page string, l course.Language) (string, error) {
		return course.Fill(page, s, r, code, l)
	})
}

// rewrite replaces a page in both languages by what fill makes of it.
func rewrite(name string, fill func(page string, l course.Language) (string, error)) error {
	for _, l := range course.Languages {
		path := filepath.Join("docs", "course", filepath.FromSlash(l.Folder()), name)
		page, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled, err := fill(string(page), l)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := wholefile.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, filled); return err }); err != nil {
			return err
		}
	}
	return nil
}

// record reads the record of a study as it is on the disk.
func record(s *course.Study) (*course.Record, error) {
	text, err := os.ReadFile(filepath.Join("course", "records", s.Name+".json"))
	if err != nil {
		return nil, err
	}
	return course.ReadRecord(text)
}

// keep writes a record and its pictures.
func keep(r *course.Record) error {
	if err := wholefile.Write(filepath.Join("course", "records", r.Study+".json"), r.WriteJSON); err != nil {
		return err
	}
	for _, p := range r.Pictures {
		path := filepath.Join("docs", "course", "figures", p.Name+".svg")
		if err := wholefile.Write(path, func(w io.Writer) error { _, err := w.Write(p.SVG); return err }); err != nil {
			return err
		}
	}
	return nil
}
