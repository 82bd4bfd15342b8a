package gmm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// suspects are components that have the same fault, and their numbers of rows.
type suspects struct {
	components []int // from 1
	rows       []float64
}

func (s *suspects) add(k int, rows float64) {
	s.components = append(s.components, k+1)
	s.rows = append(s.rows, rows)
}

func (s suspects) any() bool { return len(s.components) > 0 }

// form returns the first form of a word for a single component, the second for more.
func (s suspects) form(one, several string) string {
	if len(s.components) == 1 {
		return one
	}
	return several
}

// names returns component 2, or components 2, 5 and 7.
func (s suspects) names() string { return s.form("component", "components") + " " + list(s.components) }

// String returns the names with the numbers of rows.
func (s suspects) String() string {
	least, most := shortest(slices.Min(s.rows)), shortest(slices.Max(s.rows))
	if least == most {
		return fmt.Sprintf("%s (%s rows%s)", s.names(), least, s.form("", " each"))
	}
	return fmt.Sprintf("%s (%s to %s rows)", s.names(), least, most)
}

// below is String where all numbers of rows lie below a bound, with as many digits as
// show it.
func (s suspects) below(bound float64) string {
	most := slices.Max(s.rows)
	text := shortest(most)
	for digits := 4; digits < 18; digits++ {
		if v, _ := strconv.ParseFloat(text, 64); v < bound { // which %g has written
			break
		}
		text = strconv.FormatFloat(most, 'g', digits, 64)
	}
	if len(s.components) == 1 {
		return fmt.Sprintf("%s (%s rows)", s.names(), text)
	}
	return fmt.Sprintf("%s (at most %s rows)", s.names(), text)
}

func shortest(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// mostListed is the number of components, or columns, that a warning lists by number.
const mostListed = 8

// list returns 1, 2 and 5, without repetitions, or the first few and how many more.
func list(numbers []int) string {
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	var words []string
	for _, n := range numbers[:min(mostListed, len(numbers))] {
		words = append(words, strconv.Itoa(n))
	}
	if more := len(numbers) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
