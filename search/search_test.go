package search

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"likely/density"
)

// size is a toy: its mean score rises with the passes t to top as top − gap·e^(−t/slow).
type size struct {
	top, slow float64
	steps     float64 // after which it is done; 0: never
	fails     bool
	unsound   bool
}

type toy struct {
	rounds [][]Candidate[size]
	rows   []float64 // what each row adds
	log    *[]string // names in the order of work
	stop   func(name string, passes float64) error
}

func (p *toy) Propose(trials []*Trial[size]) []Candidate[size] {
	round := 0
	if len(trials) > 0 {
		round = trials[len(trials)-1].Round + 1
	}
	if round >= len(p.rounds) {
		return nil
	}
	return p.rounds[round]
}

func (p *toy) Begin(_ context.Context, c Candidate[size]) (Fit, error) {
	return &toyFit{toy: p, c: c}, nil
}

type toyFit struct {
	*toy
	c      Candidate[size]
	made   float64
	closed bool
}

func (f *toyFit) Continue(ctx context.Context, passes float64) error {
	for f.made < passes && !(f.c.Spec.steps > 0 && f.made >= f.c.Spec.steps) {
		if f.stop != nil {
			if err := f.stop(f.c.Name, f.made); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		*f.log = append(*f.log, f.c.Name)
		f.made++
	}
	if f.c.Spec.fails {
		return errors.New("it broke")
	}
	return nil
}

func (f *toyFit) Progress() (float64, bool) {
	return f.made, f.c.Spec.steps > 0 && f.made >= f.c.Spec.steps
}

func (f *toyFit) Score(context.Context) ([]float64, error) {
	out := make([]float64, len(f.rows))
	for i, v := range f.rows {
		out[i] = v + f.c.Spec.top - 10*math.Exp(-f.made/f.c.Spec.slow)
	}
	return out, nil
}

func (f *toyFit) Sound() bool             { return !f.c.Spec.unsound }
func (f *toyFit) Write(w io.Writer) error { return gob.NewEncoder(w).Encode(f.made) }
func (f *toyFit) Read(r io.Reader) error  { return gob.NewDecoder(r).Decode(&f.made) }
func (f *toyFit) Close()                  { f.closed = true }

func candidate(name string, parameters int, s size) Candidate[size] {
	return Candidate[size]{Name: name, Parameters: parameters, Pass: 1, Spec: s}
}

func newToy(rounds ...[]Candidate[size]) *toy {
	return &toy{rounds: rounds, rows: []float64{-3, 1, 2}, log: new([]string)}
}

// Eight candidates of one speed: halving finds the one that ends highest, within the
// budget, and each that is stopped was behind after as many passes.
func TestHalvingFindsTheBest(t *testing.T) {
	var field []Candidate[size]
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		field = append(field, candidate(name, i+1, size{top: float64((i * 5) % 8), slow: 3}))
	}
	p := newToy(field)
	meter := NewMeter(64)
	found, err := Run(t.Context(), p, Settings{Meter: meter}) // 64 = 8·4 + 4·4 + 2·8
	require.NoError(t, err)
	require.Equal(t, "d", found.Winner().Name) // 3·5 mod 8 = 7
	require.LessOrEqual(t, meter.Spent(), 64.)
	require.Equal(t, float64(len(*p.log)), found.Spent)
	behind := 0
	for _, one := range found.Trials {
		if one.Status == Behind {
			behind++
			require.Greater(t, one.Gap, 0.)
			require.True(t, one.Fit.(*toyFit).closed)
		}
	}
	require.Equal(t, 6, behind) // 8, 4, 2
	// 8 at 4 passes, 4 at 8, 2 at 16: 32 + 16 + 16.
	require.Equal(t, 64., found.Spent)
}

