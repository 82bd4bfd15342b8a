package lcm

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// data are the rows of a fit: checked, equal ones put together, Normal columns brought
// to mean 0 and variance 1.
type data struct {
	rows
	layout   *layout
	weight   []float64 // n, or nil for rows that count once
	total    float64   // Σ w
	present  int       // rows here, or in a stream
	index    []int     // of each row of the data its place here, −1 for absent ones
	distinct int       // rows that differ
	shift    []float64 // of Normal columns: model space = (x − shift)/scale
	scale    []float64
	jacobian float64   // mean over the rows of what the scales add to ln p
	mean     []float64 // average of each column that holds counts
	values   *countTable
	overall  *parameters // of a single class, which seeds begin with
}

// newData checks x (N×D) and makes the rows of a fit. Rows of weight 0 are left out.
func newData(x *mat.Dense, s Settings) (*data, error) {
	if x == nil || x.IsEmpty() {
		return nil, errNoRows()
	}
	n, width := x.Dims()
	columns := s.Columns
	if columns == nil {
		columns = make([]Column, width)
	}
	if len(columns) != width {
		return nil, density.SettingErrorf(ErrSettings, "lcm: {Columns} describes %d columns, the data have %d: {err}", len(columns), width)
	}
	if s.Weights != nil && len(s.Weights) != n {
		panic("lcm: weights and data differ in length")
	}
	kept, err := presentRows(x, s)
	if err != nil {
		return nil, err
	}
	if columns, err = checkColumns(x, kept, columns, s.Missing); err != nil {
		return nil, err
	}
	d := &data{layout: newLayout(columns)}
	x = d.gather(x, kept, s.Weights)
	n, _ = x.Dims()
	d.prepare(d.layout, x, 0, n, !s.Missing)
	d.total, d.present = float64(n), n
	if d.weight != nil {
		d.total = 0
		for _, w := range d.weight {
			d.total += w
		}
	}
	if err := d.standardize(); err != nil {
		return nil, err
	}
	d.tabulate()
	d.averages()
	return d, nil
}

// presentRows returns the numbers of the rows of positive weight, nil for all. Where
// values may be missing, rows without any are left out too: whatever the model, their
// likelihood is 1.
func presentRows(x *mat.Dense, s Settings) ([]int, error) {
	n, _ := x.Dims()
	var kept []int
	weighted := 0
	for i := range n {
		w := 1.0
		if s.Weights != nil {
			w = s.Weights[i]
		}
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, density.SettingErrorf(ErrSettings, "lcm: {Weights} of row %d is %v: {err}; a row counts 0 times, once, or more", i+1, w)
		}
		if w == 0 {
			continue
		}
		weighted++
		if !s.Missing || em.HoldsValue(x.RawRowView(i)) {
			kept = append(kept, i)
		}
	}
	switch {
	case weighted == 0:
		return nil, density.SettingErrorf(ErrSettings, "lcm: {Weights} are all 0: {err}; at least one row must count")
	case len(kept) == 0:
		return nil, errHollowColumn(0)
	}
	if len(kept) == n {
		kept = nil
	}
	return kept, nil
}

// checkColumns checks the rows that count and returns the columns with their levels.
func checkColumns(x *mat.Dense, kept []int, columns []Column, missing bool) ([]Column, error) {
	columns = slices.Clone(columns)
	n := len(kept)
	if kept == nil {
		n, _ = x.Dims()
	}
	name := func(i int) int {
		if kept != nil {
			return kept[i]
		}
		return i
	}
	for j, c := range columns {
		if c.Kind < Bernoulli || c.Kind > Normal {
			return nil, density.SettingErrorf(ErrSettings, "lcm: {Columns}: column %d is of an unknown kind %d: {err}", j+1, int(c.Kind))
		}
		if c.Levels < 0 || c.Levels > maxLevels || c.Levels > 0 && c.Kind != Categorical {
			return nil, density.SettingErrorf(ErrSettings, "lcm: {Columns}: column %d, %v, has %d levels: {err}; only a categorical column has levels, at most %d", j+1, c.Kind, c.Levels, maxLevels)
		}
	}
	largest := make([]int, len(columns))
	seen := make([]int, len(columns))
	for i := range n {
		values := x.RawRowView(name(i))
		if err := checkRow(values, name(i), columns, missing); err != nil {
			return nil, err
		}
		for j, v := range values {
			if math.IsNaN(v) {
				continue
			}
			c := columns[j]
			seen[j]++
			if c.Kind == Categorical {
				largest[j] = max(largest[j], int(v))
			}
		}
	}
	for j, count := range seen {
		if count == 0 {
			return nil, errHollowColumn(j)
		}
		if columns[j].Kind == Categorical && columns[j].Levels == 0 {
			columns[j].Levels = largest[j] + 1
		}
	}
	return columns, nil
}

