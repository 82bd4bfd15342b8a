package lab

import (
	"encoding/json"
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Request is what the page asks. Do says what: "start", "half", "look", "decode" or
// "ladder".
type Request struct {
	Do string `json:"do"`
	// Of start: where the points come from, and the settings.
	Points   [][2]float64 `json:"points"`
	CSV      string       `json:"csv"`
	Settings Settings     `json:"settings"`
	// Of half: e or m for the mixture, encoder, decoder or both for the network, ""
	// for none, and how many steps of the optimiser.
	Mixture string `json:"mixture"`
	Network Half   `json:"network"`
	Steps   int    `json:"steps"`
	// Quiet leaves the numbers out, which cost more than the step.
	Quiet bool `json:"quiet"`
	// Of look: the frame, and the number of Gaussians of the network, 0 for all.
	Frame Frame `json:"frame"`
	Draws int   `json:"draws"`
	// Of decode and of ladder.
	Code []float64 `json:"code"`
	Row  int       `json:"row"`
	Ks   []int     `json:"ks"`
}

// Answer is what it gets. Error is a sentence, and empty where all went well.
type Answer struct {
	Error   string    `json:"error,omitempty"`
	Points  []float64 `json:"points,omitempty"`
	Mixture *Numbers  `json:"mixture,omitempty"`
	Network *Numbers  `json:"network,omitempty"`
	// Ellipses and Weights are those of the components.
	Ellipses [][]float64 `json:"ellipses,omitempty"`
	Weights  []float64   `json:"weights,omitempty"`
	// Mean and SD are codes of the points, or what a code decodes to.
	Mean   []float64 `json:"mean,omitempty"`
	SD     []float64 `json:"sd,omitempty"`
	Rungs  []Rung    `json:"rungs,omitempty"`
	Latent int       `json:"latent,omitempty"`

	FieldMixture []float32 `json:"field_mixture,omitempty"`
	FieldNetwork []float32 `json:"field_network,omitempty"`
}

// Server answers requests, one after the other.
type Server struct{ lab *Lab }

// Answer answers a request that is written as JSON. It never panics: a fault is a
// sentence.
func (s *Server) Answer(request []byte) (answer *Answer) {
	defer func() {
		if r := recover(); r != nil {
			answer = &Answer{Error: fmt.Sprintf("this has failed: %v; start again with other points", r)}
		}
	}()
	var r Request
	if err := json.Unmarshal(request, &r); err != nil {
		return &Answer{Error: "the request cannot be read: " + err.Error()}
	}
	out, err := s.answer(&r)
	if err != nil {
		return &Answer{Error: err.Error()}
	}
	return out
}

func (s *Server) answer(r *Request) (*Answer, error) {
	if r.Do == "start" {
		return s.start(r)
	}
	l := s.lab
	if l == nil {
		return nil, fmt.Errorf("there are no points yet")
	}
	switch r.Do {
	case "half":
		return l.half(r)
	case "look":
		return l.look(r)
	case "decode":
		mean, sd, err := l.Decode(r.Code)
		return &Answer{Mean: mean[:], SD: sd[:]}, err
	case "ladder":
		rungs, err := l.Ladder(r.Row, r.Ks)
		return &Answer{Rungs: rungs}, err
	}
	return nil, fmt.Errorf("nobody knows how to do %q", r.Do)
}

// start replaces the lab. The earlier one stays where the new points cannot be used.
func (s *Server) start(r *Request) (*Answer, error) {
	var x *mat.Dense
	var err error
	switch {
	case r.CSV != "":
		x, err = ParseCSV(r.CSV)
	default:
		x, err = Points(r.Points)
	}
	if err != nil {
		return nil, err
	}
	l, err := New(x, r.Settings)
	if err != nil {
		return nil, err
	}
	if s.lab != nil {
		s.lab.Close()
	}
	s.lab = l
	out := l.state(false)
	out.Points = x.RawMatrix().Data
	return out, nil
}

// half makes half a step of either model, or of both.
func (l *Lab) half(r *Request) (*Answer, error) {
	switch r.Mixture {
	case "":
	case "e":
		l.EStep()
	case "m":
		if err := l.MStep(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%q is no half of a step of EM; want e or m", r.Mixture)
	}
	if r.Network != "" {
		if r.Steps < 1 || r.Steps > 1000 {
			return nil, fmt.Errorf("%d steps of the optimiser: want 1 to 1000", r.Steps)
		}
		if err := l.Train(r.Network, r.Steps); err != nil {
			return nil, err
		}
	}
	return l.state(r.Quiet), nil
}

// state is the numbers of both models, the components and the codes.
func (l *Lab) state(quiet bool) *Answer {
	a := &Answer{Latent: l.settings.Latent}
	if !quiet {
		mixture, network := l.Mixture(), l.Network()
		a.Mixture, a.Network = &mixture, &network
	}
	a.Ellipses, a.Weights = l.Components()
	a.Mean, a.SD = l.Codes()
	return a
}

func (l *Lab) look(r *Request) (a *Answer, err error) {
	a = new(Answer)
	a.FieldMixture, a.FieldNetwork, err = l.Fields(r.Frame, r.Draws)
	return a, err
}