// The simplest within one standard error of the best is chosen, row by row: candidates
// that differ by a constant differ without error, however the rows vary.
func TestTheRule(t *testing.T) {
	rows := []float64{-50, 0, 50, 3}
	shift := func(by ...float64) []float64 {
		out := make([]float64, len(rows))
		for i, v := range rows {
			out[i] = v + by[i%len(by)]
		}
		return out
	}
	for _, one := range []struct {
		name         string
		scores       [][]float64
		parameters   []int
		best, chosen int
	}{
		{"a constant is no noise", [][]float64{shift(0), shift(.01)}, []int{1, 2}, 1, 1},
		{"within one error the simpler", [][]float64{shift(0), shift(.3, -.2)}, []int{1, 2}, 1, 0},
		{"beyond it the best", [][]float64{shift(0), shift(.6, -.1)}, []int{1, 2}, 1, 1},
		{"ties go to the smaller", [][]float64{shift(1), shift(1)}, []int{5, 4}, 1, 1},
		{"one that is out", [][]float64{nil, shift(1), shift(0)}, []int{1, 2, 3}, 1, 1},
		{"a row without density", [][]float64{{math.Inf(-1), 9, 9, 9}, shift(0)}, []int{1, 2}, 1, 1},
		{"none", [][]float64{nil, nil}, []int{1, 2}, -1, -1},
	} {
		best, chosen := Choose(one.scores, one.parameters, nil)
		require.Equal(t, one.best, best, one.name)
		require.Equal(t, one.chosen, chosen, one.name)
	}
	// Weights count rows as copies.
	a, b := []float64{0, 0, 0}, []float64{1, -1, -1}
	best, _ := Choose([][]float64{a, b}, []int{1, 1}, nil)
	require.Equal(t, 0, best)
	best, _ = Choose([][]float64{a, b}, []int{1, 1}, []float64{9, 1, 1})
	require.Equal(t, 1, best)
}

// The standard error of the rule is that of the paired differences.
func TestDifference(t *testing.T) {
	d, se := Difference([]float64{3, 5, 10}, []float64{1, 1, 4}, nil) // 2, 4, 6
	require.InDelta(t, 4, d, 1e-15)
	require.InDelta(t, 2/math.Sqrt(3), se, 1e-15)
}

// Whatever the field, what is chosen is no larger than the best and within one
// standard error of it.
func TestTheRuleHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "candidates")
		scores, parameters := make([][]float64, n), make([]int, n)
		for i := range scores {
			scores[i] = rapid.SliceOfN(rapid.Float64Range(-5, 5), 4, 4).Draw(t, "scores")
			parameters[i] = rapid.IntRange(1, 3).Draw(t, "parameters")
		}
		best, chosen := Choose(scores, parameters, nil)
		gap, se := Difference(scores[best], scores[chosen], nil)
		if chosen != best && gap > se {
			t.Fatalf("%v below by %v ± %v", chosen, gap, se)
		}
		for i, s := range scores {
			gap, se := Difference(scores[best], s, nil)
			if gap < -1e-12 {
				t.Fatalf("%d is better than the best", i)
			}
			if parameters[i] < parameters[chosen] && gap <= se {
				t.Fatalf("%d is simpler, and within one error", i)
			}
		}
	})
}

// Fits that are made whole are made as long as there is room; what is not begun is said.
func TestWholeFitsWithinABudget(t *testing.T) {
	whole := func(name string, parameters int, pass float64, s size) Candidate[size] {
		return Candidate[size]{Name: name, Parameters: parameters, Pass: pass, Passes: 5, Spec: s}
	}
	p := newToy(
		[]Candidate[size]{whole("a", 1, 1, size{slow: 1, steps: 5}), whole("b", 2, 2, size{top: 1, slow: 1, steps: 5})},
		[]Candidate[size]{whole("c", 3, 4, size{top: 2, slow: 1, steps: 5})},
	)
	found, err := Run(t.Context(), p, Settings{Meter: NewMeter(30)})
	require.NoError(t, err)
	require.Equal(t, "b", found.Winner().Name)
	require.True(t, found.Exhausted)
	require.Equal(t, Unbegun, found.Trials[2].Status)
	require.Equal(t, 15., found.Spent)

	found, err = Run(t.Context(), p, Settings{Meter: NewMeter(40)})
	require.NoError(t, err)
	require.Equal(t, "c", found.Winner().Name)
	require.False(t, found.Exhausted)

	// The share of choosing is kept.
	found, err = Run(t.Context(), p, Settings{Meter: NewMeter(40), Share: .5})
	require.NoError(t, err)
	require.Equal(t, "b", found.Winner().Name)
}

