package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"likely/density"
	"likely/results"
)

// writeSmoothing says what was added to the counts from which probabilities are made:
// without it a value that training has not seen would have none.
func writeSmoothing(b *strings.Builder, r *results.Results) {
	if r.Dataset.Measure == density.Continuous || r.Dataset.Measure == density.Dequantized {
		return
	}
	var parts []string
	names := make(map[string][]string)
	for _, m := range r.Models {
		if text := smoothing(m); text != "" {
			if names[text] == nil {
				parts = append(parts, text)
			}
			names[text] = append(names[text], m.Name)
		}
	}
	for k, text := range parts {
		parts[k] = strings.Join(names[text], " and ") + " by " + text
	}
	if parts != nil {
		fmt.Fprintf(b, "Probabilities are smoothed: %s.\n", strings.Join(parts, "; "))
	}
}

// smoothing returns what is added to the counts of a model, or "".
func smoothing(m *results.Model) string {
	text, err := json.Marshal(m.Config)
	if err != nil {
		return ""
	}
	var config struct {
		Prior struct {
			Levels float64 `json:"levels"`
		} `json:"prior"`
		Count float64 `json:"count"`
	}
	switch m.Family {
	case "lcm":
		if json.Unmarshal(text, &config) == nil && config.Prior.Levels > 0 {
			return fmt.Sprintf("%s of each value in each class", amount(config.Prior.Levels, "row"))
		}
	case "tree":
		if json.Unmarshal(text, &config) == nil && config.Count > 0 {
			return fmt.Sprintf("%s in each cell of a pair of binary columns", amount(config.Count, "count"))
		}
	}
	return ""
}

// amount writes a number of things.
func amount(n float64, thing string) string {
	if n == 1 {
		return "one " + thing
	}
	return fmt.Sprintf("%.3g %ss", n, thing)
}
