package lcm

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Kind is the kind of distribution that a column has within a class.
type Kind int

const (
	// Bernoulli columns hold 0 or 1.
	Bernoulli Kind = iota
	// Categorical columns hold codes 0 … Levels−1 whose order means nothing.
	Categorical
	// Poisson columns hold counts 0, 1, 2, … with as much variance as mean.
	Poisson
	// NegativeBinomial columns hold counts with at least as much variance as mean.
	NegativeBinomial
	// Normal columns hold real numbers.
	Normal
)

var kindNames = []string{"bernoulli", "categorical", "poisson", "negative-binomial", "normal"}

// String returns bernoulli, categorical, poisson, negative-binomial or normal.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) {
	if k < 0 || int(k) >= len(kindNames) {
		return nil, fmt.Errorf("lcm: unknown kind of column %d", int(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames, string(text))
	if i < 0 {
		return fmt.Errorf("lcm: unknown kind of column %q; want one of %s", text, strings.Join(kindNames, ", "))
	}
	*k = Kind(i)
	return nil
}

// discrete reports whether values are counted rather than measured.
func (k Kind) discrete() bool { return k != Normal }

// Column describes a column of the data.
type Column struct {
	Kind Kind `json:"kind"`
	// Levels is the number of categories of a Categorical column; in Settings
	// 0: one more than the largest code in the data. It says which codes are
	// possible: under the prior, one that the data do not hold has a positive
	// probability, while a code from Levels on has probability 0.
	Levels int `json:"levels,omitempty"`
}

// maxLevels bounds the categories of a column: codes beyond it are numbers of
// something else.
const maxLevels = 1 << 20

// largestCount is the largest count: from there on not every whole number is a float64.
const largestCount = 1 << 53

// holds reports whether v, which is not NaN, is a value that the column can have.
func (c Column) holds(v float64) bool {
	switch c.Kind {
	case Bernoulli:
		return v == 0 || v == 1
	case Categorical:
		return v >= 0 && v < float64(c.Levels) && v == math.Floor(v)
	case Normal:
		return !math.IsInf(v, 0)
	}
	return v >= 0 && v <= largestCount && v == math.Floor(v)
}

// wants says what the column holds, for errors.
func (c Column) wants() string {
	switch c.Kind {
	case Bernoulli:
		return "0 or 1"
	case Categorical:
		if c.Levels == 0 {
			return fmt.Sprintf("a code 0, 1, … below %d", maxLevels)
		}
		return fmt.Sprintf("a code 0 … %d", c.Levels-1)
	case Normal:
		return "a finite number"
	}
	return "a count 0, 1, 2, …"
}

// layout says where the columns of each kind are found. Columns whose log-density is
// linear in the value, Bernoulli and Poisson, stand together, so that all of them are
// one matrix product.
type layout struct {
	columns []Column
	linear  []int // numbers of the Bernoulli and Poisson columns
	tables  []int // of the Categorical ones
	first   []int // the first of each table's levels among all; one more at the end
	counts  []int // of the NegativeBinomial ones
	normals []int // of the Normal ones
	place   []int // of each column, among those of its kind
}

func newLayout(columns []Column) *layout {
	l := &layout{columns: slices.Clone(columns), first: []int{0}, place: make([]int, len(columns))}
	for j, c := range columns {
		list := &l.linear
		switch c.Kind {
		case Categorical:
			list = &l.tables
			l.first = append(l.first, l.first[len(l.first)-1]+c.Levels)
		case NegativeBinomial:
			list = &l.counts
		case Normal:
			list = &l.normals
		}
		l.place[j] = len(*list)
		*list = append(*list, j)
	}
	return l
}

// levels returns the number of categories of all tables.
func (l *layout) levels() int { return l.first[len(l.first)-1] }

// onlyLinear reports whether prepared rows are the rows as they are.
func (l *layout) onlyLinear() bool { return len(l.linear) == len(l.columns) }
