package gmm

import (
	"encoding/json"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// jsonPrior has the scale as rows.
type jsonPrior struct {
	*priorFields
	Scale [][]float64 `json:"scale,omitempty"`
}

type priorFields Prior

// MarshalJSON writes the scale as rows of numbers.
func (p Prior) MarshalJSON() ([]byte, error) {
	out := jsonPrior{priorFields: (*priorFields)(&p)}
	if p.Scale != nil {
		for i := range p.Scale.SymmetricDim() {
			out.Scale = append(out.Scale, mat.Row(nil, i, p.Scale))
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes. A scale that is not square and
// symmetric is an error.
func (p *Prior) UnmarshalJSON(text []byte) error {
	in := jsonPrior{priorFields: (*priorFields)(p)}
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("gmm: prior: %w", err)
	}
	if len(in.Scale) == 0 {
		return nil
	}
	scale := mat.NewSymDense(len(in.Scale), nil)
	for i, row := range in.Scale {
		if len(row) != len(in.Scale) {
			return density.SettingErrorf(ErrSettings, "gmm: scale of {Prior} has %d numbers in row %d of %d: {err}; want a square", len(row), i+1, len(in.Scale))
		}
		for j, v := range row[:i+1] {
			if in.Scale[j][i] != v {
				return density.SettingErrorf(ErrSettings, "gmm: scale of {Prior} is not symmetric at (%d, %d): {err}", i+1, j+1)
			}
			scale.SetSym(i, j, v)
		}
	}
	p.Scale = scale
	return nil
}
