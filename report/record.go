package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/density"
	"likely/internal/oneline"
	"likely/results"
	"likely/vae"
)

// RecordName is the file, beside results.json, with what a report shows row by row.
const RecordName = "report.json"

// recordSchema is the version of the layout of that file.
const recordSchema = "likely.report/1"

// Record is what a report shows beside results.json and the pictures: log p of each row,
// where the rows lie, and the course of the fits. It makes a report again without the
// models and without the data.
type Record struct {
	Schema  string `json:"schema"`
	Command string `json:"command,omitempty"`
	// Columns are the names of the columns.
	Columns []string `json:"columns"`
	Rows    Rows     `json:"rows"`
	Maps    []Map    `json:"maps,omitempty"`
	Plane   *Plane   `json:"plane,omitempty"`
}

// Rows holds what is known of each row that is reported.
type Rows struct {
	// On is the part of the data, and Fingerprint the SHA-256 of the measure and the
	// values of the rows, noise included: rows of equal fingerprints are the same.
	On          string          `json:"on"`
	Fingerprint string          `json:"sha256"`
	Measure     density.Measure `json:"measure"`
	Count       int             `json:"count"`
	Weights     []float64       `json:"weights,omitempty"`
	// Groups are those of rows that are one piece of evidence.
	Groups []int      `json:"groups,omitempty"`
	Models []RowModel `json:"models"`
	// Where and Class name the first rows and their classes.
	Where []string `json:"where"`
	Class []string `json:"class,omitempty"`
	// Images holds the first rows as pictures.
	Images *Images `json:"images,omitempty"`
}

// RowModel is log p of each row under one model, in nats of the data.
type RowModel struct {
	Name    string       `json:"name"`
	Kind    density.Kind `json:"kind"`
	LogProb []nullable   `json:"log_prob_nats"`
	SE      []nullable   `json:"se_nats,omitempty"`
	Samples int          `json:"samples,omitempty"`
}

// Images are pictures of rows, a byte for each pixel, 255 the most ink, in base64.
type Images struct {
	Height int      `json:"height"`
	Width  int      `json:"width"`
	Pixels []string `json:"pixels"`
}

// Map says where the first rows lie in a plane.
type Map struct {
	Title string        `json:"title"`
	X     string        `json:"x"`
	Y     string        `json:"y"`
	At    [][2]nullable `json:"at"`
}

// nullable is a float of which JSON holds null where it is not finite.
type nullable float64

func (n nullable) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n *nullable) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = nullable(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

func numbers(values []float64) []nullable {
	var list []nullable
	for _, v := range values {
		list = append(list, nullable(v))
	}
	return list
}

func floats(list []nullable) []float64 {
	var values []float64
	for _, v := range list {
		values = append(values, float64(v))
	}
	return values
}

// shownRows is the number of rows that a page shows one by one, and shownPixels that
// of the pixels of all their images.
const (
	shownRows   = 1000
	shownPixels = 300_000
)

// NewRecord collects the record of an outcome.
func NewRecord(o *compare.Outcome) *Record {
	part := o.Reported()
	r := &Record{Schema: recordSchema, Command: o.Command, Columns: o.Data.All.Columns}
	r.Rows = Rows{
		On: o.Results.Reported(), Fingerprint: fingerprint(part.X, o.Data.Preparation.Measure), Measure: o.Data.Preparation.Measure,
		Count: part.Rows(), Weights: part.Weights, Groups: part.Groups, Models: []RowModel{}, Where: []string{},
	}
	for i, fit := range o.Fits {
		if l := o.LogProb[i]; l != nil {
			r.Rows.Models = append(r.Rows.Models, RowModel{Name: fit.Model.Name, Kind: l.Kind, LogProb: numbers(l.LogProb), SE: numbers(l.StdErr), Samples: l.Samples})
		}
	}
	shown := part.Head(shownRows)
	for i := range shown.Rows() {
		r.Rows.Where = append(r.Rows.Where, shown.Where(i, -1))
	}
	r.Rows.Class = classNames(o.Data, shown.Labels)
	if o.Data.All.IsImage() {
		r.Rows.Images = pictureRows(o.Data, shown)
	}
	r.Maps = codeMaps(o, shown)
	r.Plane = newPlane(o, shown)
	return r
}

// ReadRecord reads a record. What is not one is an error that wraps [results.ErrFormat].
func ReadRecord(text []byte) (*Record, error) {
	r := new(Record)
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(r); err != nil {
		return nil, fmt.Errorf("%w: %w", results.ErrFormat, oneline.Error(err))
	}
	if r.Schema != recordSchema {
		return nil, fmt.Errorf("%w: its schema is %q, and this program reads %q", results.ErrFormat, r.Schema, recordSchema)
	}
	for _, m := range r.Rows.Models {
		if len(m.LogProb) != r.Rows.Count || m.SE != nil && len(m.SE) != r.Rows.Count || r.Rows.Weights != nil && len(r.Rows.Weights) != r.Rows.Count || r.Rows.Groups != nil && len(r.Rows.Groups) != r.Rows.Count {
			return nil, fmt.Errorf("%w: it has %d rows and other numbers of values of %s", results.ErrFormat, r.Rows.Count, m.Name)
		}
	}
	if shown := len(r.Rows.Where); shown > r.Rows.Count || r.Rows.Class != nil && len(r.Rows.Class) != shown {
		return nil, fmt.Errorf("%w: it names %d rows of %d", results.ErrFormat, shown, r.Rows.Count)
	}
	return r, nil
}

// fingerprint is the SHA-256 of a measure and the values of rows.
func fingerprint(x *mat.Dense, measure density.Measure) string {
	sum := sha256.New()
	n, d := x.Dims()
	fmt.Fprintf(sum, "%v %d %d\n", measure, n, d)
	line := make([]byte, 8*d)
	for i := range n {
		for j, v := range x.RawRowView(i) {
			binary.LittleEndian.PutUint64(line[8*j:], math.Float64bits(v))
		}
		sum.Write(line)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// pictureRows returns the first rows as pictures.
func pictureRows(d *compare.Data, shown *compare.Part) *Images {
	shape := imageShape(d)
	images := &Images{Height: shape.Height, Width: shape.Width, Pixels: []string{}}
	pixels := make([]byte, shape.Height*shape.Width)
	for i := range min(shown.Rows(), max(1, shownPixels/len(pixels))) {
		row := shown.X.RawRowView(i)
		for k := range pixels {
			ink := (row[k] - shape.White) / (shape.Black - shape.White)
			pixels[k] = uint8(255*min(max(ink, 0), 1) + 0.5)
		}
		images.Pixels = append(images.Pixels, base64.StdEncoding.EncodeToString(pixels))
	}
	return images
}

// codeMaps returns the maps of codes of two dimensions.
func codeMaps(o *compare.Outcome, shown *compare.Part) []Map {
	var list []Map
	for _, fit := range o.Fits {
		m, ok := fit.Model.Fitted.(*vae.Model)
		if !ok || m.LatentDim() != 2 {
			continue
		}
		codes, _ := m.Encoder().Moments(shown.Model)
		one := Map{Title: "Where the encoder of " + fit.Model.Name + " puts the rows", X: "z₁", Y: "z₂"}
		for i := range shown.Rows() {
			one.At = append(one.At, [2]nullable{nullable(codes.At(i, 0)), nullable(codes.At(i, 1))})
		}
		list = append(list, one)
	}
	return list
}
