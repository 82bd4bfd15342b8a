// Package saved keeps a fitted model in a file together with all that is
// needed to use it on data in their original units: the transform to model
// space, and how levels were spread or binarised.
//
// The file is a safetensors file (see internal/safetensors). Its tensors are
// the model's own, under the names that the model's package documents, beside
// transform.shift and transform.scale (length D): model space = (x − shift) /
// scale. Its metadata hold one JSON object under the key config, the union of
// the model's configuration and of [Preparation].
package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"likely/density"
	"likely/internal/oneline"
	"likely/internal/safetensors"
	"likely/internal/wholefile"
)

// Schema is the version of the config in a model file.
const Schema = "likely.model/1"

// ErrFormat reports a file that does not hold a model.
var ErrFormat = errors.New("not a saved model")

// Fitted is what a model file can hold: a *gmm.Model, a *vae.Model or a
// *vae.Autoencoder.
type Fitted interface {
	Dim() int
	Tensors() []safetensors.Tensor
}

// Model is a fitted model and its preparation.
type Model struct {
	// Name is what the comparison called the model: gaussian, gmm, vae, ae.
	Name        string
	Fitted      Fitted
	Preparation Preparation
}

// header is the part of the config that belongs to every model.
type header struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Family string `json:"family"`
	Preparation
}

// Family returns the kind of the model: gmm, vae or ae.
func (m *Model) Family() string { return familyOf(m.Fitted).name }

// Write writes the model to w.
func (m *Model) Write(w io.Writer) error {
	config, err := m.config()
	if err != nil {
		return err
	}
	t := m.Preparation.Transform
	tensors := append(m.Fitted.Tensors(),
		safetensors.Tensor{Name: "transform.shift", Shape: []int{t.Dim()}, Data: t.Shift},
		safetensors.Tensor{Name: "transform.scale", Shape: []int{t.Dim()}, Data: t.Scale})
	return safetensors.Write(w, &safetensors.File{Tensors: tensors, Metadata: map[string]string{"config": config, "format": "pt"}})
}

// config returns the JSON of the header and of the model's own configuration
// in one object.
func (m *Model) config() (string, error) {
	union := make(map[string]json.RawMessage)
	for _, part := range []any{familyOf(m.Fitted).config(m.Fitted), header{Schema, m.Name, m.Family(), m.Preparation}} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", fmt.Errorf("saved: %w", err)
		}
		if err := json.Unmarshal(text, &union); err != nil {
			return "", fmt.Errorf("saved: %w", err)
		}
	}
	text, err := json.Marshal(union)
	return string(text), err
}

// Save writes the model to the file at path, whole or not at all.
func (m *Model) Save(path string) error { return wholefile.Write(path, m.Write) }

// Load reads the model in the file at path. The error names the file.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the model file: %w; compare run writes models into the folder models of its output", err)
	}
	defer f.Close()
	m, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("model file %s: %w; save the model again with compare run", path, err)
	}
	return m, nil
}

// Read reads a model from r. Anything but a whole and consistent model is an
// error that wraps ErrFormat.
func Read(r io.Reader) (_ *Model, err error) {
	defer func() { err = oneline.Error(err) }()
	file, err := safetensors.Read(r)
	if err != nil {
		if errors.Is(err, safetensors.ErrFormat) {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return nil, err
	}
	config := []byte(file.Metadata["config"])
	var h header
	if err := json.Unmarshal(config, &h); err != nil {
		return nil, fmt.Errorf("%w: its config is not valid: %w", ErrFormat, brief{err})
	}
	if h.Schema != Schema {
		return nil, fmt.Errorf("%w: its config has schema %s, want %q", ErrFormat, short(h.Schema), Schema)
	}
	m := &Model{Name: h.Name, Preparation: h.Preparation}
	own := slices.DeleteFunc(slices.Clone(file.Tensors), func(t safetensors.Tensor) bool { return t.Name == "transform.shift" || t.Name == "transform.scale" })
	if m.Fitted, err = rebuild(h.Family, config, own); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, brief{err})
	}
	if err := checkTensors(own, m.Fitted); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if m.Preparation.Transform, err = transform(file, m.Fitted.Dim()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(m.Preparation.Steps) == 0 {
		m.Preparation.Steps = nil
	}
	if err := m.Preparation.check(m.Fitted); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := checkConfig(config, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return m, nil
}

func transform(file *safetensors.File, dim int) (density.Transform, error) {
	shift, _ := file.Lookup("transform.shift")
	scale, _ := file.Lookup("transform.scale")
	t := density.Transform{Shift: shift.Data, Scale: scale.Data}
	if !slices.Equal(shift.Shape, []int{dim}) || !slices.Equal(scale.Shape, []int{dim}) {
		return t, fmt.Errorf("the transform has shifts of shape %v and scales of shape %v for %d columns; want [%d] of both", shift.Shape, scale.Shape, dim, dim)
	}
	return t, t.Check()
}
