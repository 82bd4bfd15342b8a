package course

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"likely/figure"
)

// Schema is the version of the form of records.
const Schema = "likely.study/1"

// Text is a sentence in the two languages of the course.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In returns the text in a language.
func (t Text) In(l Language) string {
	if l == Chinese {
		return t.ZH
	}
	return t.EN
}

// Language is one of those of the course.
type Language int

// The languages. English is the zero value.
const (
	English Language = iota
	Chinese
)

// Languages are all of them.
var Languages = []Language{English, Chinese}

// Folder is where the pages of a language are, from docs/course.
func (l Language) Folder() string {
	if l == Chinese {
		return "zh"
	}
	return ""
}

// Verdict is what a measurement says of a claim. The zero value is Undecided.
type Verdict int

// The verdicts.
const (
	Undecided Verdict = iota
	Holds
	Corrected
	Fails
)

// verdicts are the words for them.
var verdicts = []Text{
	{"undecided here", "在此未能判定"},
	{"holds", "成立"},
	{"holds with a correction", "修正后成立"},
	{"fails", "不成立"},
}

// String returns the verdict in English.
func (v Verdict) String() string { return v.In(English) }

// In returns the verdict in a language.
func (v Verdict) In(l Language) string { return verdicts[v].In(l) }

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, words := range verdicts {
		if words.EN == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("course: there is no verdict %q", text)
}

// Number is one thing that a study measured.
type Number struct {
	Name  Text    `json:"name"`
	Value float64 `json:"value"`
	// StdErr is the standard error of Value, 0 where it is exact or a setting.
	StdErr float64 `json:"std_err,omitempty"`
	// PValue says that Value is one, so that 0 is a number too small to write.
	PValue bool `json:"p_value,omitempty"`
	// Unit is that of Value, such as nats per row; empty for a pure number.
	Unit Text `json:"unit,omitzero"`
}

// String returns the value and its error with the digits that the error leaves.
func (n Number) String() string {
	switch {
	case n.PValue:
		return pValue(n.Value)
	case n.StdErr == 0:
		return significant(n.Value)
	}
	return withError(n.Value, n.StdErr)
}

// significant writes a number with four digits, without an exponent where it can.
func significant(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e7 {
		return minus(strconv.FormatFloat(v, 'f', 0, 64))
	}
	if size := math.Abs(v); size < 1e-3 || size >= 1e5 {
		return minus(strconv.FormatFloat(v, 'e', 2, 64))
	}
	digits := max(0, 3-int(math.Floor(math.Log10(math.Abs(v)))))
	return minus(strconv.FormatFloat(v, 'f', digits, 64))
}

// withError writes a value to the second digit of its error.
func withError(v, se float64) string {
	if math.IsInf(se, 0) || math.IsNaN(se) || math.Abs(v) >= 1e7 || se < 1e-9 {
		return significant(v) + " ± " + significant(se)
	}
	digits := min(9, max(0, 1-int(math.Floor(math.Log10(se)))))
	return minus(strconv.FormatFloat(v, 'f', digits, 64)) + " ± " + strconv.FormatFloat(se, 'f', digits, 64)
}

// pValue writes a p-value; one that is hardly above 0 as such.
func pValue(p float64) string {
	if p < 1e-15 {
		return "< 10⁻¹⁵"
	}
	return significant(p)
}

// minus writes the sign as the minus that it is.
func minus(s string) string { return strings.ReplaceAll(s, "-", "−") }

// Table is data of a picture: columns of numbers.
type Table struct {
	Name    string      `json:"name"`
	Columns []string    `json:"columns"`
	Rows    [][]float64 `json:"rows"`
}

// Picture is a figure of a study with the data that are drawn in it.
type Picture struct {
	// Name is that of the file, without its extension.
	Name string `json:"name"`
	// Caption says what is to be seen.
	Caption Text `json:"caption"`
	// SHA256 is that of the file, in hexadecimal.
	SHA256 string  `json:"sha256"`
	Data   []Table `json:"data,omitempty"`
	// SVG is the file. A record that was read has none.
	SVG []byte `json:"-"`

	figure *figure.Figure
}

// Record is the outcome of a study.
type Record struct {
	Schema   string    `json:"schema"`
	Study    string    `json:"study"`
	Claims   []string  `json:"claims"`
	Seed     uint64    `json:"seed"`
	Quick    bool      `json:"quick,omitempty"`
	Verdict  Verdict   `json:"verdict"`
	Reason   Text      `json:"reason"`
	Rule     Text      `json:"rule"`
	Numbers  []Number  `json:"numbers"`
	Pictures []Picture `json:"pictures"`
}

// add appends numbers.
func (r *Record) add(numbers ...Number) { r.Numbers = append(r.Numbers, numbers...) }

// draw appends a picture; it takes the two results of a function of package figure.
func (r *Record) draw(name string, caption Text, data []Table, f *figure.Figure, err error) error {
	if err != nil {
		return fmt.Errorf("course: the picture %s of %s: %w", name, r.Study, err)
	}
	r.Pictures = append(r.Pictures, Picture{Name: name, Caption: caption, Data: data, figure: f})
	return nil
}

// WriteJSON writes the record, indented.
func (r *Record) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// WriteText writes the verdict, why, and the numbers.
func (r *Record) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n  %s\n  rule: %s\n", r.Study, strings.Join(r.Claims, ", "), r.Verdict, r.Reason.EN, r.Rule.EN)
	widest := 0
	for _, n := range r.Numbers {
		widest = max(widest, len([]rune(n.Name.EN)))
	}
	for _, n := range r.Numbers {
		pad := strings.Repeat(" ", widest-len([]rune(n.Name.EN)))
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %s%s  %s %s", n.Name.EN, pad, n, n.Unit.EN), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
