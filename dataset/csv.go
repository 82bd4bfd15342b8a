package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// readText reads a table: cells separated by commas, semicolons or tabs, quoted
// or not; an optional line of column names; a line sep=; that says what
// separates cells. Blank lines are skipped, and so are lines that begin with #
// and hold no data; these are noted. The decimal sign may be a comma, and
// thousands may be separated, where all cells together leave no doubt. What is
// wrong with a cell is said with its line and column.
func readText(in *input, opt Options) (*Dataset, error) {
	t, err := newTable(in, opt)
	if err != nil {
		return nil, err
	}
	if err := t.read(); err != nil {
		return nil, err
	}
	return t.dataset()
}

// table is the state of reading a text file.
type table struct {
	in    *input
	opt   Options
	csv   *csv.Reader
	lines *textLines

	ahead    []textRecord // read, and not used yet
	aheadErr error        // what came after them

	names  []string // of all columns in the file
	named  bool     // they are the file's own
	choice *choice
	width  int // cells a line
	first  int // line of the first row

	columns []*textColumn // one for each column of the file
	codes   missingCodes
	commas  convention
	texts   encodings

	values   []float64 // of the columns that are data, row by row
	rowLines []int32
	classes  []string
	groups   []string
	rows     int
	bytes    int64 // held by all this

	comments, underflow, huge tally
	notes                     []Note

	// each is called with the values of a row and its line, which are then
	// forgotten; nil: all rows are kept.
	each func(row []float64, line int32) error
}

// newTable finds out how the cells of a text are separated.
func newTable(in *input, opt Options) (*table, error) {
	head, err := in.reader.Peek(in.reader.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, in.fail(err)
	}
	if strings.HasPrefix(string(head), "\xff\xfe") || strings.HasPrefix(string(head), "\xfe\xff") {
		return nil, fmt.Errorf("dataset: %s is UTF-16 text: %w; save it as UTF-8", in.path, ErrFormat)
	}
	if strings.HasPrefix(string(head), "\xef\xbb\xbf") {
		in.reader.Discard(3) // three bytes were just peeked at
		head = head[3:]
	}
	t := &table{in: in, opt: opt, codes: newMissingCodes(opt.MissingValues), lines: &textLines{r: in.reader}}
	comma := delimiter(string(head))
	if sign, length := separatorLine(string(head)); length > 0 {
		comma = sign
		in.reader.Discard(length)
		t.lines.blank = true
		t.notes = append(t.notes, Note{Kind: NoteSkipped, Lines: []int{1}, Count: 1,
			Text: fmt.Sprintf("line 1 says that cells are separated by %q, and is no row", string(sign))})
	}
	t.csv = csv.NewReader(t.lines)
	t.csv.Comma = comma
	t.csv.FieldsPerRecord = -1
	t.csv.TrimLeadingSpace = t.csv.Comma != '\t' // an empty cell between tabs is not space
	t.csv.ReuseRecord = true
	return t, nil
}

// separatorLine recognises a first line such as sep=; which Excel writes, and
// returns the sign and the length of the line in bytes; 0 if there is none.
func separatorLine(head string) (sign rune, length int) {
	line := head
	if at := strings.IndexAny(head, "\r\n"); at >= 0 {
		line = head[:at]
		length = at + 1
		if strings.HasPrefix(head[at:], "\r\n") {
			length++
		}
	} else {
		return 0, 0
	}
	rest, found := strings.CutPrefix(strings.ToLower(strings.Trim(line, `"`)), "sep=")
	if !found || len(rest) != 1 || !strings.Contains(",;\t|", rest) {
		return 0, 0
	}
	return rune(rest[0]), length
}

