package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"likely/density"
	"likely/saved"
	"likely/search"
	"likely/vae"
)

// networkSize is what is chosen of a network.
type networkSize struct {
	latent int
	hidden []int
	sigma  vae.Sigma
	rate   float64 // as a multiple of the default
}

// name returns what a reader calls it.
func (s networkSize) name(sigma bool) string {
	var widths []string
	for _, h := range s.hidden {
		widths = append(widths, strconv.Itoa(h))
	}
	text := fmt.Sprintf("code of %d, hidden %s", s.latent, strings.Join(widths, ","))
	if len(s.hidden) == 0 {
		text = fmt.Sprintf("code of %d, linear", s.latent)
	}
	if sigma {
		text += ", σ " + s.sigma.String()
	}
	if s.rate != 1 {
		text += fmt.Sprintf(", rate ×%g", s.rate)
	}
	return text
}

// network is a kind of autoencoder whose sizes are chosen.
type network interface {
	// trainer prepares a training; valid may be nil.
	trainer(train, valid *Part, s vae.Settings, src rand.Source) (trainer, error)
	// settings are those of every candidate, but for its size.
	settings() vae.Settings
	// density returns what has a log p, made of a training as it stands. held are rows
	// that it was not trained on.
	density(ctx context.Context, t trainer, train, held *Part) (saved.Fitted, *vae.Report, error)
	// finish tells the story of a training that is over. held are trainings of the
	// same size with rows that they did not see.
	finish(ctx context.Context, t trainer, held []judged, took time.Duration) (*Fit, error)
	// course keeps models on the way to the last fit; nil: none.
	course() *course
	// scaled says whether p(x|z) has a σ to choose, and plain that codes have no noise.
	scaled() bool
	plain() bool
}

// judged is a training, and rows that it did not see.
type judged struct {
	division
	t trainer
}

// networkProblem is the choice of a network, in three rounds: dimensions of the code;
// then widths, σ and rate for that; then codes next to it, where those changed.
type networkProblem struct {
	*chooser
	network
	rows  int // to train on
	fixed networkFixed
}

// networkFixed says what the settings fix.
type networkFixed struct{ latent, hidden, sigma, rate bool }

// Dimensions of the code and widths that are tried. Tables of few rows begin with narrow networks.
var (
	codeSizes = []int{1, 2, 4, 8, 16, 32}
	wide      = []int{200, 200}
	small     = []int{50, 50}
)

const (
	wideRows = 1000 // from which networks begin wide
	// wideColumns is the number of columns from which codes of one dimension are no
	// use.
	wideColumns = 8
	// copies is the memory that the training rows of all candidates may take, in bytes.
	copies = 1 << 30
)

// first returns the size that others are variations of.
func (p *networkProblem) first() networkSize {
	s := p.settings()
	one := networkSize{latent: s.Latent, hidden: s.Hidden, sigma: s.Sigma, rate: 1}
	if !p.fixed.hidden {
		one.hidden = small
		if p.rows >= wideRows {
			one.hidden = wide
		}
	}
	return one
}

// Propose returns the candidates of the next round.
func (p *networkProblem) Propose(trials []*search.Trial[networkSize]) []search.Candidate[networkSize] {
	round := 0
	if n := len(trials); n > 0 {
		round = trials[n-1].Round + 1
	}
	var sizes []networkSize
	for ; round < networkRounds && len(sizes) == 0; round++ {
		base := p.first()
		if round > 0 {
			base = leader(trials)
		}
		for _, one := range p.variations(round, base) {
			if !slices.ContainsFunc(trials, func(t *search.Trial[networkSize]) bool { return t.Name == one.name(p.scaled()) }) {
				sizes = append(sizes, one)
			}
		}
	}
	var list []search.Candidate[networkSize]
	for _, one := range sizes {
		c := search.Candidate[networkSize]{Name: one.name(p.scaled()), Spec: one}
		c.Pass, c.Parameters = p.cost(one)
		list = append(list, c)
	}
	return list
}

const networkRounds = 3

// leader returns the size with the highest mean among those that were compared to the
// end.
func leader(trials []*search.Trial[networkSize]) networkSize {
	var best networkSize
	highest := math.Inf(-1)
	for _, t := range trials {
		if n := len(t.Curve); t.Status == search.Finished && n > 0 && t.Curve[n-1].Mean > highest {
			best, highest = t.Spec, t.Curve[n-1].Mean
		}
	}
	if best.latent == 0 {
		return trials[0].Spec // all failed
	}
	return best
}

