// Package report makes what a person reads of a comparison: text, CSV and pictures.
// It computes nothing that results.json does not hold, but for what pictures need.
package report

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"likely/compare"
	"likely/internal/wholefile"
	"likely/results"
)

// Folder receives files. Stage returns the path at which the file of this name,
// relative to the folder, is to be written.
type Folder interface {
	Stage(name string) (string, error)
}

// Write writes an outcome into the folder dir, whole or not at all: results.json, the
// fitted models, the pictures. dir may hold an earlier outcome, which is replaced, and
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
		file, err := folder.Stage(name)
		if err != nil {
			return err
		}
		if err := fit.Model.Save(file); err != nil {
			return err
		}
		o.Results.Models[i].File = name
	}
	if err := stageFigures(ctx, folder, o, progress); err != nil {
		return err
	}
	file, err := folder.Stage(results.FileName)
	if err != nil {
		return err
	}
	return wholefile.Write(file, o.Results.WriteJSON)
}

// stageFigures draws the pictures that suit the data into the folder figures.
func stageFigures(ctx context.Context, folder Folder, o *compare.Outcome, progress compare.Progress) error {
	list := drawings(o)
	for i, one := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if progress != nil {
			progress.Step("drawing", i, len(list), one.name)
		}
		f, err := one.draw()
		if err != nil {
			o.Results.Warnings = append(o.Results.Warnings, fmt.Sprintf("the picture %s is left out: %v", one.name, err))
			continue
		}
		file, err := folder.Stage("figures/" + one.name)
		if err != nil {
			return err
		}
		if err := f.SaveAll(filepath.Dir(file), one.name); err != nil {
			return err
		}
	}
	return nil
}
