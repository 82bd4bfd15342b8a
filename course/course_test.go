package course

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs is the folder of the pages.
var docs = filepath.Join("..", "docs", "course")

func read(t *testing.T, path ...string) []byte {
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return text
}

// Every page, in both languages, shows what its record says and the code that its
// example runs; go run ./bench/course --pages fills it anew.
func TestPagesAreFresh(t *testing.T) {
	for _, study := range Studies() {
		r, err := study.Last()
		require.NoError(t, err)
		require.Equal(t, study.Name, r.Study)
		require.False(t, r.Quick, "%s: the record is of a quick run", study.Name)
		require.Equal(t, study.Claims, r.Claims)
		require.Equal(t, study.Rule, r.Rule, "%s: the rule has changed since the record", study.Name)
		source := read(t, "example_"+strings.ReplaceAll(study.Name, "-", "_")+"_test.go")
		code, err := ExampleCode(source, ExampleName(study.Name))
		require.NoError(t, err)
		for _, l := range Languages {
			page := string(read(t, docs, l.Folder(), study.Name+".md"))
			filled, err := Fill(page, study, r, code, l)
			require.NoError(t, err, "%s in language %d", study.Name, l)
			require.True(t, filled == page, "%s in language %d is stale; go run ./bench/course --pages", study.Name, l)
			require.Contains(t, page, "go run ./cmd/compare study "+study.Name+"\n")
			require.Contains(t, page, "records/"+study.Name+".json")
		}
	}
	for _, l := range Languages {
		page := string(read(t, docs, l.Folder(), "README.md"))
		filled, err := FillIndex(page, l, (*Study).Last)
		require.NoError(t, err)
		require.True(t, filled == page, "the index in language %d is stale; go run ./bench/course --pages", l)
	}
}

// The figures that the repository keeps are those of the records, and there are no
// other figures, records or pages.
func TestFiguresAreThoseOfTheRecords(t *testing.T) {
	want := map[string]bool{
		"README.md": true, "zh/README.md": true,
	}
	kept := map[string]bool{"README.md": true}
	for _, study := range Studies() {
		r, err := study.Last()
		require.NoError(t, err)
		for _, p := range r.Pictures {
			sum := sha256.Sum256(read(t, docs, "figures", p.Name+".svg"))
			require.Equal(t, p.SHA256, hex.EncodeToString(sum[:]), p.Name)
			require.NotEmpty(t, p.Data, "%s: the record has no data of it", p.Name)
			want["figures/"+p.Name+".svg"] = true
		}
		want[study.Name+".md"], want["zh/"+study.Name+".md"] = true, true
		kept[study.Name+".json"] = true
	}
	require.NoError(t, filepath.WalkDir(docs, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, err := filepath.Rel(docs, path)
			require.NoError(t, err)
			require.True(t, want[filepath.ToSlash(name)], "%s belongs to no study", name)
		}
		return err
	}))
	entries, err := os.ReadDir("records")
	require.NoError(t, err)
	for _, e := range entries {
		require.True(t, kept[e.Name()], "records/%s belongs to no study", e.Name())
	}
}

// Every study runs, on one core with the same bytes as on all, pictures included; its
// verdict is that of the record, or the quick run is too small to tell.
func TestQuickStudies(t *testing.T) {
	if testing.Short() {
		t.Skip("trains networks")
	}
	for _, study := range Studies() {
		t.Run(study.Name, func(t *testing.T) {
			r, err := study.Run(context.Background(), Settings{Quick: true})
			require.NoError(t, err)
			last, err := study.Last()
			require.NoError(t, err)
			require.NotEmpty(t, r.Pictures)
			require.Len(t, r.Pictures, len(last.Pictures))
			if r.Verdict != Undecided {
				require.Equal(t, last.Verdict, r.Verdict, "%s against %s", r.Reason.EN, last.Reason.EN)
			}
			for _, n := range r.Numbers {
				require.NotEmpty(t, n.Name.EN)
				require.NotEmpty(t, n.Name.ZH)
				require.Equal(t, n.Unit.EN == "", n.Unit.ZH == "", n.Name.EN)
			}
			var b bytes.Buffer
			require.NoError(t, r.WriteText(&b))
			require.Contains(t, b.String(), r.Verdict.String())

			cores := runtime.GOMAXPROCS(1)
			again, err := study.Run(context.Background(), Settings{Quick: true})
			runtime.GOMAXPROCS(cores)
			require.NoError(t, err)
			var first, second bytes.Buffer
			require.NoError(t, r.WriteJSON(&first))
			require.NoError(t, again.WriteJSON(&second))
			require.Equal(t, first.String(), second.String())
		})
	}
}

