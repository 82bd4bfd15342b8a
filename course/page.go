package course

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"unicode"
)

// ErrPage reports a page that lacks a block, or has one that nothing fills.
var ErrPage = errors.New("page does not fit its study")

// block is what stands between <!-- NAME --> and <!-- /NAME --> in a page.
var block = regexp.MustCompile(`(?ms)^<!-- ([a-z][a-z0-9 -]*) -->\n(.*?)^<!-- /([a-z0-9 -]*) -->\n`)

// Fill returns the page of a study, Markdown in a language, with its blocks filled:
//
//	way             links to the pages before and after, and to the other language
//	claim           the claim
//	verdict         the verdict, why, and the rule
//	figure NAME     a picture, for each one of the record
//	numbers         the table of numbers
//	code            the code, which is that of the study's example
//
// Each of them must be there once. An error wraps ErrPage.
func Fill(page string, study *Study, r *Record, code string, l Language) (string, error) {
	blocks := map[string]string{
		"way":     way(study, l),
		"claim":   "> " + study.Claim.In(l) + "\n",
		"verdict": verdictBlock(r, l),
		"numbers": numbersBlock(r, l),
		"code":    "```go\n" + code + "```\n",
	}
	for _, p := range r.Pictures {
		blocks["figure "+p.Name] = fmt.Sprintf("![%s](%sfigures/%s.svg)\n\n*%s*\n", p.Name, up(l), p.Name, p.Caption.In(l))
	}
	return fill(page, blocks)
}

// FillIndex returns the index of the course in a language, with the block studies filled
// from the records that last returns, such as (*Study).Last.
func FillIndex(page string, l Language, last func(*Study) (*Record, error)) (string, error) {
	var b strings.Builder
	part := Part(-1)
	for i, study := range Studies() {
		r, err := last(study)
		if err != nil {
			return "", err
		}
		if study.Part != part {
			part = study.Part
			fmt.Fprintf(&b, "\n### %s\n\n%s\n|---|---|---|---|\n", part.In(l), Text{"| page | claim | question | verdict |", "| 页面 | 说法 | 问题 | 结论 |"}.In(l))
		}
		fmt.Fprintf(&b, "| %d. [%s](%s.md) | %s | %s | %s |\n", i+1, study.Name, study.Name, strings.Join(study.Claims, ", "), study.Question.In(l), r.Verdict.In(l))
	}
	return fill(page, map[string]string{"studies": b.String() + "\n"})
}

// fill puts the blocks in their places.
func fill(page string, blocks map[string]string) (string, error) {
	seen := make(map[string]bool)
	var err error
	page = block.ReplaceAllStringFunc(page, func(found string) string {
		match := block.FindStringSubmatch(found)
		text, known := blocks[match[1]]
		switch {
		case !known:
			err = fmt.Errorf("%w: nothing fills the block %q", ErrPage, match[1])
		case match[1] != match[3]:
			err = fmt.Errorf("%w: the block %q ends as %q", ErrPage, match[1], match[3])
		case seen[match[1]]:
			err = fmt.Errorf("%w: the block %q is there twice", ErrPage, match[1])
		}
		seen[match[1]] = true
		return fmt.Sprintf("<!-- %s -->\n%s<!-- /%s -->\n", match[1], text, match[1])
	})
	for name := range blocks {
		if !seen[name] && err == nil {
			err = fmt.Errorf("%w: it lacks the block <!-- %s -->", ErrPage, name)
		}
	}
	return page, err
}

// up is the way from a page to the folder of the English ones.
func up(l Language) string {
	if l == Chinese {
		return "../"
	}
	return ""
}

// way links a page to its neighbours.
func way(study *Study, l Language) string {
	studies := Studies()
	var links []string
	for i, s := range studies {
		if s.Name != study.Name {
			continue
		}
		if i > 0 {
			links = append(links, fmt.Sprintf("← [%s](%s.md)", studies[i-1].Name, studies[i-1].Name))
		}
		links = append(links, fmt.Sprintf("[%s](README.md)", Text{"the course", "课程目录"}.In(l)))
		if i+1 < len(studies) {
			links = append(links, fmt.Sprintf("[%s](%s.md) →", studies[i+1].Name, studies[i+1].Name))
		}
	}
	if l == Chinese {
		links = append(links, fmt.Sprintf("[English](../%s.md)", study.Name))
	} else {
		links = append(links, fmt.Sprintf("[简体中文](zh/%s.md)", study.Name))
	}
	return strings.Join(links, " · ") + "\n"
}

func verdictBlock(r *Record, l Language) string {
	if l == Chinese {
		return fmt.Sprintf("**结论：%s。** %s\n\n判定规则：%s\n", r.Verdict.In(l), r.Reason.ZH, r.Rule.ZH)
	}
	return fmt.Sprintf("**Verdict: %s.** %s\n\nThe rule: %s\n", r.Verdict.In(l), r.Reason.EN, r.Rule.EN)
}

func numbersBlock(r *Record, l Language) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n|---|---:|---|\n", Text{"| what | value ± standard error | unit |", "| 量 | 数值 ± 标准误 | 单位 |"}.In(l))
	for _, n := range r.Numbers {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.ReplaceAll(n.Name.In(l), "|", `\|`), n, n.Unit.In(l))
	}
	return b.String()
}

// ExampleName is the name of the example that holds the code of a study's page; it
// stands in course/example_NAME_test.go.
func ExampleName(study string) string {
	words := strings.Split(study, "-")
	for i, w := range words[1:] {
		words[i+1] = string(unicode.ToUpper(rune(w[0]))) + w[1:]
	}
	return "Example_" + strings.Join(words, "")
}

// ExampleCode returns the body of an example, formatted, with what it prints.
func ExampleCode(source []byte, name string) (string, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", source, parser.ParseComments)
	if err != nil {
		return "", err
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != name {
			continue
		}
		from, to := files.Position(f.Body.Lbrace).Offset, files.Position(f.Body.Rbrace).Offset
		body, err := format.Source(bytes.Trim(source[from+1:to], "\n"))
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for line := range strings.Lines(string(bytes.TrimSpace(body))) {
			b.WriteString(strings.TrimPrefix(line, "\t"))
		}
		return b.String() + "\n", nil
	}
	return "", fmt.Errorf("%w: there is no %s", ErrPage, name)
}
