package likely

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutation is a mistake of a line or two that a test of the same package must notice.
// The files in testdata/mutations hold them in paragraphs, of which a line that
// begins with # is a comment:
//
//	density/estimate.go: a sum over rows before the logarithm
//	- mean /= total
//	+ mean = LogMeanExp(values)
//	run TestMeanEstimate
//
// Lines with - are the text that is replaced, which the file must hold once; lines
// with + take its place. White space where lines begin and end is of no account. The
// pattern behind run chooses the tests of the package.
type mutation struct {
	at       string // where the table has it
	file     string
	mistake  string
	old, new []string
	run      string
}

func (m *mutation) folder() string { return path.Dir(m.file) }

// place returns the offsets of the text that the mutation replaces.
func (m *mutation) place(text string) (from, to int, err error) {
	var lines []string
	for _, line := range m.old {
		lines = append(lines, regexp.QuoteMeta(line))
	}
	found := regexp.MustCompile(strings.Join(lines, `[ \t]*\n\s*`)).FindAllStringIndex(text, 2)
	if len(found) != 1 {
		return 0, 0, fmt.Errorf("%s: %s must hold this text once, and holds it %d times (2 stands for more): bring the mutation up to date\n%s", m.at, m.file, len(found), strings.Join(m.old, "\n"))
	}
	return found[0][0], found[0][1], nil
}

// readMutations returns the table.
func readMutations(t *testing.T) []*mutation {
	files, err := filepath.Glob(filepath.Join("testdata", "mutations", "*.txt"))
	require.NoError(t, err)
	var list []*mutation
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var current *mutation
		for i, line := range strings.Split(string(text), "\n") {
			at := fmt.Sprintf("%s:%d", filepath.ToSlash(file), i+1)
			line = strings.TrimSpace(line)
			head, rest, _ := strings.Cut(line, " ")
			rest = strings.TrimSpace(rest)
			switch {
			case line == "":
				current = nil
			case head == "#":
			case current == nil:
				require.Regexp(t, `^\S+\.go:$`, head, "%s: a mutation begins with its file", at)
				current = &mutation{at: at, file: strings.TrimSuffix(head, ":"), mistake: rest}
				list = append(list, current)
			case head == "-":
				current.old = append(current.old, rest)
			case head == "+":
				current.new = append(current.new, rest)
			case head == "run":
				current.run = rest
			default:
				require.Fail(t, at+": a line begins with #, -, + or run")
			}
		}
	}
	return list
}

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

// testsOf returns the names of the tests in a folder, and whether any uses package
// rapid.
func testsOf(t *testing.T, folder string) (names []string, rapid bool) {
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		rapid = rapid || strings.Contains(string(text), `"pgregory.net/rapid"`)
		for _, match := range testFunction.FindAllStringSubmatch(string(text), -1) {
			names = append(names, match[1])
		}
	}
	return names, rapid
}

// elsewhere are the rooms that only a browser runs or only tests import: what checks
// them is no test in their folder.
var elsewhere = []string{"cmd/page", "cmd/page/lab", "cmd/page/worker", "internal/browsertest"}

// Every mutation is up to date: its file holds the text, each part of its pattern
// names a test of the package, and hardly a room is without one. That the tests do notice
// is another matter, for
//
//	go test -tags mutations -run Mutations .
func TestTableOfMutations(t *testing.T) {
	rooms := documentedImports(t, ".")
	names := make(map[string][]string)
	titles := make(map[string]string)
	count := make(map[string]int)
	list := readMutations(t)
	require.Greater(t, len(list), 150)
	for _, m := range list {
		text, err := os.ReadFile(filepath.FromSlash(m.file))
		require.NoError(t, err, m.at)
		require.NotEmpty(t, m.mistake, m.at)
		require.NotEmpty(t, m.old, m.at)
		require.NotEqual(t, m.old, m.new, m.at)
		if _, _, err := m.place(string(text)); err != nil {
			t.Error(err)
		}
		title := m.file + ": " + m.mistake
		require.Empty(t, titles[title], "%s: has the title of another", m.at)
		titles[title] = m.at
		folder := m.folder()
		count[folder]++
		if names[folder] == nil {
			names[folder], _ = testsOf(t, folder)
		}
		require.NotEmpty(t, m.run, m.at)
		for part := range strings.SplitSeq(m.run, "|") {
			name, _, _ := strings.Cut(part, "/")
			pattern, err := regexp.Compile(name)
			require.NoError(t, err, m.at)
			require.Conditionf(t, func() bool {
				for _, test := range names[folder] {
					if pattern.MatchString(test) {
						return true
					}
				}
				return false
			}, "%s: no test of %s is called %s", m.at, folder, name)
		}
	}
	for room := range rooms {
		if count[room] == 0 && !slices.Contains(elsewhere, room) {
			t.Errorf("no mutation is of %s: add a file to testdata/mutations", room)
		}
	}
}