// checkRow returns an error for the first value of a row, of a number from 0, that its
// column cannot have.
func checkRow(values []float64, number int, columns []Column, missing bool) error {
	for j, v := range values {
		if math.IsNaN(v) {
			if !missing {
				return density.SettingErrorf(density.ErrNonFinite, "lcm: row %d, column %d is %v: {err}; remove the row or fill the value in, or set {Missing} for values that are missing", number+1, j+1, v)
			}
			continue
		}
		c := columns[j]
		if c.Kind == Categorical && c.Levels == 0 {
			c.Levels = maxLevels
		}
		if c.holds(v) {
			continue
		}
		err := density.ErrSupport
		if math.IsInf(v, 0) {
			err = density.ErrNonFinite
		}
		return density.SettingErrorf(err, "lcm: row %d, column %d is %v: {err}; a %v column wants %s; mend the value or give the column another kind in {Columns}", number+1, j+1, v, c.Kind, columns[j].wants())
	}
	return nil
}

// gather takes the rows of x that count, equal ones as one, if that halves their
// number at least. It sets weights, index and the number of rows that differ.
func (d *data) gather(x *mat.Dense, kept []int, weights []float64) *mat.Dense {
	n, width := x.Dims()
	d.index = make([]int, n)
	for i := range d.index {
		d.index[i] = -1
	}
	if kept == nil {
		kept = make([]int, n)
		for i := range kept {
			kept[i] = i
		}
	}
	var firsts []int                        // of each set of equal rows
	before := make([]int, 0, len(kept))     // the set with the same hash before, −1 for none
	last := make(map[uint64]int, len(kept)) // the last set with a hash
	for _, i := range kept {
		values := x.RawRowView(i)
		h := hash(values)
		head, ok := last[h]
		if !ok {
			head = -1
		}
		set := head
		for set >= 0 && !equal(x.RawRowView(firsts[set]), values) {
			set = before[set]
		}
		if set < 0 {
			set = len(firsts)
			last[h] = set
			before, firsts = append(before, head), append(firsts, i)
		}
		d.index[i] = set
	}
	d.distinct = len(firsts)
	if d.distinct > len(kept)/2 {
		firsts = kept
		for to, i := range kept {
			d.index[i] = to
		}
	}
	d.weight = make([]float64, len(firsts))
	for _, i := range kept {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		d.weight[d.index[i]] += w
	}
	if !slices.ContainsFunc(d.weight, func(w float64) bool { return w != 1 }) {
		d.weight = nil
	}
	if len(firsts) == n {
		return x
	}
	out := mat.NewDense(len(firsts), width, nil)
	for to, from := range firsts {
		out.SetRow(to, x.RawRowView(from))
	}
	return out
}

// hash returns a number that equal rows share: of their bits, but for the sign of 0
// and the kind of NaN.
func hash(values []float64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, v := range values {
		bits := math.Float64bits(v + 0)
		if v != v {
			bits = 1
		}
		h = (h ^ bits) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return h
}

func equal(a, b []float64) bool {
	for i, v := range a {
		if v != b[i] && (v == v || b[i] == b[i]) {
			return false
		}
	}
	return true
}

func (d *data) weightOf(i int) float64 {
	if d.weight == nil {
		return 1
	}
	return d.weight[i]
}

// smallestVariance is that of a column below which variances of classes lose digits;
// above largestVariance they may overflow.
const smallestVariance, largestVariance = 1e-290, 1e290
