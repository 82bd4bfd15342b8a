package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// mostNames bounds the columns of one type that are named.
const mostNames = 8

// writeColumns says what the columns are taken for, where that makes the measure: a line
// a type.
func writeColumns(b *strings.Builder, columns []results.Column) {
	var types []string
	names := make(map[string][]string)
	for _, c := range columns {
		if names[c.Type] == nil {
			types = append(types, c.Type)
		}
		name := c.Name
		if c.Levels != nil {
			name += fmt.Sprintf(" (%d)", len(c.Levels))
		}
		names[c.Type] = append(names[c.Type], name)
	}
	for _, t := range types {
		list := names[t]
		more := ""
		if n := len(list) - mostNames; n > 0 {
			list, more = list[:mostNames], fmt.Sprintf(" and %d more", n)
		}
		fmt.Fprintf(b, "%s: %s%s\n", t, strings.Join(list, ", "), more)
	}
	if types != nil {
		b.WriteString("\n")
	}
}
