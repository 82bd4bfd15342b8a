package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// A column that is a sum of multiples of others leaves a density without a bound: a
// covariance that knows of it is singular, and what is reported measures its floor.

const (
	// dependentShare is the share of the variance of a column below which what other
	// columns do not explain is rounding: the default floor of variances.
	dependentShare = 1e-6
	// dependentRows is the number of rows in which dependences are looked for, and
	// dependentColumns that of columns from which they are not.
	dependentRows, dependentColumns = 1000, 400
	// dependentTerm is how many times that the share of a term is at least.
	dependentTerm = 10
	// namedTerms is the number of terms that a sum is written with.
	namedTerms = 4
)

// dependences notes each measured column that is a sum of multiples of measured columns
// before it.
func (d *Dataset) dependences() []Note {
	columns := d.measuredColumns()
	if d.IsImage() || len(columns) < 2 || len(columns) > dependentColumns {
		return nil
	}
	rows := d.completeRows(columns)
	if len(rows) < 2*len(columns) {
		return nil
	}
	few := rows
	if n := max(dependentRows, 4*len(columns)); len(rows) > n {
		few = make([]int, n)
		for i := range few {
			few[i] = rows[i*len(rows)/n]
		}
	}
	var notes []Note
	var basis []standard
	for _, j := range columns {
		x, ok := d.standardColumn(few, j)
		if !ok {
			continue
		}
		if rest := x.reduce(basis); rest >= dependentShare {
			basis = append(basis, x)
			continue
		}
		if s := d.sumOf(x, basis); d.holds(s, rows) {
			notes = append(notes, Note{Kind: NoteColumn, Column: d.Columns[j],
				Text: fmt.Sprintf("%s is %s in every row, but for rounding: densities of columns that depend on each other have no bound; leave it out, by {Drop=%s}", columnPlace(d.Columns, j), d.written(s), d.Columns[j])})
		}
	}
	return notes
}

// standard is a column made orthogonal to those before it.
type standard struct {
	column     int
	mean, size float64
	left       []float64 // what the columns before do not explain, of norm 1 in a basis
	factors    []float64 // left in terms of the columns of the basis, itself last
}

// standardColumn returns column j in the given rows with mean 0 and norm 1; not where it
// is constant or too large.
func (d *Dataset) standardColumn(rows []int, j int) (standard, bool) {
	s := standard{column: j, left: make([]float64, len(rows))}
	for i, r := range rows {
		s.left[i] = d.X.At(r, j)
	}
	s.mean = stat.Mean(s.left, nil)
	floats.AddConst(-s.mean, s.left)
	s.size = floats.Norm(s.left, 2)
	if !(s.size > 0) || math.IsInf(s.size, 1) {
		return s, false
	}
	floats.Scale(1/s.size, s.left)
	return s, true
}

// reduce takes from a column what the basis explains, by Gram and Schmidt, twice for what
// the first pass rounds. It returns the share of its variance that is left.
func (s *standard) reduce(basis []standard) float64 {
	s.factors = make([]float64, len(basis)+1)
	s.factors[len(basis)] = 1
	for range 2 {
		for _, b := range basis {
			f := floats.Dot(b.left, s.left)
			floats.AddScaled(s.left, -f, b.left)
			for c, v := range b.factors {
				s.factors[c] -= f * v
			}
		}
	}
	rest := floats.Norm(s.left, 2)
	if rest*rest >= dependentShare {
		floats.Scale(1/rest, s.left)
		floats.Scale(1/rest, s.factors)
	}
	return rest * rest
}

// linear is a column as a sum of multiples of others.
type linear struct {
	column   int
	spread   float64 // standard deviation
	columns  []int
	factors  []float64
	constant float64
}

// sumOf returns the sum that is left when x has been reduced to nothing.
func (d *Dataset) sumOf(x standard, basis []standard) linear {
	s := linear{column: x.column, constant: x.mean, spread: x.size / math.Sqrt(float64(len(x.left)))}
	for c, b := range basis {
		if v := -x.factors[c]; v*v > dependentShare*dependentTerm {
			s.columns, s.factors = append(s.columns, b.column), append(s.factors, v*x.size/b.size)
			s.constant -= v * x.size / b.size * b.mean
		}
	}
	return s
}

// holds says whether a column is that sum in the given rows.
func (d *Dataset) holds(s linear, rows []int) bool {
	if len(s.columns) == 0 {
		return false
	}
	var squares float64
	for _, i := range rows {
		v := (d.X.At(i, s.column) - s.constant) / s.spread
		for c, j := range s.columns {
			v -= s.factors[c] / s.spread * d.X.At(i, j)
		}
		squares += v * v / float64(len(rows))
	}
	return squares < dependentTerm*dependentShare
}

// written writes the sum: 2 × a − 3 × b + 1.
func (d *Dataset) written(s linear) string {
	var b strings.Builder
	term := func(factor float64, name string) {
		switch {
		case b.Len() > 0 && factor < 0:
			b.WriteString(" − ")
		case b.Len() > 0:
			b.WriteString(" + ")
		case factor < 0:
			b.WriteString("−")
		}
		if size := strconv.FormatFloat(math.Abs(factor), 'g', 4, 64); name == "" {
			b.WriteString(size)
		} else if size == "1" {
			b.WriteString(name)
		} else {
			b.WriteString(size + " × " + name)
		}
	}
	if more := len(s.columns) - namedTerms; more > 0 {
		names := make([]string, namedTerms)
		for c := range names {
			names[c] = quote(d.Columns[s.columns[c]])
		}
		return "a sum of multiples of " + enumerate(names, len(s.columns))
	}
	for c, j := range s.columns {
		term(s.factors[c], quote(d.Columns[j]))
	}
	if math.Abs(s.constant) > 1e-3*s.spread {
		term(s.constant, "")
	}
	return b.String()
}

// measuredColumns are the numbers of those that have densities.
func (d *Dataset) measuredColumns() []int {
	var list []int
	for j := range d.Dim() {
		if d.Types != nil && d.Types[j] != Continuous && d.Types[j] != Rounded || d.Levels != nil && d.Levels[j] != nil {
			continue
		}
		list = append(list, j)
	}
	return list
}

// completeRows are the numbers of those that have a value in each of the columns.
func (d *Dataset) completeRows(columns []int) []int {
	var list []int
	for i := range d.Rows() {
		row := d.X.RawRowView(i)
		if !slices.ContainsFunc(columns, func(j int) bool { return math.IsNaN(row[j]) }) {
			list = append(list, i)
		}
	}
	return list
}
