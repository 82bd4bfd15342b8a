package dataset

import (
	"fmt"
	"strings"

	"likely/density"
)

// NoteKind says what a [Note] is about.
type NoteKind string

// Kinds of notes.
const (
	NoteSkipped   NoteKind = "skipped"   // something in the file was passed over
	NoteReading   NoteKind = "reading"   // the file could be read in two ways, and was read in one
	NotePrecision NoteKind = "precision" // numbers that a float64 does not hold as they are written
	NoteCode      NoteKind = "code"      // a value that looks like a code for a missing one
	NoteColumn    NoteKind = "column"    // a column that others determine
)

// Note is something about a file that its reader decided, or saw, and that a
// person should know: what was left out, how doubt was settled. It is no
// error. The command prints notes; this package never does.
type Note struct {
	Kind NoteKind
	// Column is the name of the column it is about, or empty.
	Column string
	// Lines holds the lines of the file it is about (from 1), the first
	// [NoteLines] of them at most; Count is their number.
	Lines []int
	Count int
	// Text says it in a sentence without a full stop, lines included, without
	// the name of the file, and with gaps for options such as {Drop=age}.
	Text string
}

// NoteLines is the number of lines that a note keeps.
const NoteLines = 5

// String returns the sentence for programs.
func (n Note) String() string { return n.In(optionField) }

// In returns the sentence in the words of a reader.
func (n Note) In(spell density.Spelling) string { return fillOptions(n.Text, spell) }

// tally collects lines for a note.
type tally struct {
	lines []int
	count int
}

func (t *tally) add(line int) {
	if t.count++; len(t.lines) < NoteLines {
		t.lines = append(t.lines, line)
	}
}

// where says the lines: line 3; lines 3, 5 and 17 more.
func (t *tally) where() string {
	if t.count == 1 {
		return fmt.Sprintf("line %d", t.lines[0])
	}
	words := make([]string, len(t.lines))
	for i, line := range t.lines {
		words[i] = fmt.Sprint(line)
	}
	return "lines " + enumerate(words, t.count)
}

// note makes a note of what was collected; the text follows the format.
func (t *tally) note(kind NoteKind, column, format string, args ...any) Note {
	return Note{Kind: kind, Column: column, Lines: t.lines, Count: t.count, Text: fmt.Sprintf(format, args...)}
}

// enumerate joins the first words of a list of the given length: a, b and 3
// more.
func enumerate(words []string, total int) string {
	if more := total - len(words); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words, ", "), more)
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// quoteList shows the first names of a list, each of them shortened.
func quoteList(names []string) string {
	const most = 8
	words := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		words = append(words, quote(name))
	}
	if len(words) == 0 {
		return "none"
	}
	return enumerate(words, len(names))
}