// variations returns the sizes of a round.
func (p *networkProblem) variations(round int, base networkSize) []networkSize {
	var list []networkSize
	with := func(change func(*networkSize)) {
		one := base
		change(&one)
		list = append(list, one)
	}
	switch round {
	case 0:
		if p.fixed.latent {
			return []networkSize{base}
		}
		for _, l := range p.codes() {
			with(func(s *networkSize) { s.latent = l })
		}
	case 1:
		if p.scaled() && !p.fixed.sigma {
			with(func(s *networkSize) { s.sigma = vae.PerDim })
		}
		if !p.fixed.hidden {
			with(func(s *networkSize) { s.hidden = []int{} })
			with(func(s *networkSize) { s.hidden = times(base.hidden, 1, 4) })
			with(func(s *networkSize) { s.hidden = times(base.hidden, 2, 1) })
		}
		if !p.fixed.rate {
			with(func(s *networkSize) { s.rate *= 3 })
		}
	case 2:
		if !p.fixed.latent {
			all := p.codes()
			at := slices.Index(all, base.latent)
			for _, next := range []int{at - 1, at + 1} {
				if next >= 0 && next < len(all) {
					with(func(s *networkSize) { s.latent = all[next] })
				}
			}
		}
		if !p.fixed.rate && base.rate == 1 {
			with(func(s *networkSize) { s.rate = 0.3 })
		}
	}
	return list
}

// codes returns the dimensions of the code that are tried.
func (p *networkProblem) codes() []int {
	d := p.d.All.Dim()
	var list []int
	for _, l := range codeSizes {
		if l <= max(d-p.narrower(), 1) && (l > 1 || d < wideColumns) {
			list = append(list, l)
		}
	}
	if n := int(copies / (4 * float64(p.rows) * float64(d))); len(list) > max(n, 2) {
		list = list[len(list)-max(n, 2):]
	}
	return list
}

// narrower is by how much the code is narrower than the data at least: a plain
// autoencoder with as many dimensions learns to copy.
func (p *networkProblem) narrower() int {
	if p.plain() {
		return 1
	}
	return 0
}

// times returns widths times a/b.
func times(widths []int, a, b int) []int {
	out := make([]int, len(widths))
	for i, w := range widths {
		out[i] = max(w*a/b, 2)
	}
	return out
}

// cost returns the work of an epoch of all divisions, and the number of weights.
func (p *networkProblem) cost(size networkSize) (pass float64, weights int) {
	s := p.sized(size)
	for _, one := range p.divisions {
		work, _, err := s.Work(one.train.Rows(), one.train.Dim())
		if err != nil {
			return 0, 0 // the training says what is wrong
		}
		pass += work
	}
	width, d := p.d.All.Dim(), p.d.All.Dim()
	for _, h := range size.hidden {
		weights += 2 * h * (width + 1)
		width = h
	}
	weights += size.latent*(3*width+3) - width
	outputs := 1
	if p.scaled() && size.sigma == vae.Network {
		outputs = 2
	}
	return pass, weights + outputs*d*(width+1)
}

// sized returns the settings of a candidate.
func (p *networkProblem) sized(size networkSize) vae.Settings {
	s := p.settings()
	s.Latent, s.Hidden, s.Sigma = size.latent, size.hidden, size.sigma
	if size.rate != 1 {
		if full, err := s.Resolve(p.rows); err == nil {
			s.Rate = full.Rate * size.rate
		}
	}
	return s
}

// Begin prepares a training for each division.
func (p *networkProblem) Begin(_ context.Context, c search.Candidate[networkSize]) (search.Fit, error) {
	f := &networkFit{p: p, size: c.Spec}
	for i, one := range p.divisions {
		s := p.sized(c.Spec)
		if s.Epochs == 0 {
			s.Epochs = endless
			if s.Patience == 0 {
				s.Patience = patienceOf(s, one.train)
			}
		}
		t, err := p.trainer(one.train, one.held, s, density.NewSource(p.j.Settings.Seed, "comparison."+p.name+" choice "+c.Name, uint64(i)))
		if err != nil {
			f.Close()
			return nil, err
		}
		f.trainings = append(f.trainings, t)
	}
	return f, nil
}

const (
	// endless is a number of epochs that no training comes to.
	endless = 1 << 24
	// patientSteps is after how many steps without gain on the validation rows a
	// training descends.
	patientSteps  = 1000
	patientEpochs = 10 // and at least so many
)

// patienceOf returns the patience of a training, in epochs.
func patienceOf(s vae.Settings, train *Part) int {
	_, steps, err := s.Work(train.Rows(), train.Dim())
	if err != nil {
		return 0
	}
	return max((patientSteps+steps-1)/steps, patientEpochs)
}
