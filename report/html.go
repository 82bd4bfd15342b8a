package report

import (
	"bytes"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"likely/density"
	"likely/results"
)

// PageName is the report that every output folder holds.
const PageName = "report.html"

//go:embed html_page.tmpl
var pageText string

//go:embed html_page.css
var pageStyle string

//go:embed html_page.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"optional": optional, "signed": func(v *float64) string { return signedOptional(v) },
	"seconds": secondsText, "percent": func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) },
	"kind": numberKind, "estimator": estimatorText,
}).Parse(pageText))

// Run is one comparison that a page shows.
type Run struct {
	// Name tells runs apart, such as their folder; "" for the only one.
	Name    string
	Results *results.Results
	// Raw is results.json as it was written, which the page offers for download.
	Raw []byte
	// Record may be nil: the page then has no rows to point at.
	Record *Record
	// Pictures are the figures, in SVG, by name.
	Pictures []Picture
}

// Picture is a figure in SVG.
type Picture struct {
	Name string
	SVG  []byte
}

// HTML writes runs as one page that needs nothing else: no network and no other file.
func HTML(w io.Writer, runs ...*Run) error {
	view := pageView{Style: template.CSS(pageStyle), Script: template.JS(pageScript), Several: len(runs) > 1}
	for i, run := range runs {
		one, err := newRunView(run, i)
		if err != nil {
			return err
		}
		view.Runs = append(view.Runs, one)
	}
	view.Title = view.Runs[0].Results.Dataset.Name
	if view.Several {
		view.Across = newAcross(runs)
		view.Title = fmt.Sprintf("%d runs", len(runs))
	}
	if err := pageTemplate.Execute(w, view); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	return nil
}

// pageView is what the template is given.
type pageView struct {
	Title   string
	Style   template.CSS
	Script  template.JS
	Several bool
	Runs    []*runView
	Across  *across
}

// runView is one run as the template shows it.
type runView struct {
	*Run
	ID       string
	Headline headline
	On       string
	Data     string
	Table    []tableRow
	Pairs    []pairRow
	// Learners are the models with learning curves, Learning lines of cells, and
	// Overtaking who is ahead from how many rows on.
	Learners   []string
	Learning   [][]string
	Overtaking []string
	Gaps       []gapBar
	Warnings   []advice
	Figures    map[string][]shownFigure
	Points     template.JS // JSON for the script
	Download   template.URL
	Explains   bool // some model has a bound
	Checked    bool
	Selected   bool
	Estimate   bool
}

// tableRow is a model in the table. A cell is what is shown, what is sorted by, and
// what is said of it.
type tableRow struct {
	Name  string
	Cells []tableCell
}

type tableCell struct {
	Text, Second, Tip string
	Sort              string
}

type pairRow struct {
	A, B, Diff, Verdict string
	// Low, High and Middle are the interval of two standard errors, in percent of
	// the width of the widest.
	Low, Width, Middle float64
}

type gapBar struct {
	Name, Total string
	Parts       []gapPart
	Divided     bool
}

type gapPart struct {
	Name, Nats, Class, Tip string
	Width                  float64
}

type advice struct{ Who, What, Remedy string }

type shownFigure struct {
	Title string
	SVG   template.HTML
}

func newRunView(run *Run, index int) (*runView, error) {
	r := run.Results
	v := &runView{Run: run, ID: fmt.Sprintf("run%d", index+1), Headline: newHeadline(r), On: r.Reported(), Data: dataLine(r), Figures: make(map[string][]shownFigure)}
	v.Learners, v.Learning = learningTable(r)
	v.Overtaking = overtaking(r)
	v.Table, v.Pairs, v.Gaps = tableRows(r), pairRows(r), gapBars(r)
	for _, w := range r.Warnings {
		v.Warnings = append(v.Warnings, adviceOf(w, r))
	}
	for _, m := range r.Models {
		_, bounded := m.Bounds.Bound()
		v.Explains = v.Explains || bounded
		v.Estimate = v.Estimate || len(m.Estimators) > 0
		v.Checked = v.Checked || m.Checks != nil || m.Diagnostics != nil && len(m.Diagnostics.Rungs) > 0
		v.Selected = v.Selected || m.Selection != nil
	}
	pictures := slices.SortedFunc(slices.Values(run.Pictures), func(a, b Picture) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range pictures {
		group := "other"
		switch {
		case p.Name == "scores" || p.Name == "learning" || p.Name == "gaps" || p.Name == "selection":
			group = p.Name
		case p.Name == "bounds" || strings.HasSuffix(p.Name, "-bounds"):
			group = "bounds"
		}
		v.Figures[group] = append(v.Figures[group], inlineFigure(p, v.ID))
	}
	raw := run.Raw
	if raw == nil {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			return nil, err
		}
		raw = b.Bytes()
	}
	v.Download = template.URL("data:application/json;base64," + base64.StdEncoding.EncodeToString(raw))
	if run.Record != nil {
		text, err := json.Marshal(run.Record.shown())
		if err != nil {
			return nil, fmt.Errorf("the rows of the report: %w", err)
		}
		v.Points = template.JS(text) // json.Marshal escapes <, > and &
	}
	return v, nil
}

