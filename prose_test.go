package likely

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// mostWords is the length of the longest sentence that a document may have.
const mostWords = 35

// No sentence of a document is so long that one has to read it twice. Code,
// tables and the changelog are not prose.
func TestSentencesAreShort(t *testing.T) {
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, p := range paragraphs(string(text)) {
			for _, sentence := range sentences(p.text) {
				if n := words(sentence); n > mostWords {
					t.Errorf("%s:%d: a sentence of %d words, where %d are the most: make two of it, or a list\n\t%s",
						document, p.line, n, mostWords, sentence)
				}
			}
		}
	}
}

// paragraph is a run of prose: a paragraph, an item of a list or a heading.
type paragraph struct {
	line int // where it begins, from 1
	text string
}

var (
	item    = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])\s+`)
	heading = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	fence   = regexp.MustCompile("^\\s*(```+|~~~+)")
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// withoutCode returns the lines of a document, with those of code blocks and
// comments blank.
func withoutCode(text string) []string {
	text = comment.ReplaceAllStringFunc(text, func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	lines := strings.Split(text, "\n")
	open := "" // the fence that the code block we are in began with
	inList, afterBlank, indented := false, true, false
	for i, line := range lines {
		if match := fence.FindStringSubmatch(line); open == "" && match != nil {
			open, lines[i] = match[1], ""
			continue
		}
		if open != "" {
			if strings.HasPrefix(strings.TrimSpace(line), open) {
				open = ""
			}
			lines[i] = ""
			continue
		}
		blank := strings.TrimSpace(line) == ""
		deep := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
		switch {
		case blank:
		case deep && !inList && (afterBlank || indented):
			indented, lines[i] = true, ""
		default:
			indented = false
			inList = item.MatchString(line) || inList && (!afterBlank || strings.HasPrefix(line, "  "))
		}
		afterBlank = blank
	}
	return lines
}

// paragraphs returns the prose of a Markdown document.
func paragraphs(text string) []paragraph {
	var list []paragraph
	var b strings.Builder
	begin := 0
	flush := func() {
		if strings.TrimSpace(b.String()) != "" {
			list = append(list, paragraph{begin, strings.Join(strings.Fields(b.String()), " ")})
		}
		b.Reset()
	}
	for i, line := range withoutCode(text) {
		line = strings.TrimSpace(strings.TrimLeft(line, "> "))
		title, aside := heading.FindStringSubmatch(line), line == "" || strings.HasPrefix(line, "|")
		if aside || title != nil || item.MatchString(line) {
			flush()
		}
		if aside {
			continue
		}
		if b.Len() == 0 {
			begin = i + 1
		}
		if title != nil {
			b.WriteString(title[1])
			flush()
			continue
		}
		b.WriteString(item.ReplaceAllString(line, "") + "\n")
	}
	flush()
	return list
}

var (
	codeSpan = regexp.MustCompile("``.+?``|`[^`]+`")
	link     = regexp.MustCompile(`!?\[((?:[^\[\]]|\[[^\]]*\])*)\](?:\([^()\s]*(?:\([^()]*\))?[^()]*\)|\[[^\]]*\])`)
	ideogram = regexp.MustCompile(`[。！？]`)
)

// What ends with a full stop that ends no sentence: always, before a number, or
// before a small letter.
var (
	abbreviations   = map[string]bool{"al.": true, "cf.": true, "e.g.": true, "i.e.": true, "resp.": true, "vs.": true}
	beforeNumber    = map[string]bool{"ch.": true, "eq.": true, "fig.": true, "figs.": true, "no.": true, "p.": true, "pp.": true, "sec.": true, "vol.": true}
	beforeLowercase = map[string]bool{"etc.": true}
)

// sentences divides prose. A code span is one word, however much is in it, and a
// link is its text.
func sentences(text string) []string {
	text = codeSpan.ReplaceAllString(text, "Code")
	text = link.ReplaceAllString(text, "$1")
	text = ideogram.ReplaceAllString(text, "$0 ")
	var list []string
	tokens := strings.Fields(text)
	begin := 0
	for i, token := range tokens {
		last := i == len(tokens)-1
		if last || endsSentence(token, tokens[i+1]) {
			list = append(list, strings.Join(tokens[begin:i+1], " "))
			begin = i + 1
		}
	}
	return list
}

// endsSentence reports whether a sentence ends between two words.
func endsSentence(word, next string) bool {
	word = strings.ToLower(strings.Trim(word, `([{}])"'“‘«»’”*_`))
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(next, `([{"'“‘«*_`))
	switch {
	case abbreviations[word],
		beforeNumber[word] && unicode.IsDigit(first),
		beforeLowercase[word] && unicode.IsLower(first),
		strings.HasSuffix(word, "...") && unicode.IsLower(first):
		return false
	}
	end, _ := utf8.DecodeLastRuneInString(word)
	return strings.ContainsRune(".!?。！？", end)
}

// words counts what has a letter or a digit. Two Chinese characters are a word.
func words(sentence string) int {
	n := 0
	for token := range strings.FieldsSeq(sentence) {
		han, other := 0, false
		for _, r := range token {
			switch {
			case unicode.Is(unicode.Han, r):
				han++
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				other = true
			}
		}
		n += (han + 1) / 2
		if other {
			n++
		}
	}
	return n
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]int{
		"One. Two words! And three words?":                              {1, 2, 3},
		"Noise, e.g. Gaussian noise (see Fig. 3), is 0.5. It stays.":    {9, 2},
		"Kucukelbir et al. (2017) agree on log p. The rest (cf. K.":     {8, 4},
		"gonum, etc. are fast. scikit-learn, etc. They are peers":       {4, 2, 3},
		"No. And no. 3, eq. (4) and pp. 5-6 say so":                     {1, 10},
		"`a. B = c + d` is [one link. Two](docs/x.md#y_(z)). *Done.* X": {4, 1, 1, 1},
		"gonum v0.17 grows as N·D + 1 - 2.":                             {7},
		"(A sentence in brackets.) Another one":                         {4, 2},
		"The file data.csv ends so. 37 MB remain":                       {5, 3},
		"混合分量是密度之一。责任度":                                                 {5, 2},
		"It stops... and goes on":                                       {5},
	} {
		var got []int
		for _, s := range sentences(text) {
			got = append(got, words(s))
		}
		require.Equal(t, want, got, text)
	}
}

func TestParagraphs(t *testing.T) {
	text := "# Title\nA line\nand more.\n- item one\n  goes on\n\n  and on\n\n| a | b |\n|---|---|\n\n```\nno. prose\n```\n\n    code\n\n    code\nafter\n1. two\n\n        deep\n<!-- not\nthis -->\n> quoted\n"
	var got []string
	for _, p := range paragraphs(text) {
		got = append(got, fmt.Sprint(p.line, " ", p.text))
	}
	require.Equal(t, []string{"1 Title", "2 A line and more.", "4 item one goes on", "7 and on", "19 after", "20 two", "22 deep", "25 quoted"}, got)
}
