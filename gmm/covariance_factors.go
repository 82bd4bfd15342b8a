package gmm

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/safetensors"
)

// FactorAnalyzers returns the family of covariances Σₖ = ΛₖΛₖᵀ + Ψₖ with loadings Λₖ
// (D×L) and diagonal noise Ψₖ: a mixture of factor analysers (Ghahramani & Hinton
// 1997), for data of many columns. L is at least 1 and less than D. Up to 128 columns
// the M-step climbs to the maximum of the component's likelihood given its scatter.
// Beyond, no D×D matrix is formed in fitting or in evaluation (but the scale of a
// [Prior]), and both cost O(N·K·D·L).
func FactorAnalyzers(l int) Covariance { return factorFamily{l: l} }

// ProbabilisticPCA returns the family Σₖ = ΛₖΛₖᵀ + ψₖI: a mixture of probabilistic
// principal component analysers (Tipping & Bishop 1999), at the same cost.
func ProbabilisticPCA(l int) Covariance { return factorFamily{l: l, isotropic: true} }

type factorFamily struct {
	l         int
	isotropic bool
}

func (f factorFamily) String() string {
	if f.isotropic {
		return fmt.Sprintf("ppca:%d", f.l)
	}
	return fmt.Sprintf("factors:%d", f.l)
}

// parseFactors returns the family that a name such as factors:10 stands for.
func parseFactors(name string) (Covariance, bool) {
	for _, f := range []factorFamily{{}, {isotropic: true}} {
		f.l = 1
		if _, err := fmt.Sscanf(name, f.String()[:len(f.String())-1]+"%d", &f.l); err == nil && f.l > 0 && f.String() == name {
			return f, true
		}
	}
	return nil, false
}

func (f factorFamily) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (f factorFamily) NumParameters(k, d int) int {
	noise := d
	if f.isotropic {
		noise = 1
	}
	return k * (d*f.l - f.l*(f.l-1)/2 + noise)
}

// Noise of its own for each column absorbs their units; common noise does not.
func (f factorFamily) scales() bool { return !f.isotropic }

// innerSteps is the number of steps of the inner EM, over factors, in each M-step
// for wide rows.
const innerSteps = 2

// mostExact is the number of columns up to which scatters are formed, and the M-step
// goes to its maximum.
const mostExact = 128

func (factorFamily) needs(d int) need {
	if d > mostExact {
		return needProducts
	}
	return needScatters
}

func (f factorFamily) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	if f.l < 1 || f.l >= m.d {
		if m.d == 1 {
			return nil, density.SettingErrorf(ErrSettings, "gmm: {Covariance} with factors for a single column: {err}; use another family")
		}
		return nil, density.SettingErrorf(ErrSettings, "gmm: {Covariance} with %d factors for %d columns: {err}; want 1 to %d", f.l, m.d, m.d-1)
	}
	s := &factorShapes{d: m.d, of: f, components: make([]factorShape, m.k)}
	errs := make([]error, m.k)
	var diagonals []float64
	if f.needs(m.d) == needProducts {
		diagonals = m.squares()
	}
	forEach(m.k, func(k int) {
		var kept *factorShape
		if keep != nil {
			kept = &keep.(*factorShapes).components[k]
		}
		switch {
		case !m.empty(k):
			v := newScatterView(m, k, diagonals)
			var ok bool
			if s.components[k], ok = f.fit(v, kept, floor); !ok && m.ctx.Err() == nil {
				errs[k] = m.collapsed(k, ErrCollapsed)
			}
		case kept == nil:
			errs[k] = noRows(k)
		default:
			s.components[k] = *kept
		}
	})
	return s, firstError(errs)
}

func (f factorFamily) toTensor(s shapes) safetensors.Tensor {
	t := s.(*factorShapes)
	out := safetensors.Tensor{Name: "covariances", Shape: []int{len(t.components), t.d, f.l + 1}}
	for _, c := range t.components {
		for j := range t.d {
			out.Data = append(out.Data, c.loadings[j*f.l:(j+1)*f.l]...)
			out.Data = append(out.Data, c.noise[j])
		}
	}
	return out
}

func (f factorFamily) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	if err := checkShape(t, k, d, f.l+1); err != nil {
		return nil, err
	}
	s := &factorShapes{d: d, of: f, components: make([]factorShape, k)}
	for i := range s.components {
		c := factorShape{d: d, l: f.l}
		for j := range d {
			row := t.Data[(i*d+j)*(f.l+1) : (i*d+j+1)*(f.l+1)]
			c.loadings = append(c.loadings, row[:f.l]...)
			c.noise = append(c.noise, row[f.l])
		}
		if !c.prepare() {
			return nil, fmt.Errorf("gmm: covariance %d has noise that is not positive or loadings that are not finite: %w", i+1, ErrParameters)
		}
		s.components[i] = c
		widest := 0.0
		for j := range d {
			widest = max(widest, s.at(i, j, j))
		}
		if !(s.narrowest(i) > 1e-15*widest) {
			return nil, fmt.Errorf("gmm: covariance %d has noise of less than 1e-15 of its widest variance: %w; it is singular", i+1, ErrCollapsed)
		}
	}
	return s, nil
}

// Factors returns the loadings Λₖ (D×L) and the noise Ψₖ (length D) of component k,
// or nil for a family without factors.
func (m *Model) Factors(k int) (*mat.Dense, []float64) {
	s, ok := m.shapes.(*factorShapes)
	if !ok {
		return nil, nil
	}
	c := s.components[k]
	return mat.NewDense(c.d, c.l, append([]float64{}, c.loadings...)), append([]float64{}, c.noise...)
}
