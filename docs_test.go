package likely

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// docsFiles returns the files of docs/, as slash-separated paths from the root.
func docsFiles(t *testing.T) []string {
	var files []string
	require.NoError(t, filepath.WalkDir("docs", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, filepath.ToSlash(file))
		}
		return err
	}))
	return files
}

// documents returns README.md and the Markdown files of docs/.
func documents(t *testing.T) []string {
	list := []string{"README.md"}
	for _, file := range docsFiles(t) {
		if path.Ext(file) == ".md" {
			list = append(list, file)
		}
	}
	require.Greater(t, len(list), 5)
	return list
}

var (
	inline    = regexp.MustCompile(`\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)?)>?(?:\s+"[^"]*")?\s*\)`)
	reference = regexp.MustCompile(`(?m)^\s*\[[^\]]+\]:\s+<?([^\s<>]+)>?`)
	source    = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	named     = regexp.MustCompile(`<a\s+(?:name|id)="([^"]+)"`)
)

// target is what a document links to.
type target struct {
	file   string // from the root of the module
	anchor string
}

// links returns the links of a document that stay within the repository.
func links(t *testing.T, document string) []target {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	return linksOf(t, document, string(text))
}

func linksOf(t *testing.T, document, text string) []target {
	prose := codeSpan.ReplaceAllString(strings.Join(withoutCode(text), "\n"), "")
	var list []target
	for _, form := range []*regexp.Regexp{inline, reference, source} {
		for _, match := range form.FindAllStringSubmatch(prose, -1) {
			u, err := url.Parse(match[1])
			require.NoError(t, err, document)
			if u.Scheme != "" || u.Host != "" {
				continue
			}
			to := target{document, u.Fragment}
			if u.Path != "" {
				to.file = path.Join(path.Dir(document), u.Path)
			}
			list = append(list, to)
		}
	}
	return list
}

// anchors returns the anchors of a document: those that GitHub gives to its
// headings, and those that it names.
func anchors(text string) []string {
	var list []string
	seen := make(map[string]int)
	for _, line := range withoutCode(text) {
		for _, match := range named.FindAllStringSubmatch(line, -1) {
			list = append(list, match[1])
		}
		title := heading.FindStringSubmatch(line)
		if title == nil {
			continue
		}
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ' || r == '-':
				return '-'
			case r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, link.ReplaceAllString(title[1], "$1"))
		n := seen[slug]
		seen[slug]++
		if n > 0 {
			slug += "-" + strconv.Itoa(n)
		}
		list = append(list, slug)
	}
	return list
}

// Every relative link of a document leads to a file or folder of the repository,
// and its anchor to a heading.
func TestLinksResolve(t *testing.T) {
	found := 0
	for _, document := range append(documents(t), "CONTRIBUTING.md", "CHANGELOG.md") {
		for _, to := range links(t, document) {
			found++
			if to.file == ".." || strings.HasPrefix(to.file, "../") || path.IsAbs(to.file) {
				t.Errorf("%s links to %s, which is outside the repository", document, to.file)
				continue
			}
			if _, err := os.Stat(filepath.FromSlash(to.file)); err != nil {
				t.Errorf("%s links to %s, which does not exist", document, to.file)
				continue
			}
			if to.anchor == "" {
				continue
			}
			if path.Ext(to.file) != ".md" {
				t.Errorf("%s links to #%s of %s, which has no headings", document, to.anchor, to.file)
				continue
			}
			text, err := os.ReadFile(filepath.FromSlash(to.file))
			require.NoError(t, err)
			if all := anchors(string(text)); !slices.Contains(all, to.anchor) {
				t.Errorf("%s links to #%s of %s, whose anchors are %q", document, to.anchor, to.file, all)
			}
		}
	}
	require.Greater(t, found, 20)
}

// A reader who begins with README.md comes to every file of docs/ by links.
func TestDocumentsAreReachable(t *testing.T) {
	reached := map[string]bool{"README.md": true}
	for queue := []string{"README.md"}; len(queue) > 0; queue = queue[1:] {
		for _, to := range links(t, queue[0]) {
			file := to.file
			if info, err := os.Stat(filepath.FromSlash(file)); err == nil && info.IsDir() {
				file = path.Join(file, "README.md") // what GitHub shows of a folder
			}
			if reached[file] {
				continue
			}
			reached[file] = true
			if _, err := os.Stat(filepath.FromSlash(file)); err == nil && path.Ext(file) == ".md" {
				queue = append(queue, file)
			}
		}
	}
	for _, file := range docsFiles(t) {
		if !reached[file] {
			t.Errorf("no link leads from README.md to %s: link it from docs/README.md or from the page it belongs to", file)
		}
	}
}

func TestAnchors(t *testing.T) {
	require.Equal(t,
		[]string{"a-b-the-c", "密度--log-px", "twice", "twice-1", "here", "gradient_noise-of-x"},
		anchors("# A b: the `C`\n## 密度 · log p(x)\n## Twice\n```\n# no heading\n```\n## Twice\n<a id=\"here\"></a>\n### [gradient_noise](x.go) of x ###\n"))
}

func TestLinks(t *testing.T) {
	text := "[a](x.md#y) ![b](../f(1).svg \"title\") `[c](no)` [d](https://example.org/e.md) [e](#z)\n\n    [f](no)\n\n[g]: h.md\n<img src=\"i.png\">\n"
	require.Equal(t,
		[]target{{"docs/x.md", "y"}, {"f(1).svg", ""}, {"docs/j.md", "z"}, {"docs/h.md", ""}, {"docs/i.png", ""}},
		linksOf(t, "docs/j.md", text))
}
