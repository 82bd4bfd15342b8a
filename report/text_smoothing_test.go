package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/results"
)

// What was added to counts is said once for all models that share it, whether the record
// comes from a run or from a file, and only of probabilities.
func TestSmoothingIsStated(t *testing.T) {
	r := &results.Results{Dataset: results.Dataset{Measure: density.Binary}, Models: []*results.Model{
		{Name: "independent", Family: "lcm", Config: json.RawMessage(`{"prior":{"levels":1}}`)},
		{Name: "tree", Family: "tree", Config: map[string]any{"count": 0.5}},
		{Name: "lcm", Family: "lcm", Config: map[string]any{"prior": map[string]any{"levels": 1.0}}},
		{Name: "vae", Family: "vae", Config: map[string]any{"prior": "normal", "count": 3}},
	}}
	text := func() string {
		var b strings.Builder
		writeSmoothing(&b, r)
		return b.String()
	}
	require.Equal(t, "Probabilities are smoothed: independent and lcm by one row of each value in each class; tree by 0.5 counts in each cell of a pair of binary columns.\n", text())
	r.Models[1].Config = map[string]any{"count": -1}
	require.NotContains(t, text(), "tree")
	r.Models = r.Models[3:]
	require.Empty(t, text())
	r.Models[0] = &results.Model{Name: "lcm", Family: "lcm", Config: map[string]any{"prior": map[string]any{"levels": 1.0}}}
	r.Dataset.Measure = density.Continuous
	require.Empty(t, text())
}
