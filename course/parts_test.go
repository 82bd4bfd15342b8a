package course

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// headings are those of a page, in their order.
var headings = []Text{
	{"The claim", "说法"},
	{"The formula", "公式"},
	{"The code", "代码"},
	{"What came out", "结果"},
	{"Exercises", "练习"},
	{"In class", "课堂用法"},
	{"References", "参考文献"},
}

var (
	heading  = regexp.MustCompile(`(?m)^## (.*)\n`)
	numbered = regexp.MustCompile(`(?m)^[0-9]+\. `)
	// A stage of the browser page, by the name of its heading.
	stageLink = regexp.MustCompile(`http://localhost:8080/#(h-[a-z]+)`)
)

// Every page, in both languages, has all parts, and none of them is empty: as many
// answers as exercises, a line for the lecturer, references, and a stage of the browser
// page that exists.
func TestPagesHaveAllParts(t *testing.T) {
	browser := string(read(t, "..", "cmd", "page", "static", "index.html"))
	for _, study := range Studies() {
		var stages [2][]string
		var exercises [2]int
		for i, l := range Languages {
			name := filepath.Join(l.Folder(), study.Name)
			page := string(read(t, docs, l.Folder(), study.Name+".md"))
			require.True(t, strings.HasPrefix(page, "# "+study.Name), "%s: the title", name)
			require.NotContains(t, page, "\n# ", "%s has two titles", name)
			var want, got []string
			for _, p := range headings {
				want = append(want, p.In(l))
			}
			bodies := make(map[string]string)
			places := heading.FindAllStringSubmatchIndex(page, -1)
			for j, m := range places {
				end := len(page)
				if j+1 < len(places) {
					end = places[j+1][0]
				}
				got = append(got, page[m[2]:m[3]])
				bodies[page[m[2]:m[3]]] = page[m[1]:end]
			}
			require.Equal(t, want, got, name)
			require.Contains(t, bodies[want[1]], "\n    ", "%s has no formula", name)
			require.Contains(t, bodies[want[3]], "\n*", "%s: a figure has no caption", name)
			asked, answers, found := strings.Cut(bodies[want[4]], "<details><summary>"+Text{"Answers", "答案"}.In(l)+"</summary>")
			require.True(t, found, "%s has no answers", name)
			exercises[i] = len(numbered.FindAllString(asked, -1))
			require.GreaterOrEqual(t, exercises[i], 3, name)
			require.Len(t, numbered.FindAllString(answers, -1), exercises[i], "%s: answers", name)
			lecture := bodies[want[5]]
			require.Contains(t, lecture, "go run ./cmd/page serve", "%s names no stage of the browser page", name)
			for _, m := range stageLink.FindAllStringSubmatch(lecture, -1) {
				require.Contains(t, browser, `id="`+m[1]+`"`, name)
				stages[i] = append(stages[i], m[1])
			}
			require.NotEmpty(t, stages[i], "%s names no stage of the browser page", name)
			first, _, _ := strings.Cut(strings.TrimSpace(lecture), "\n\n")
			require.GreaterOrEqual(t, len([]rune(first)), 20, "%s has no line for the lecturer", name)
			require.GreaterOrEqual(t, strings.Count(bodies[want[6]], "\n- "), 2, "%s: references", name)
			for _, p := range lastRecord(t, study).Pictures {
				require.Contains(t, page, "\n\n*"+p.Caption.In(l)+"*\n", "%s: the caption of %s", name, p.Name)
			}
		}
		require.Equal(t, exercises[0], exercises[1], "%s: exercises in the two languages", study.Name)
		require.Equal(t, stages[0], stages[1], "%s: stages in the two languages", study.Name)
	}
}

// The index tells one story: the studies stand in the order of its parts, and the pages
// are linked as a chain from the first to the last.
func TestPagesAreAChain(t *testing.T) {
	studies := Studies()
	require.Len(t, studies, 16)
	for i, study := range studies {
		if i > 0 {
			require.GreaterOrEqual(t, study.Part, studies[i-1].Part, study.Name)
		}
		for _, l := range Languages {
			page := string(read(t, docs, l.Folder(), study.Name+".md"))
			if i > 0 {
				require.Contains(t, page, "← ["+studies[i-1].Name+"]("+studies[i-1].Name+".md)", study.Name)
			}
			if i+1 < len(studies) {
				require.Contains(t, page, "["+studies[i+1].Name+"]("+studies[i+1].Name+".md) →", study.Name)
			}
			index := string(read(t, docs, l.Folder(), "README.md"))
			require.Contains(t, index, "["+study.Name+"]("+study.Name+".md)")
		}
	}
}

// lastRecord is the record of the last full run.
func lastRecord(t *testing.T, study *Study) *Record {
	r, err := study.Last()
	require.NoError(t, err)
	return r
}