// A study that is stopped returns the error of its context.
func TestStudiesStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, study := range Studies() {
		_, err := study.Run(ctx, Settings{Quick: true})
		require.ErrorIs(t, err, context.Canceled, study.Name)
	}
}

func TestRecordsAreReadAsWritten(t *testing.T) {
	r, err := Studies()[0].Last()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	again, err := ReadRecord(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, r, again)
	_, err = ReadRecord([]byte(`{"schema":"likely.study/0"}`))
	require.ErrorContains(t, err, "likely.study/1")
	_, err = ReadRecord([]byte(`{"schema":"likely.study/1","more":1}`))
	require.Error(t, err)
	_, err = Find("nothing")
	require.ErrorIs(t, err, ErrUnknown)
	require.ErrorContains(t, err, Studies()[0].Name)
}

func TestVerdictsAreWritten(t *testing.T) {
	for v := Undecided; v <= Fails; v++ {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var again Verdict
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, v, again)
		require.NotEqual(t, v.In(English), v.In(Chinese))
	}
	require.Error(t, new(Verdict).UnmarshalText([]byte("true")))
}

func TestNumbersAreWritten(t *testing.T) {
	for want, n := range map[string]Number{
		"3.4813 ± 0.0036":        {Value: 3.48127, StdErr: 0.00361},
		"−12.3 ± 1.4":            {Value: -12.34, StdErr: 1.41},
		"120 ± 35":               {Value: 120.3, StdErr: 35.2},
		"0.5769":                 {Value: 0.57687},
		"100000":                 {Value: 100000},
		"−2.50e−05":              {Value: -2.5e-5},
		"70.90":                  {Value: 70.897},
		"< 10⁻¹⁵":                {Value: 0, PValue: true},
		"0":                      {},
		"0.00000120 ± 0.0000011": {Value: 1.2e-6, StdErr: 1.1e-6},
	} {
		if want == "0.00000120 ± 0.0000011" {
			want = "0.0000012 ± 0.0000011"
		}
		require.Equal(t, want, n.String())
	}
}

func TestFillNamesWhatIsWrong(t *testing.T) {
	blocks := map[string]string{"a": "new\n", "b c": "two\n"}
	page := "x\n<!-- a -->\nold\n<!-- /a -->\n<!-- b c -->\n<!-- /b c -->\ny\n"
	filled, err := fill(page, blocks)
	require.NoError(t, err)
	require.Equal(t, "x\n<!-- a -->\nnew\n<!-- /a -->\n<!-- b c -->\ntwo\n<!-- /b c -->\ny\n", filled)
	again, err := fill(filled, blocks)
	require.NoError(t, err)
	require.Equal(t, filled, again)
	for name, page := range map[string]string{
		"lacks":    "<!-- a -->\n<!-- /a -->\n",
		"twice":    page + page,
		"ends as":  "<!-- a -->\n<!-- /b c -->\n<!-- b c -->\n<!-- /b c -->\n",
		"no thing": page + "<!-- d -->\n<!-- /d -->\n",
	} {
		_, err := fill(page, blocks)
		require.ErrorIs(t, err, ErrPage, name)
	}
}

func TestExampleCode(t *testing.T) {
	require.Equal(t, "Example_decoderOnly", ExampleName("decoder-only"))
	code, err := ExampleCode([]byte("package p\n\nfunc Example_a() {\n\tif x {\n\t\tf()\n\t}\n\t// Output:\n\t// 1\n}\n"), "Example_a")
	require.NoError(t, err)
	require.Equal(t, "if x {\n\tf()\n}\n// Output:\n// 1\n", code)
	_, err = ExampleCode([]byte("package p\n"), "Example_a")
	require.ErrorIs(t, err, ErrPage)
}