// shown returns the part of the record that a page shows: the first rows, log p to a
// tenth of a millinat.
func (r *Record) shown() *Record {
	s := *r
	s.Rows.Models, s.Rows.Weights, s.Rows.Groups = nil, nil, nil
	cut := func(list []nullable) []nullable {
		out := slices.Clone(list[:min(len(list), len(r.Rows.Where))])
		for i, v := range out {
			out[i] = nullable(math.Round(float64(v)*1e4) / 1e4)
		}
		return out
	}
	for _, m := range r.Rows.Models {
		m.LogProb, m.SE = cut(m.LogProb), cut(m.SE)
		s.Rows.Models = append(s.Rows.Models, m)
	}
	return &s
}

// heads of SVG files that have no place inside a page, and the size that the page
// decides.
var (
	svgHead  = regexp.MustCompile(`(?s)^.*?<svg [^>]*viewBox="([^"]*)"[^>]*>`)
	svgTitle = regexp.MustCompile(`font-weight:bold[^>]*>([^<]*)</text>`)
	svgID    = regexp.MustCompile(`(id="|url\(#|href="#)`)
)

// inlineFigure makes a figure part of the page: as wide as there is room, with a text
// for those who do not see it.
func inlineFigure(p Picture, prefix string) shownFigure {
	text := string(p.SVG)
	title := p.Name
	if found := svgTitle.FindStringSubmatch(text); found != nil {
		title = strings.TrimSpace(found[1])
	}
	text = svgID.ReplaceAllString(text, "${1}"+prefix+"-"+p.Name+"-")
	text = svgHead.ReplaceAllString(text, `<svg role="img" aria-label="`+title+`" viewBox="$1" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`)
	return shownFigure{Title: title, SVG: template.HTML(text)}
}

// dataLine describes the data in a line.
func dataLine(r *results.Results) string {
	d := r.Dataset
	parts := []string{filepath.Base(d.Name) + ": " + partsText(&d),
		plural(d.Dim, "column"), measureText(d.Measure)}
	if d.Missing > 0 {
		parts = append(parts, plural(d.Missing, "missing value"))
	}
	if d.Weights != nil {
		parts = append(parts, "rows count as column "+d.Weights.Column+" says")
	}
	if d.EvalRows > 0 {
		parts = append(parts, fmt.Sprintf("evaluated on the first %d rows of each part", d.EvalRows))
	}
	return strings.Join(append(parts, "seed "+strconv.FormatUint(r.Seed, 10)), "; ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// adviceOf cuts a warning into whose it is, what it says, and what to try.
func adviceOf(text string, r *results.Results) advice {
	a := advice{What: text}
	for _, m := range r.Models {
		if rest, found := strings.CutPrefix(text, m.Name+": "); found {
			a.Who, a.What = m.Name, rest
		}
	}
	if i := strings.LastIndex(a.What, "; "); i > 0 && remedial.MatchString(a.What[i:]) {
		a.What, a.Remedy = a.What[:i], a.What[i+2:]
	}
	return a
}

// remedial matches the part of a warning that says what to try.
var remedial = regexp.MustCompile(`help|leave|give|use |want|spread|set |scale|--`)

func signedOptional(v *float64) string {
	if v == nil {
		return "–"
	}
	return signed(*v, 3)
}

// estimatorText prints the value of an estimator.
func estimatorText(e results.Estimator) string {
	v, ok := e.Estimate()
	if !ok {
		return "–"
	}
	text := signed(v.Value, max(digits(v.SampleErr), 3))
	if v.SampleErr > 0 {
		text += fmt.Sprintf(" ± %.2g", v.SampleErr)
	}
	return text
}

// kindTip explains a kind of number.
func kindTip(s *results.Split) string {
	switch {
	case s.Kind == nil:
		return "This model has no density: it can rebuild rows, but not say how likely they are."
	case *s.Kind == density.ExactValue:
		return "Computed in closed form: it has no error but rounding."
	case *s.Kind == density.LowerBound:
		return "A lower bound: log p is at least that large."
	case *s.Kind == density.UpperBound:
		return "An upper bound: log p is at most that large."
	}
	return fmt.Sprintf("Estimated by importance sampling from %d draws of the code for each row. The second ± is its error.", s.Samples)
}
