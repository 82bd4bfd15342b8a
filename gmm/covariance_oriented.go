package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/internal/safetensors"
)

// The families with free axes in which components share volume, shape or
// orientation (Banfield & Raftery 1993; Celeux & Govaert 1995), named as in
// mclust. Their M-steps are exact maxima, with the floor as without, except that EVE
// and VVE, whose common axes have no closed form, ascend from the axes of the step
// before.
var (
	// VEE: free volumes, common shape and axes.
	VEE Covariance = &orientedFamily{name: "VEE", volumes: true, unitFree: true, solve: solveVEE}
	// EVE: common volume and axes, free shapes.
	EVE Covariance = &orientedFamily{name: "EVE", shapes: true, solve: solveEVE}
	// VVE: free volumes and shapes, common axes.
	VVE Covariance = &orientedFamily{name: "VVE", volumes: true, shapes: true, solve: solveVVE}
	// EEV: common volume and shape, free axes.
	EEV Covariance = &orientedFamily{name: "EEV", axes: true, solve: solveEEV}
	// VEV: free volumes and axes, common shape.
	VEV Covariance = &orientedFamily{name: "VEV", volumes: true, axes: true, solve: solveVEV}
	// EVV: common volume, free shapes and axes.
	EVV Covariance = &orientedFamily{name: "EVV", shapes: true, axes: true, unitFree: true, solve: solveEVV}
)

// orientedFamily is a family of Σₖ = λₖDₖAₖDₖᵀ. solve turns the scatters of the
// components (overwritten) into covariances with eigenvalues of at least floor; start
// holds the common axes of the step before or nil, and the axes found are returned,
// if any.
type orientedFamily struct {
	name                  string
	volumes, shapes, axes bool // which of λ, A and D vary with the component
	unitFree              bool
	solve                 func(m *moments, w []*mat.SymDense, start *mat.Dense, floor float64) (*mat.Dense, error)
}

func (f *orientedFamily) String() string { return f.name }

func (f *orientedFamily) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (f *orientedFamily) NumParameters(k, d int) int {
	times := func(varies bool, n int) int {
		if varies {
			return k * n
		}
		return n
	}
	return times(f.volumes, 1) + times(f.shapes, d-1) + times(f.axes, d*(d-1)/2)
}

func (f *orientedFamily) scales() bool { return f.unitFree }

func (*orientedFamily) needs(int) need { return needScatters }

func (f *orientedFamily) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	if err := m.noneEmpty(); err != nil {
		return nil, err
	}
	w := make([]*mat.SymDense, m.k)
	for k, c := range m.allScatters() {
		w[k] = mat.NewSymDense(m.d, c)
	}
	var start *mat.Dense
	if keep != nil && keep.(*fullShapes).axes != nil {
		start = mat.NewDense(m.d, m.d, append([]float64{}, keep.(*fullShapes).axes...))
	}
	axes, err := f.solve(m, w, start, floor)
	if err != nil {
		return nil, m.allCollapsed(err)
	}
	s := &fullShapes{d: m.d, of: f, components: make([]fullShape, m.k)}
	if axes != nil {
		s.axes = axes.RawMatrix().Data
	}
	errs := make([]error, m.k)
	margin := heldMargin
	if floor > 0 { // which is far below the widest column of families that depend on units
		margin = min(max(margin, 0x1p-44*m.spread/floor), 0.5)
	}
	forEach(m.k, func(k int) {
		sigma := make([]float64, m.d*m.d)
		for i := range m.d {
			for j := range m.d {
				sigma[i*m.d+j] = w[k].At(i, j)
			}
		}
		var err error
		// A hair above the floor counts as held by it, which is what rounding
		// leaves of eigenvalues at the floor.
		held := floor > 0 && raise(m.d, append([]float64{}, sigma...), floor*(1+margin))
		if s.components[k], err = newFullShape(m.d, sigma, floor*(1-margin)); err != nil {
			errs[k] = m.collapsed(k, err)
		}
		s.components[k].atFloor = held
	})
	return s, firstError(errs)
}

// heldMargin is what rounding may leave between the floor and an eigenvalue at it,
// relative to the floor, where that is at least 1e-7 or so of the widest.
const heldMargin = 1e-6