// A later round is compared with what the earlier ones chose, after as many passes.
func TestRoundsMeet(t *testing.T) {
	p := newToy(
		[]Candidate[size]{candidate("a", 1, size{top: 1, slow: 2}), candidate("b", 1, size{top: 2, slow: 2}), candidate("c", 1, size{slow: 2})},
		[]Candidate[size]{candidate("d", 1, size{top: 1.5, slow: 2}), candidate("e", 1, size{top: 3, slow: 2})},
	)
	found, err := Run(t.Context(), p, Settings{Meter: NewMeter(100), Rounds: 2})
	require.NoError(t, err)
	require.Equal(t, "e", found.Winner().Name)
	last := func(name string) float64 {
		for _, one := range found.Trials {
			if one.Name == name {
				return one.Curve[len(one.Curve)-1].Passes
			}
		}
		return 0
	}
	require.Equal(t, last("b"), last("e"))
	require.Len(t, found.Trials[1].Curve, 2) // which was not trained again
	require.LessOrEqual(t, found.Spent, 100.)
}

// What fails or is unsound is not chosen while there is anything else.
func TestFailedAndUnsound(t *testing.T) {
	p := newToy([]Candidate[size]{
		candidate("a", 1, size{top: 9, slow: 1, fails: true}), candidate("b", 1, size{top: 5, slow: 1, unsound: true}),
		candidate("c", 1, size{slow: 1}),
	})
	found, err := Run(t.Context(), p, Settings{Meter: NewMeter(20)})
	require.NoError(t, err)
	require.Equal(t, "c", found.Winner().Name)
	require.Equal(t, Failed, found.Trials[0].Status)
	require.ErrorContains(t, found.Trials[0].Err, "it broke")

	p = newToy([]Candidate[size]{candidate("a", 1, size{fails: true})})
	_, err = Run(t.Context(), p, Settings{Meter: NewMeter(20)})
	require.ErrorIs(t, err, ErrNone)
	require.ErrorContains(t, err, "it broke")
}

// memory is a store.
type memory map[string][]byte

func (m memory) Load(name string) ([]byte, error)    { return m[name], nil }
func (m memory) Save(name string, data []byte) error { m[name] = bytes.Clone(data); return nil }

// A search that is interrupted anywhere and made again ends with the trials of one that
// was not, and makes no pass twice.
func TestInterruptedAnywhere(t *testing.T) {
	rounds := func() *toy {
		var field []Candidate[size]
		for i, name := range []string{"a", "b", "c", "d", "e"} {
			field = append(field, candidate(name, i+1, size{top: float64((i * 3) % 5), slow: 4, steps: float64(5 + 3*i)}))
		}
		return newToy(field, []Candidate[size]{candidate("f", 9, size{top: 6, slow: 5}), candidate("g", 9, size{top: 3, slow: 5})})
	}
	whole := rounds()
	want, err := Run(t.Context(), whole, Settings{Meter: NewMeter(90), Rounds: 2, Store: memory{}})
	require.NoError(t, err)
	random := rand.New(density.NewSource(1, "interruptions"))
	for range 30 {
		p, store := rounds(), memory{}
		for {
			ctx, cancel := context.WithCancel(t.Context())
			left := random.IntN(12)
			p.stop = func(string, float64) error {
				if left--; left < 0 {
					cancel()
				}
				return nil
			}
			got, err := Run(ctx, p, Settings{Meter: NewMeter(90), Rounds: 2, Store: store})
			cancel()
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
				continue
			}
			require.Equal(t, want.Chosen, got.Chosen)
			require.Equal(t, want.Spent, got.Spent)
			for i, one := range want.Trials {
				require.Equal(t, one.Curve, got.Trials[i].Curve)
				require.Equal(t, one.Status, got.Trials[i].Status)
			}
			require.Len(t, *p.log, len(*whole.log))
			break
		}
	}
}

// A clock gives what the time left is worth at the speed that is seen.
func TestClock(t *testing.T) {
	now := time.Unix(0, 0)
	m := NewClock(10 * time.Second)
	m.now = func() time.Time { return now }
	require.Equal(t, 10*assumedSpeed, m.Left())
	now = now.Add(4 * time.Second)
	m.Spend(8e9)
	require.InDelta(t, 6*2e9, m.Left(), 1)
	now = now.Add(7 * time.Second)
	require.Zero(t, m.Left())
	require.True(t, m.Timed())
}
