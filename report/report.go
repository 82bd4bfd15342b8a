// Package report makes what a person reads of a comparison: text, CSV, pictures, and a
// page that holds all of it.
// It computes nothing that results.json does not hold, but for what pictures need.
package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"

	"likely/compare"
	"likely/internal/wholefile"
	"likely/results"
)

// Folder receives files: Write makes the one of this name, relative to the folder, of
// what write produces.
type Folder interface {
	Write(name string, write func(io.Writer) error) error
}

// TextName is the file with all that is to be read of a comparison, as text.
const TextName = "report.txt"

// Write writes an outcome into the folder dir, whole or not at all: results.json, the
// fitted models, the pictures, and the reports as a page and as text. dir may hold an earlier outcome, which is replaced, and
// nothing else. progress may be nil.
func Write(ctx context.Context, dir string, o *compare.Outcome, progress compare.Progress) error {
	folder, err := wholefile.NewFolder(dir, results.FileName)
	if err != nil {
		return err
	}
	defer folder.Discard()
	if err := Stage(ctx, folder, o, progress); err != nil {
		return err
	}
	return folder.Commit()
}

// Stage writes an outcome into a folder that the caller shows. A picture that cannot
// be drawn is a warning among the results, and costs nothing else.
func Stage(ctx context.Context, folder Folder, o *compare.Outcome, progress compare.Progress) error {
	for i, fit := range o.Fits {
		name := path.Join("models", fit.Model.Name+".safetensors")
		if err := folder.Write(name, fit.Model.Write); err != nil {
			return err
		}
		o.Results.Models[i].File = name
	}
	pictures, err := stageFigures(ctx, folder, o, progress)
	if err != nil {
		return err
	}
	return stageReport(folder, o, pictures)
}

// stageReport writes the results, and what a person reads of them: all of it as text,
// and the page.
func stageReport(folder Folder, o *compare.Outcome, pictures []Picture) error {
	run := &Run{Results: o.Results, Record: NewRecord(o), Pictures: pictures}
	for _, one := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{results.FileName, o.Results.WriteJSON},
		{RecordName, func(w io.Writer) error { return json.NewEncoder(w).Encode(run.Record) }},
		{TextName, func(w io.Writer) error { return Text(w, o.Results) }},
		{PageName, func(w io.Writer) error { return HTML(w, run) }},
	} {
		if err := folder.Write(one.name, one.write); err != nil {
			return err
		}
	}
	return nil
}

// stageFigures draws the pictures that suit the data into the folder figures, and
// returns them as SVG.
func stageFigures(ctx context.Context, folder Folder, o *compare.Outcome, progress compare.Progress) (drawn []Picture, err error) {
	list := drawings(o)
	for i, one := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if progress != nil {
			progress.Step("drawing", i, len(list), one.name)
		}
		pictures, err := encode(one)
		if err != nil {
			o.Results.Warnings = append(o.Results.Warnings, fmt.Sprintf("the picture %s is left out: %v", one.name, err))
			continue
		}
		drawn = append(drawn, Picture{Name: one.name, SVG: pictures["svg"]})
		for _, extension := range pictureFormats {
			err := folder.Write("figures/"+one.name+"."+extension, func(w io.Writer) error {
				_, err := w.Write(pictures[extension])
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return drawn, nil
}

// pictureFormats are those that each picture is written in.
var pictureFormats = []string{"png", "svg"}

// encode draws a picture in all formats. A panic on the way is an error: a run that is
// done is not lost for a picture.
func encode(one drawing) (pictures map[string][]byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("drawing failed: %v", r)
		}
	}()
	f, err := one.draw()
	if err != nil {
		return nil, err
	}
	pictures = make(map[string][]byte)
	for _, extension := range pictureFormats {
		var b bytes.Buffer
		if err := f.Encode(&b, extension); err != nil {
			return nil, err
		}
		pictures[extension] = b.Bytes()
	}
	return pictures, nil
}
