package course

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrUnknown reports a name that no study has.
var ErrUnknown = errors.New("unknown study")

// Part is a stretch of the story that the course tells.
type Part int

// The parts, in the order of the story.
const (
	NoiseForCodes Part = iota
	PriceForNoise
	PriceIsBound
	BoundOfMixture
	LeftUnknown
)

// parts are what they are about.
var parts = []Text{
	{"Why codes need noise", "编码为什么需要噪声"},
	{"Why noise needs a price", "噪声为什么要付代价"},
	{"Why the price is a bound", "代价为什么给出一个下界"},
	{"Why the bound is a mixture's", "下界为什么属于一个混合模型"},
	{"What is left unknown", "还有什么是未知的"},
}

// In returns what the part is about.
func (p Part) In(l Language) string { return parts[p].In(l) }

// Settings says how to run a study. The zero value works.
type Settings struct {
	// Seed is what all random draws come from; 0: 1.
	Seed uint64
	// Quick makes everything small, for tests. A verdict may then be Undecided.
	Quick bool
	// Progress, if not nil, is told how far a task is.
	Progress func(task string, done, total int)
}

// step tells how far a task is.
func (s Settings) step(task string, done, total int) {
	if s.Progress != nil {
		s.Progress(task, done, total)
	}
}

// size returns the size for full runs or the one for quick ones.
func (s Settings) size(full, quick int) int {
	if s.Quick {
		return quick
	}
	return full
}

// Study puts one claim, or two that belong together, to a measurement.
type Study struct {
	// Name is what the command calls it.
	Name string
	// Part is where in the story it stands.
	Part Part
	// Claims are the numbers of the claims, such as S5; Claim says them in our words.
	Claims []string
	Claim  Text
	// Question is what the study asks.
	Question Text
	// Rule says how the verdict follows from the numbers.
	Rule Text

	// run measures. It fills in numbers, pictures, verdict and reason.
	run func(ctx context.Context, s Settings, r *Record) error
}

// Studies returns all studies in the order of the story.
func Studies() []*Study {
	return []*Study{
		autoencoder(),
		noise(),
		regulariser(),
		decomposition(),
		sampling(),
		infinite(),
	}
}

// Find returns the study with the given name. An unknown name is an error that wraps
// ErrUnknown and lists the known ones.
func Find(name string) (*Study, error) {
	var names []string
	for _, s := range Studies() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("%w %q; want one of %s, or all", ErrUnknown, name, strings.Join(names, ", "))
}

// Run does the study. Its time is less than a minute on two cores at full size. The
// same seed gives the same record on one machine; other processors may round the
// training of networks otherwise. If ctx ends, Run returns its error.
func (study *Study) Run(ctx context.Context, s Settings) (*Record, error) {
	if s.Seed == 0 {
		s.Seed = 1
	}
	r := &Record{Schema: Schema, Study: study.Name, Claims: study.Claims, Seed: s.Seed, Quick: s.Quick, Rule: study.Rule}
	if err := study.run(ctx, s, r); err != nil {
		return nil, fmt.Errorf("study %s: %w", study.Name, err)
	}
	for _, n := range r.Numbers {
		if math.IsNaN(n.Value+n.StdErr) || math.IsInf(n.Value+n.StdErr, 0) {
			return nil, fmt.Errorf("study %s: %s is no number: %v ± %v", study.Name, n.Name.EN, n.Value, n.StdErr)
		}
	}
	for i := range r.Pictures {
		p := &r.Pictures[i]
		var b bytes.Buffer
		if err := p.figure.Encode(&b, "svg"); err != nil {
			return nil, fmt.Errorf("study %s: picture %s: %w", study.Name, p.Name, err)
		}
		sum := sha256.Sum256(b.Bytes())
		p.SVG, p.SHA256 = b.Bytes(), hex.EncodeToString(sum[:])
	}
	return r, ctx.Err()
}

// Last returns the record of the last run of full size that is part of the program.
func (study *Study) Last() (*Record, error) {
	text, err := records.ReadFile("records/" + study.Name + ".json")
	if err != nil {
		return nil, fmt.Errorf("study %s has no record: %w", study.Name, err)
	}
	return ReadRecord(text)
}

// ReadRecord reads what WriteJSON wrote.
func ReadRecord(text []byte) (*Record, error) {
	r := new(Record)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("course: not a record: %w", err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("course: a record of the form %q; want %s", r.Schema, Schema)
	}
	return r, nil
}
