package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Start is a way to the first responsibilities. Its values are [KMeans],
// [Hierarchical], [RandomResponsibilities] and [From].
type Start interface {
	// assign sets the responsibilities of a run; i is the number of the
	// start.
	assign(ctx context.Context, e *EM, i int, src rand.Source) error
	// repeats reports whether another start gives another result.
	repeats() bool
	// String returns the name that files and flags use, as MarshalText does;
	// [StartName] reads it.
	String() string
	MarshalText() ([]byte, error)
}

var (
	// KMeans clusters by Lloyd's algorithm from k-means++ seeds: the default.
	KMeans Start = kmeansStart{}
	// Hierarchical clusters by Ward's method, without randomness up to
	// hierarchicalRows rows; of more rows a random sample is clustered and
	// the others follow the nearest cluster.
	Hierarchical Start = hierarchicalStart{}
	// RandomResponsibilities draws the responsibilities of each row at
	// random. All components then start at the middle of the data, and few
	// starts find their way out: it is here for comparison.
	RandomResponsibilities Start = randomStart{}
)

// StartName is a start that is read from its name, for flags and files: k-means,
// hierarchical or random. [From], whose name is given, holds a mixture and cannot be
// read.
type StartName struct{ Start }

// UnmarshalText reads the name. An unknown one is an error that lists those known.
func (s *StartName) UnmarshalText(text []byte) error {
	for _, known := range []Start{KMeans, Hierarchical, RandomResponsibilities} {
		if known.String() == string(text) {
			s.Start = known
			return nil
		}
	}
	if string(text) == (fromStart{}).String() {
		return density.SettingErrorf(ErrSettings, "gmm: {Start} is a mixture, which its name does not hold: {err}; give the mixture again, by From")
	}
	return density.SettingErrorf(ErrSettings, "gmm: {Start} is %q: {err}; want k-means, hierarchical or random", text)
}

// MarshalText returns the name; "" where there is no start.
func (s StartName) MarshalText() ([]byte, error) {
	if s.Start == nil {
		return nil, nil
	}
	return s.Start.MarshalText()
}

// From starts from the parameters of a mixture with as many components and columns:
// a warm start.
func From(m *Model) Start { return fromStart{m} }

// firstRuns is the number of runs of k-means of which the first start is the
// best. Later starts are for variety.
const firstRuns = 5

type kmeansStart struct{}

func (kmeansStart) String() string { return "k-means" }

func (s kmeansStart) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (kmeansStart) repeats() bool { return true }

func (kmeansStart) assign(ctx context.Context, e *EM, i int, src rand.Source) error {
	runs := 1
	if i == 0 {
		runs = firstRuns
	}
	assigned := cluster(ctx, e.scaled, e.k, runs, src)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("gmm: %w", err)
	}
	e.harden(assigned)
	return nil
}

// harden sets responsibilities of 0 and 1.
func (e *EM) harden(assigned []int) {
	for n, c := range assigned {
		e.moments.resp[n*e.k+c] = e.scaled.weightOf(n)
	}
}

type randomStart struct{}

func (randomStart) String() string { return "random" }

func (s randomStart) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (randomStart) repeats() bool { return true }

func (randomStart) assign(_ context.Context, e *EM, _ int, src rand.Source) error {
	random := rand.New(src)
	for i := range e.moments.n {
		row := e.moments.resp[i*e.k : (i+1)*e.k]
		for k := range row {
			row[k] = random.ExpFloat64()
		}
		if l := e.scaled.label; l != nil && l[i] >= 0 {
			clear(row)
			row[l[i]] = 1
		}
		floats.Scale(e.scaled.weightOf(i)/sum(row), row)
	}
	return nil
}

type fromStart struct{ m *Model }

func (fromStart) String() string { return "given" }

func (s fromStart) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (fromStart) repeats() bool { return false }

func (f fromStart) assign(_ context.Context, e *EM, _ int, _ rand.Source) error {
	if f.m.k != e.k || f.m.d != e.d {
		return density.SettingErrorf(ErrSettings, "gmm: {Start} has %d components in %d columns for %d in %d: {err}", f.m.k, f.m.d, e.k, e.d)
	}
	copy(e.moments.resp, e.scaled.responsibilitiesOf(f.m).RawMatrix().Data)
	s := e.scaled
	// Missing values are completed by the parameters of the start, and families
	// whose M-step goes on from the last one go on from them.
	inverse := make([]float64, e.d)
	for j, v := range s.transform.Scale {
		inverse[j] = 1 / v
	}
	given, err := f.m.shapes.rescaled(inverse)
	if err != nil {
		return err
	}
	e.given = given
	if f.m.Family().String() == e.covariance.String() {
		e.shapes = e.given
	}
	for k := range e.k {
		for j, v := range f.m.mean(k) {
			e.moments.mean[k*e.d+j] = (v - s.transform.Shift[j]) * inverse[j]
		}
	}
	return nil
}

// responsibilitiesOf returns the responsibilities of a mixture for the rows (N×K), times
// their weights.
func (s *scaledRows) responsibilitiesOf(m *Model) *mat.Dense {
	x := s.transform.Invert(nil, mat.NewDense(s.n, s.d, append([]float64{}, s.x...)))
	for _, p := range s.patterns {
		for _, i := range p.rows {
			for _, j := range p.missing {
				x.Set(i, j, math.NaN())
			}
		}
	}
	resp := mat.NewDense(s.n, m.k, nil)
	if s.patterns == nil {
		m.Responsibilities(resp, x)
	} else {
		m.ResponsibilitiesObserved(resp, x)
	}
	for i := range s.n {
		row := resp.RawRowView(i)
		if s.label != nil && s.label[i] >= 0 {
			clear(row)
			row[s.label[i]] = 1
		}
		floats.Scale(s.weightOf(i), row)
	}
	return resp
}