func (f *orientedFamily) toTensor(s shapes) safetensors.Tensor { return s.(*fullShapes).tensor() }

func (f *orientedFamily) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	return fullFromTensor(f, t, k, d)
}

// solveVEE alternates λₖ = tr(WₖC⁻¹)/(D·Nₖ) and C ∝ Σₖ Wₖ/λₖ with |C| = 1.
func solveVEE(m *moments, w []*mat.SymDense, _ *mat.Dense, floor float64) (*mat.Dense, error) {
	s := newSharedShape(m, floor)
	common := mat.NewSymDense(m.d, nil)
	var axes *mat.Dense
	var b []float64 // the eigenvalues of the shape
	s.shape = func(least float64) bool {
		addScaled(common, w, s.volume)
		values, vectors, err := eigen([]*mat.SymDense{common})
		if err != nil {
			return false
		}
		b, axes = values[0], vectors[0]
		return flatten(b, 0, least, math.Inf(1)) > 0 || least > 0
	}
	s.narrowest = func() float64 { return floats.Min(b) }
	s.size = func(k int) float64 {
		var turned mat.Dense
		turned.Mul(w[k], axes)
		var total float64
		for j, v := range b {
			total += max(0, mat.Dot(axes.ColView(j), turned.ColView(j))) / v
		}
		return total
	}
	if !s.solve() {
		return nil, ErrCollapsed
	}
	compose(common, axes, b)
	for k, v := range s.volume {
		w[k].ScaleSym(v, common)
	}
	return nil, nil
}

// addScaled stores Σₖ wₖ/vₖ in dst.
func addScaled(dst *mat.SymDense, w []*mat.SymDense, v []float64) {
	dst.Zero()
	var part mat.SymDense
	for k := range w {
		part.ScaleSym(1/v[k], w[k])
		dst.AddSym(dst, &part)
	}
}

// solveEVV has the axes of each component for axes and variances of the same volume
// along them, as EVI has. Without a floor that is Wₖ/|Wₖ|^{1/D} for shapes and axes,
// and Σₖ |Wₖ|^{1/D} / N for the volume.
func solveEVV(m *moments, w []*mat.SymDense, _ *mat.Dense, floor float64) (*mat.Dense, error) {
	return nil, alongAxes(m, w, floor, solveEVI)
}

// solveEEV has the axes of each component for axes and the sum of the sorted
// eigenvalues for common shape.
func solveEEV(m *moments, w []*mat.SymDense, _ *mat.Dense, floor float64) (*mat.Dense, error) {
	return nil, alongAxes(m, w, floor, solveTiedDiagonal)
}

// solveVEV has the axes of each component for axes and alternates volumes and the
// common shape as VEI does.
func solveVEV(m *moments, w []*mat.SymDense, _ *mat.Dense, floor float64) (*mat.Dense, error) {
	return nil, alongAxes(m, w, floor, solveVEI)
}

// alongAxes replaces the eigenvalues of the scatters, in ascending order, by what
// solve makes of them.
func alongAxes(m *moments, w []*mat.SymDense, floor float64, solve func(*moments, []float64, float64)) error {
	values, axes, err := eigen(w)
	if err != nil {
		return err
	}
	flat := make([]float64, 0, m.k*m.d)
	for _, v := range values {
		flat = append(flat, v...)
	}
	solve(m, flat, floor)
	if floats.HasNaN(flat) {
		return ErrCollapsed
	}
	for k := range w {
		compose(w[k], axes[k], flat[k*m.d:(k+1)*m.d])
	}
	return nil
}

// solveEVE has common axes; given them, shapes and volume are those of EVI.
func solveEVE(m *moments, w []*mat.SymDense, start *mat.Dense, floor float64) (*mat.Dense, error) {
	return commonAxes(m, w, start, floor, solveEVI)
}

// solveVVE has common axes; given them, the variances are those of a diagonal
// family.
func solveVVE(m *moments, w []*mat.SymDense, start *mat.Dense, floor float64) (*mat.Dense, error) {
	return commonAxes(m, w, start, floor, solveDiagonal)
}
