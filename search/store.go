package search

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// Store keeps the states of fits by name, so that a search that is interrupted can be
// made again without what was done.
type Store interface {
	// Load returns what was saved under a name; nil where there is nothing.
	Load(name string) ([]byte, error)
	Save(name string, data []byte) error
}

// state is what is kept of a trial: its fit, and its scores after each comparison. A
// search that is made again takes the comparisons from there, and goes on with the fit
// where that is ahead of them.
type state struct {
	Fit   []byte
	Steps []step
}

// step is a comparison that was made.
type step struct {
	Asked, Made float64 // passes
	Done, Sound bool
	Scores      []float64
}

// kept returns the state of a trial in the store.
func (r *run[S]) kept(t *Trial[S]) (*state, error) {
	if r.Store == nil {
		return nil, nil
	}
	data, err := r.Store.Load(t.Name)
	if err != nil || data == nil {
		return nil, err
	}
	s := new(state)
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(s); err != nil {
		return nil, fmt.Errorf("search: what was kept of %s: %w", t.Name, err)
	}
	return s, nil
}

// restore takes a comparison from the store; nil where it is not there, and the fit then
// goes on from the state that is kept.
func (r *run[S]) restore(t *Trial[S], passes float64) (*step, error) {
	s, err := r.kept(t)
	if s == nil {
		return nil, err
	}
	if t.made == 0 {
		if err := t.Fit.Read(bytes.NewReader(s.Fit)); err != nil {
			return nil, fmt.Errorf("search: what was kept of %s: %w", t.Name, err)
		}
	}
	for _, one := range s.Steps {
		if one.Asked == passes {
			return &one, nil
		}
	}
	return nil, nil
}

// keep saves a comparison.
func (r *run[S]) keep(t *Trial[S], last *step) error {
	if r.Store == nil {
		return nil
	}
	return r.save(t, last)
}

// suspend saves the state of a fit between two comparisons.
func (r *run[S]) suspend(t *Trial[S]) error {
	if r.Store == nil {
		return nil
	}
	return r.save(t, nil)
}

func (r *run[S]) save(t *Trial[S], last *step) error {
	s, err := r.kept(t)
	if err != nil || s == nil {
		s = new(state)
	}
	var fit bytes.Buffer
	if err := t.Fit.Write(&fit); err != nil {
		return fmt.Errorf("search: keeping %s: %w", t.Name, err)
	}
	s.Fit = fit.Bytes()
	if last != nil {
		s.Steps = append(s.Steps, *last)
	}
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(s); err != nil {
		return fmt.Errorf("search: keeping %s: %w", t.Name, err)
	}
	return r.Store.Save(t.Name, data.Bytes())
}
