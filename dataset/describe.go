package dataset

import (
	"math"
	"slices"
)

// Description says what a column holds. Numbers are those of the values that
// are not missing; where there are none, or the column holds levels, the
// quartiles are 0.
type Description struct {
	Name string
	Type ColumnType
	// Step is the spacing of the values, or 0 where they are on no grid.
	Step float64
	// Distinct is the number of different values, Missing that of the missing.
	Distinct, Missing int
	// Min to Max are the extremes and the quartiles, interpolated between
	// neighbours (type 7 of Hyndman & Fan 1996).
	Min, LowerQuartile, Median, UpperQuartile, Max float64
	// Levels holds the names of the levels of a categorical column.
	Levels []string
	// Histogram counts the values in [HistogramBins] bins of equal width from
	// Min to Max, of which each but the last is open above; or, of a binary or
	// categorical column, those of each level.
	Histogram []int
	// Bounds says by what the values are bounded, as far as they show.
	Bounds Bounds
}

// HistogramBins is the number of bins of a [Description].
const HistogramBins = 12

// Bounds says by what the values of a column are bounded. A density that does
// not know of a bound puts mass beyond it, unless the column is transformed.
type Bounds string

// Bounds of measured values; counts and codes have none to speak of.
const (
	Unbounded Bounds = ""
	Positive  Bounds = "positive" // all above 0: a logarithm
	Share     Bounds = "share"    // all between 0 and 1: a logit
)

// Describe says what each column of d holds, by its Types where d has them, else
// by those that [Dataset.Typed] would find. It costs O(N·D·log N).
func Describe(d *Dataset) []Description {
	out := make([]Description, d.Dim())
	var block ColumnType
	if d.IsImage() {
		block = d.imageType()
	}
	for j := range out {
		c := d.column(j)
		t := &out[j]
		switch {
		case d.Types != nil:
			t.Type = d.Types[j]
		case d.IsImage():
			t.Type = block
		default:
			t.Type = c.kind()
		}
		t.Name, t.Step, t.Levels = d.Columns[j], c.step(), c.levels
		t.Distinct, t.Missing = len(c.distinct), d.Rows()-len(c.sorted)
		if len(c.sorted) == 0 {
			continue
		}
		t.Min, t.Max = c.sorted[0], c.sorted[len(c.sorted)-1]
		if c.levels != nil {
			t.Histogram = countLevels(c.sorted, len(c.levels))
			continue
		}
		t.LowerQuartile, t.Median, t.UpperQuartile = quantile(c.sorted, 0.25), quantile(c.sorted, 0.5), quantile(c.sorted, 0.75)
		if t.Type == Binary {
			t.Histogram = countLevels(c.sorted, 2)
			continue
		}
		t.Histogram = countBins(c.sorted, HistogramBins)
		if t.Type == Continuous || t.Type == Rounded {
			t.Bounds = boundsOf(t.Min, t.Max)
		}
	}
	return out
}

func boundsOf(lo, hi float64) Bounds {
	switch {
	case lo >= 0 && hi <= 1:
		return Share
	case lo > 0:
		return Positive
	}
	return Unbounded
}

// quantile returns the p-quantile of ascending values.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	k := int(at)
	if k+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	f := at - float64(k)
	return sorted[k]*(1-f) + sorted[k+1]*f
}

// countLevels counts codes 0 to levels−1.
func countLevels(codes []float64, levels int) []int {
	counts := make([]int, levels)
	for _, v := range codes {
		counts[int(v)]++
	}
	return counts
}

// countBins counts ascending values in bins of equal width.
func countBins(sorted []float64, bins int) []int {
	lo, hi := sorted[0], sorted[len(sorted)-1]
	counts := make([]int, bins)
	if lo == hi {
		counts[0] = len(sorted)
		return counts
	}
	from := 0
	for b := range bins - 1 {
		f := float64(b+1) / float64(bins)
		edge := lo*(1-f) + hi*f // no difference that could overflow
		to, _ := slices.BinarySearch(sorted, edge)
		counts[b] = to - from
		from = to
	}
	counts[bins-1] = len(sorted) - from
	return counts
}

// suspects notes values that look like codes for a missing one: -999, 9999 or
// the like at an end of a column, farther from all others than these are from
// each other.
func (d *Dataset) suspects() []Note {
	if d.IsImage() || d.Rows() < 5 {
		return nil
	}
	var notes []Note
	for j := range d.Dim() {
		if d.Levels != nil && d.Levels[j] != nil {
			continue
		}
		lo, hi := math.Inf(1), math.Inf(-1)
		for i := range d.Rows() {
			if v := d.X.At(i, j); !math.IsNaN(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		for _, code := range []float64{lo, hi} {
			if isCode(code) {
				if n := d.farCode(j, code); n > 0 {
					notes = append(notes, d.codeNote(j, code, n))
				}
			}
		}
	}
	return notes
}

// isCode reports whether a value is written with nines alone, two or more.
func isCode(v float64) bool {
	v = math.Abs(v)
	for k := 99.0; k < 1e9; k = 10*k + 9 {
		if v == k || v == k/10 && k > 99 {
			return true
		}
	}
	return false
}

// farCode returns how often a code occurs in column j, or 0 if it is not far
// from the other values.
func (d *Dataset) farCode(j int, code float64) int {
	lo, hi, n, others := math.Inf(1), math.Inf(-1), 0, 0
	for i := range d.Rows() {
		switch v := d.X.At(i, j); {
		case math.IsNaN(v):
		case v == code:
			n++
		case isCode(v) && (v < 0) == (code < 0) && math.Abs(v) > math.Abs(code): // -99 beside -999
		default:
			lo, hi = min(lo, v), max(hi, v)
			others++
		}
	}
	if others < 2 || n >= others || max(lo-code, code-hi) < 2*(hi-lo) {
		return 0
	}
	return n
}

func (d *Dataset) codeNote(j int, code float64, n int) Note {
	value := levelName(code)
	times := count(n, "time")
	return Note{Kind: NoteCode, Column: d.Columns[j], Count: n,
		Text: columnPlace(d.Columns, j) + " holds " + value + " " + times + ", far from its other values; if that stands for a missing value, say {MissingValues=" + value + "}"}
}
