// Package oneline makes messages fit for one line of a terminal. Texts of files, and
// of libraries that quote them, may hold anything.
package oneline

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"likely/density"
)

// Text returns text with each run of white space as one space, and with what a
// terminal would not print, or would obey, as Go's escapes.
func Text(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if printable(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(text[:size])
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

func printable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// Error returns err with a message of one line; an error that has one is returned as
// it is, double spaces included.
func Error(err error) error {
	if err == nil || printable(err.Error()) {
		return err
	}
	return line{err}
}

type line struct{ error }

func (l line) Error() string { return Text(l.error.Error()) }

func (l line) Unwrap() error { return l.error }

// In returns the message in the words of a reader.
func (l line) In(spell density.Spelling) string { return Text(density.ErrorIn(l.error, spell)) }

// Short returns text, cut after so many letters as a message has room for of what a
// user or a file gave.
func Short(text string) string {
	const most = 60
	letters := 0
	for at := range text {
		if letters == most {
			return text[:at] + "…"
		}
		letters++
	}
	return text
}

// List joins the first names of a list, each of them short, and says how many more
// there are.
func List(names []string) string {
	const most = 8
	words := make([]string, min(most, len(names)))
	for i := range words {
		words[i] = Short(names[i])
	}
	text := strings.Join(words, ", ")
	if more := len(names) - len(words); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}
