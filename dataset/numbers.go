package dataset

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// numberForm says how a cell writes a number, as far as it bears on what a
// comma and a point mean in the file.
type numberForm int

const (
	formPlain     numberForm = iota // 812, 1e3
	formPoint                       // 1.5: a point before decimals
	formPoint3                      // 1.205: decimals, or thousands where commas go before decimals
	formDecimal                     // 1,5: a comma before decimals
	formGrouped                     // 1,234,567 or 1,234.5: commas between thousands
	formEuropean                    // 1.234,5 or 1.234.567: points between thousands
	formAmbiguous                   // 1,205: decimals or thousands
)

var errNotNumber = errors.New("not a number")

// parseNumber reads a cell without spaces around it. An ambiguous one is read
// as thousands; [asDecimal] gives the other reading. What Go writes and nobody
// else does, hexadecimal digits and underscores, is no number. A number that
// overflows is an error that wraps strconv.ErrRange.
func parseNumber(cell string) (float64, numberForm, error) {
	commas, points, plain := 0, 0, true
	for i := range len(cell) {
		switch c := cell[i]; {
		case c >= '0' && c <= '9', c == '+', c == '-', c == 'e', c == 'E':
		case c == '.':
			points++
		case c == ',':
			commas++
		case c == '_', c == 'x', c == 'X', c == 'p', c == 'P':
			return 0, formPlain, errNotNumber
		default:
			plain = false // a word; NaN and Inf are such
		}
	}
	if commas == 0 && points <= 1 {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, formPlain, errNotNumber
		}
		form := formPlain
		if points == 1 {
			if form = formPoint; looksGrouped(cell, '.') {
				form = formPoint3
			}
		}
		return v, form, err
	}
	if !plain {
		return 0, formPlain, errNotNumber
	}
	return parseSeparated(cell, commas, points)
}

// parseSeparated reads a cell with a comma in it, or with several points.
func parseSeparated(cell string, commas, points int) (float64, numberForm, error) {
	parse := func(text string, form numberForm) (float64, numberForm, error) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, formPlain, errNotNumber
		}
		return v, form, err
	}
	comma, point := strings.LastIndexByte(cell, ','), strings.LastIndexByte(cell, '.')
	switch {
	case points == 0 && commas == 1 && looksGrouped(cell, ','):
		return parse(strings.ReplaceAll(cell, ",", ""), formAmbiguous)
	case points == 0 && commas == 1:
		return parse(strings.Replace(cell, ",", ".", 1), formDecimal)
	case points == 0 && looksGrouped(cell, ','),
		points == 1 && point > comma && looksGrouped(cell[:point], ','):
		return parse(strings.ReplaceAll(cell, ",", ""), formGrouped)
	case commas == 0 && looksGrouped(cell, '.'),
		commas == 1 && comma > point && looksGrouped(cell[:comma], '.'):
		return parse(strings.Replace(strings.ReplaceAll(cell, ".", ""), ",", ".", 1), formEuropean)
	}
	return 0, formPlain, errNotNumber
}

// asDecimal reads an ambiguous cell with its comma before decimals.
func asDecimal(cell string) float64 {
	v, _ := strconv.ParseFloat(strings.Replace(cell, ",", ".", 1), 64)
	return v
}

// looksGrouped reports whether a text is a sign, one to three digits that do
// not begin with 0, and one or more groups of three digits after separators.
func looksGrouped(text string, separator byte) bool {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	first := strings.IndexByte(text, separator)
	if first < 1 || first > 3 || text[0] == '0' || (len(text)-first)%4 != 0 {
		return false
	}
	for i := range len(text) {
		if separates := i >= first && (i-first)%4 == 0; separates != (text[i] == separator) || !separates && (text[i] < '0' || text[i] > '9') {
			return false
		}
	}
	return true
}

// vanishes reports whether a cell that reads as 0 is written as something
// else: 1e-400.
func vanishes(cell string, v float64) bool {
	if v != 0 {
		return false
	}
	if at := strings.IndexAny(cell, "eE"); at >= 0 {
		cell = cell[:at]
	}
	return strings.ContainsAny(cell, "123456789")
}

// losesDigits reports whether v is a whole number so large that a float64 may
// not hold it, written as digits, and is not the number that is written.
func losesDigits(cell string, v float64) bool {
	if math.Abs(v) < 1<<53 || strings.ContainsAny(cell, ".,eE") {
		return false
	}
	return strconv.FormatFloat(v, 'f', 0, 64) != strings.TrimLeft(strings.TrimPrefix(cell, "+"), "0")
}

// tooLargeToSquare is the size of values above which their squares, which
// every model of variances takes, are no numbers.
const tooLargeToSquare = 1e154

// tooSmallToSquare is the range of values below which their squares lose digits.
const tooSmallToSquare = 1e-150

// convention is what commas and points mean in a text, as learnt from all its
// cells.
type convention struct {
	first [formAmbiguous + 1]*cellPlace // the first cell of each form
}

// cellPlace is a cell of a text and where it stands.
type cellPlace struct {
	line, col int
	cell      string
}

// see takes note of a cell.
func (c *convention) see(form numberForm, line, col int, cell string) {
	if c.first[form] == nil {
		c.first[form] = &cellPlace{line, col, strings.Clone(cell)}
	}
}

// commaDecimal and pointDecimal report what has been seen for certain.
func (c *convention) commaDecimal() bool {
	return c.first[formDecimal] != nil || c.first[formEuropean] != nil
}

func (c *convention) pointDecimal() bool {
	return c.first[formGrouped] != nil || c.first[formPoint] != nil
}

// conflict returns a cell that contradicts others, and the words for it, or
// nil.
func (c *convention) conflict() (*cellPlace, string) {
	if !c.commaDecimal() {
		return nil, ""
	}
	if c.pointDecimal() {
		comma := earlier(c.first[formDecimal], c.first[formEuropean])
		point := earlier(c.first[formGrouped], c.first[formPoint])
		if earlier(comma, point) == comma {
			return point, "both a decimal point and a decimal comma occur"
		}
		return comma, "both a decimal point and a decimal comma occur"
	}
	if at := c.first[formPoint3]; at != nil {
		return at, "the file has decimal commas, so the point may stand before decimals or between thousands"
	}
	return nil, ""
}

func earlier(a, b *cellPlace) *cellPlace {
	if a == nil || b != nil && (b.line < a.line || b.line == a.line && b.col < a.col) {
		return b
	}
	return a
}
