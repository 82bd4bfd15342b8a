package vae

import (
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"reflect"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// ErrCheckpoint reports a checkpoint that is damaged or belongs to other data
// or settings.
var ErrCheckpoint = errors.New("unusable checkpoint")

// checkpointSchema changes with the meaning of a checkpoint's fields.
const checkpointSchema = "likely.vae.checkpoint/3"

// checkpointHead says what a checkpoint belongs to.
type checkpointHead struct {
	Schema   string
	Config   []string // see describe
	Settings []string
	Data     uint64 // fingerprint of training and validation rows
	Seed     uint64
}

// checkpointBody is the state of the run.
type checkpointBody[T kernel.Float] struct {
	Theta, Best []T
	Moments     [][]T
	Count       int
	Progress    progress
	History     []Epoch
	BestEpoch   int
	Converged   bool
	Warnings    []density.Warning
}

func (r *run[T]) head() checkpointHead {
	return checkpointHead{
		Schema: checkpointSchema, Config: describe(r.net.config), Settings: describe(r.settings),
		Data: fingerprint(r.train, r.valid, column(r.settings.Weights), column(r.settings.ValidWeights)), Seed: r.seed,
	}
}

func (r *run[T]) write(w io.Writer) error {
	e := gob.NewEncoder(w)
	if err := e.Encode(r.head()); err != nil {
		return fmt.Errorf("vae: writing a checkpoint: %w", err)
	}
	if err := e.Encode(checkpointBody[T]{
		Theta: r.theta, Best: r.best, Moments: r.optimizer.Moments(), Count: *r.optimizer.Count(),
		Progress: r.progress,
		History:  r.report.History, BestEpoch: r.report.BestEpoch, Converged: r.report.Converged, Warnings: r.report.Warnings,
	}); err != nil {
		return fmt.Errorf("vae: writing a checkpoint: %w", err)
	}
	return nil
}

func (r *run[T]) read(from io.Reader) error {
	d := gob.NewDecoder(from)
	var head checkpointHead
	if err := d.Decode(&head); err != nil {
		return fmt.Errorf("vae: reading a checkpoint: %w: %w; train from the start", ErrCheckpoint, err)
	}
	want := r.head()
	switch {
	case head.Schema != want.Schema:
		return fmt.Errorf("vae: checkpoint of schema %q, not %q: %w; train from the start", head.Schema, want.Schema, ErrCheckpoint)
	case !slices.Equal(head.Config, want.Config):
		return fmt.Errorf("vae: the checkpoint is of another architecture (%s): %w; give the settings it was made with, or train from the start", difference(head.Config, want.Config), ErrCheckpoint)
	case head.Data != want.Data:
		return fmt.Errorf("vae: the checkpoint is of other data: %w; give the rows it was made with, or train from the start", ErrCheckpoint)
	case !slices.Equal(head.Settings, want.Settings):
		return fmt.Errorf("vae: the checkpoint is of other settings (%s): %w; give those it was made with, or train from the start", difference(head.Settings, want.Settings), ErrCheckpoint)
	}
	var body checkpointBody[T]
	if err := d.Decode(&body); err != nil {
		return fmt.Errorf("vae: reading a checkpoint: %w: %w; train from the start", ErrCheckpoint, err)
	}
	moments := r.optimizer.Moments()
	fits := len(body.Theta) == len(r.theta) && len(body.Best) == len(r.best) && len(body.Moments) == len(moments) &&
		body.Progress.Step >= 0 && body.Progress.Step < r.perEpoch && body.Progress.Epoch == len(body.History)
	for i := range moments {
		fits = fits && len(body.Moments[i]) == len(moments[i])
	}
	if !fits {
		return fmt.Errorf("vae: the parts of the checkpoint do not fit together: %w; train from the start", ErrCheckpoint)
	}
	copy(r.theta, body.Theta)
	copy(r.best, body.Best)
	for i := range moments {
		copy(moments[i], body.Moments[i])
	}
	*r.optimizer.Count() = body.Count
	r.progress, r.seed, r.shuffled = body.Progress, head.Seed, -1
	*r.report = Report{
		History: body.History, BestEpoch: body.BestEpoch, Converged: body.Converged, Warnings: body.Warnings,
		Seed: head.Seed, Rows: r.rows,
	}
	r.fixValidationNoise()
	return nil
}

// describe lists the fields of a struct that are not zero, as "Name: value". What JSON
// leaves out, functions and weights, is left out. Checkpoints stay valid when a field is added that is zero in them.
func describe(v any) []string {
	var fields []string
	s := reflect.ValueOf(v)
	for i := range s.NumField() {
		f, ownData := s.Field(i), s.Type().Field(i).Tag.Get("json") == "-"
		if !ownData && !f.IsZero() {
			fields = append(fields, fmt.Sprintf("%s: %+v", s.Type().Field(i).Name, f.Interface()))
		}
	}
	return fields
}

// difference says in what two lists of fields differ first.
func difference(have, want []string) string {
	only := func(a, b []string) string {
		for _, field := range a {
			if !slices.Contains(b, field) {
				return field
			}
		}
		return "nothing"
	}
	return fmt.Sprintf("%s in it, %s here", only(have, want), only(want, have))
}

// column returns values as a table, nil for none.
func column(values []float64) *mat.Dense {
	if values == nil {
		return nil
	}
	return mat.NewDense(len(values), 1, values)
}

// fingerprint returns a hash of the bits of all numbers.
func fingerprint(tables ...*mat.Dense) uint64 {
	h := fnv.New64a()
	var bytes [8]byte
	for _, x := range tables {
		if x == nil {
			continue
		}
		n, d := x.Dims()
		fmt.Fprintf(h, "%d %d ", n, d)
		for i := range n {
			for _, v := range x.RawRowView(i) {
				binary.LittleEndian.PutUint64(bytes[:], math.Float64bits(v))
				h.Write(bytes[:])
			}
		}
	}
	return h.Sum64()
}