// delimiter guesses what separates the cells from the first line that is
// neither blank nor begins with #, or from the first where all do: a tab if
// there is one outside quotes, else a semicolon, else a comma.
func delimiter(head string) rune {
	head = strings.ReplaceAll(head, "\r", "\n")
	first := ""
	for line := range strings.Lines(head) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if first == "" {
			first = line
		}
		if !strings.HasPrefix(line, "#") {
			first = line
			break
		}
	}
	found := ','
	quoted := false
	for _, r := range first {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && r == '\t':
			return '\t'
		case !quoted && r == ';':
			found = ';'
		}
	}
	return found
}

// read reads all rows.
func (t *table) read() error {
	if err := t.head(); err != nil {
		return err
	}
	var err error
	if t.choice, err = t.choose(); err != nil {
		return fmt.Errorf("dataset: %s: %w", t.in.path, err)
	}
	t.notes = append(t.notes, t.choice.notes...)
	for _, record := range t.ahead {
		if t.opt.Limit > 0 && t.rows >= t.opt.Limit {
			break
		}
		if err := t.take(record); err != nil {
			return err
		}
	}
	t.ahead = nil
	for err = t.aheadErr; err == nil && (t.opt.Limit <= 0 || t.rows < t.opt.Limit); {
		var record textRecord
		if record, err = t.next(); err == nil {
			if err := t.take(record); err != nil {
				return err
			}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return t.fail(err)
	}
	if t.rows == 0 {
		return fmt.Errorf("dataset: %s holds column names and nothing else: %w; give at least one line of numbers", t.in.path, ErrEmpty)
	}
	return t.finish()
}

// encodings notes how texts are encoded.
type encodings struct {
	utf8, latin int // the first line with a letter beyond ASCII; 0: none
}

// decode returns a text as UTF-8. What is not, is taken for Windows-1252, the
// superset of Latin-1 that spreadsheets write; a file with both is refused.
func (t *table) decode(text string, line int) (string, error) {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < utf8.RuneSelf
	}
	switch {
	case ascii:
		return text, nil
	case utf8.ValidString(text):
		if t.texts.utf8 == 0 {
			t.texts.utf8 = line
		}
	default:
		if t.texts.latin == 0 {
			t.texts.latin = line
		}
		decoded, err := charmap.Windows1252.NewDecoder().String(text)
		if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
			return "", fmt.Errorf("dataset: %s, line %d: %s is neither UTF-8 nor Latin-1: %w; save the file as UTF-8", t.in.path, line, quote(text), ErrFormat)
		}
		text = decoded
	}
	if t.texts.utf8 > 0 && t.texts.latin > 0 {
		return "", fmt.Errorf("dataset: %s has text in UTF-8 in line %d and in another encoding in line %d: %w; save the file as UTF-8",
			t.in.path, t.texts.utf8, t.texts.latin, ErrFormat)
	}
	return text, nil
}

// fail says where the text breaks the rules of CSV.
func (t *table) fail(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		if parse.StartLine < parse.Line && errors.Is(parse.Err, csv.ErrQuote) {
			return fmt.Errorf("dataset: %s, line %d: a quoted cell begins in this line, or in one that it goes on over, and does not end: %w; a quoted cell begins and ends with \" and doubles any \" inside", t.in.path, parse.StartLine, ErrFormat)
		}
		return fmt.Errorf("dataset: %s, line %d: %w: %w; a quoted cell begins and ends with \" and doubles any \" inside", t.in.path, parse.Line, parse.Err, ErrFormat)
	}
	if errors.Is(err, errLongLine) {
		return fmt.Errorf("dataset: %s has a line of more than %d bytes: %w; write one example a line", t.in.path, maxLine, ErrFormat)
	}
	return t.in.fail(err)
}

// quote shows a cell in a message, cut if it is long.
func quote(cell string) string {
	if short := shorten(cell); short != cell {
		return strconv.Quote(strings.TrimSuffix(short, "…")) + "…"
	}
	return strconv.Quote(cell)
}

// shorten cuts a text that is long, which then ends in ….
func shorten(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	letters := 0
	for at := range text {
		if letters == most {
			return text[:at] + "…"
		}
		letters++
	}
	return text
}
