package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"likely/results"
)

// ErrPicture reports an SVG file that holds more than a picture.
var ErrPicture = errors.New("not a picture of a comparison")

// ReadRun reads a run back from its results.json, with the record of the rows and the
// pictures that lie beside it, where they do. The name of the run is that of its folder.
// An error names the file, and wraps [results.ErrFormat] or [ErrPicture] for one that a
// comparison did not write.
func ReadRun(path string) (*Run, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, results.FileName)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	run := &Run{Raw: raw, Name: folderName(path)}
	if run.Results, err = results.ReadJSON(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	name := filepath.Join(filepath.Dir(path), RecordName)
	switch text, err := os.ReadFile(name); {
	case err == nil:
		if run.Record, err = ReadRecord(text); err != nil {
			return nil, fmt.Errorf("%s: %w; compare writes it beside results.json, and a report does without if it is removed", name, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "figures", "*.svg"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		svg, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := checkPicture(svg); err != nil {
			return nil, fmt.Errorf("%s: %w; a report does without if it is removed", file, err)
		}
		run.Pictures = append(run.Pictures, Picture{Name: strings.TrimSuffix(filepath.Base(file), ".svg"), SVG: svg})
	}
	return run, nil
}

// folderName is the name of the folder that a file lies in.
func folderName(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return filepath.Base(filepath.Dir(path))
}

// pictureElements are what the figures of package figure are made of.
var pictureElements = []string{"svg", "g", "path", "text", "image", "rect", "line", "polyline", "polygon", "circle", "ellipse", "defs", "clipPath", "tspan", "title", "desc"}

// checkPicture makes sure that an SVG file, which becomes a part of the page, draws
// and does nothing else.
func checkPicture(svg []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	seen := false
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			if !seen || !svgHead.Match(svg) {
				return fmt.Errorf("%w: it holds no SVG element with a viewBox", ErrPicture)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPicture, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		seen = true
		if !slices.Contains(pictureElements, start.Name.Local) {
			return fmt.Errorf("%w: it holds an element %q", ErrPicture, start.Name.Local)
		}
		for _, a := range start.Attr {
			outside := a.Name.Local == "href" && !strings.HasPrefix(a.Value, "data:image/png;base64,") && !strings.HasPrefix(a.Value, "#")
			if outside || strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || a.Name.Local == "style" && strings.Contains(a.Value, "url(") {
				return fmt.Errorf("%w: it holds an attribute %s=%q", ErrPicture, a.Name.Local, a.Value)
			}
		}
	}
}
