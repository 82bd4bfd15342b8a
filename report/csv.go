package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"likely/results"
)

// CSV writes one line per model and split, with an empty cell for what
// was not computed.
func CSV(w io.Writer, r *results.Results) error {
	c := csv.NewWriter(w)
	c.Write([]string{"model", "split", "kind", "nats", "se_data", "se_samples", "bits_per_dim", "rows", "samples", "reconstruction_rmse"})
	for _, m := range r.Models {
		for _, name := range []string{"train", "valid", "test"} {
			s := m.Split(name)
			if s == nil {
				continue
			}
			kind, samples := "", ""
			if s.Kind != nil {
				kind = s.Kind.String()
			}
			if s.Samples > 0 {
				samples = strconv.Itoa(s.Samples)
			}
			c.Write([]string{m.Name, name, kind, cell(s.Nats), cell(s.SEData), cell(s.SESamples),
				cell(s.BitsPerDim), strconv.Itoa(s.Rows), samples, cell(s.ReconstructionRMSE)})
		}
	}
	c.Flush()
	return c.Error()
}

func cell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}
