package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// scaleSign marks numbers that depend on a scale that the data do not resolve.
const scaleSign = "†"

// scaleMark returns the mark of a model's number, if it needs one.
func scaleMark(m *results.Model) string {
	if m.Comparable() {
		return ""
	}
	return " " + scaleSign
}

// dependentModels returns the names of the models whose numbers are not compared.
func dependentModels(r *results.Results) map[string]bool {
	names := make(map[string]bool)
	for _, m := range r.Models {
		if !m.Comparable() {
			names[m.Name] = true
		}
	}
	return names
}

// writeScale says what the marks mean, and what to do.
func writeScale(b *strings.Builder, r *results.Results) {
	for _, m := range r.Models {
		if !m.Comparable() {
			fmt.Fprintf(b, "%s %s: %s\n", scaleSign, m.Name, m.Scale.Advice)
		}
	}
}
