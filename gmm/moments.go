package gmm

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/density"
	"likely/internal/kernel"
)

// moments are what the M-step needs to know of the rows and their
// responsibilities. Means come with them; second moments are taken about the
// means, never as E[x²] − μ², and only in the form that a family asks for.
type moments struct {
	n, k, d int
	total   float64   // Σₙ wₙ, the number of rows where they have no weights
	spread  float64   // the greatest variance of a column, where it is above 1
	x       []float64 // N×D
	weight  []float64 // wₙ, N, or nil for rows that count once
	resp    []float64 // wₙ·rₙₖ, N×K
	count   []float64 // Nₖ = Σₙ wₙrₙₖ, K
	mean    []float64 // K×D
	ctx     context.Context

	ahead    *sums        // what the E-step has left of the rows, or nil
	prior    *scaledPrior // nil for none
	gapped   *gapped      // of missing values, nil if there are none
	scatters [][]float64  // K of D×D, where rows are not at hand
	squared  []float64    // K×D, the squares about the means, in their stead
}

// collect computes counts and means, from the sums that the E-step left if it did,
// else in a pass over the rows. Components without rows keep the mean they had.
func (m *moments) collect() {
	if m.ahead == nil {
		m.sumRows(false)
	}
	ahead := m.ahead
	copy(m.count, ahead.count)
	for k := range m.k {
		if !(m.count[k] > noRowsLeft*m.total) {
			m.prior.place(m.mean[k*m.d : (k+1)*m.d])
			continue
		}
		for j := range m.d {
			m.mean[k*m.d+j] = ahead.first[k*m.d+j] / m.count[k]
		}
		m.prior.shrink(m.mean[k*m.d:(k+1)*m.d], m.count[k])
	}
	if ahead.second == nil {
		m.ahead = nil
	}
}

// negligible is the share of a component's average responsibility below which what a
// row adds to the component's scatter is lost in rounding: a row
// that far out has a squared distance of 100 or so, and all of them together
// add less than 100·2⁻⁶⁴ of what is there.
const negligible = 0x1p-64

// noRowsLeft is the share of all rows that rounding may leave of none.
const noRowsLeft = 1e-14

// empty reports whether nothing is known of component k: it has no rows to speak
// of, and there is no prior.
func (m *moments) empty(k int) bool { return m.prior == nil && !(m.count[k] > noRowsLeft*m.total) }

// widest returns the greatest variance of a component some of whose others are at the
// floor: what leaves digits to both.
func (m *moments) widest(floor float64) float64 { return max(1e8*floor, 100*max(1, m.spread)) }

// divisor returns what the scatter of component k is divided by to give its most
// likely covariance.
func (m *moments) divisor(k int) float64 { return m.count[k] + m.prior.rows() }

// pooledDivisor returns the same for all components together.
func (m *moments) pooledDivisor() float64 { return m.total + float64(m.k)*m.prior.rows() }

// collapsed returns the error for a covariance of component k that is none.
func (m *moments) collapsed(k int, err error) error {
	return density.SettingErrorf(err, "gmm: component %d collapsed onto %.3g of %.6g rows: {err}; use a smaller {Components} or a larger {Floor}", k+1, m.count[k], m.total)
}

// noRows returns the error for a component that starts without rows.
func noRows(k int) error {
	return density.SettingErrorf(ErrCollapsed, "gmm: component %d has no rows: {err}; use a smaller {Components}", k+1)
}

// noneEmpty returns an error if a component has no rows, for families in which it
// would take the others with it.
func (m *moments) noneEmpty() error {
	for k := range m.k {
		if m.empty(k) {
			return m.collapsed(k, ErrCollapsed)
		}
	}
	return nil
}

// scatter returns Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ, D×D, in a new slice.
func (m *moments) scatter(k int) []float64 {
	if out := m.known(k); out != nil {
		m.prior.addTo(out, m.mean[k*m.d:(k+1)*m.d])
		return out
	}
	out := make([]float64, m.d*m.d)
	tmp := getBuffer(blockRows * m.d)
	defer putBuffer(tmp)
	for from := 0; from < m.n && m.ctx.Err() == nil; from += scatterBlocks * blockRows {
		m.addScatter(out, k, from, min(from+scatterBlocks*blockRows, m.n), *tmp)
	}
	m.prior.addTo(out, m.mean[k*m.d:(k+1)*m.d])
	return out
}

// known returns the scatter of component k in a new slice where it does not come from
// the rows alone, or nil.
func (m *moments) known(k int) []float64 {
	switch {
	case m.scatters != nil:
		return slices.Clone(m.scatters[k])
	case m.gapped != nil:
		return m.gapped.sums.scatterAbout(k, m.mean[k*m.d:(k+1)*m.d])
	}
	return nil
}

// mostScatters bounds the numbers in the partial sums of allScatters.
const mostScatters = 8 << 20

// allScatters returns scatter(k) of every component. It reads the rows once for
// all of them, where the partial sums of that are not too large.
func (m *moments) allScatters() [][]float64 {
	out := make([][]float64, m.k)
	if m.scatters != nil || m.gapped != nil || segments(m.n)*m.k*m.d*m.d > mostScatters {
		forEach(m.k, func(k int) { out[k] = m.scatter(k) })
		return out
	}
	parts := make([][]float64, segments(m.n))
	forSegments(m.n, func(s, first, last int) {
		parts[s] = make([]float64, m.k*m.d*m.d)
		tmp := getBuffer(blockRows * m.d)
		defer putBuffer(tmp)
		for from := first; from < last && m.ctx.Err() == nil; from += scatterBlocks * blockRows {
			for k := range m.k {
				m.addScatter(parts[s][k*m.d*m.d:(k+1)*m.d*m.d], k, from, min(from+scatterBlocks*blockRows, last), *tmp)
			}
		}
	})
	for _, p := range parts[1:] {
		floats.Add(parts[0], p)
	}
	for k := range out {
		out[k] = parts[0][k*m.d*m.d : (k+1)*m.d*m.d]
		m.prior.addTo(out[k], m.mean[k*m.d:(k+1)*m.d])
	}
	return out
}

// scatterBlocks is the number of blocks from which the rows of one component are
// gathered: they make larger products than those of a single block.
const scatterBlocks = 4

// addScatter adds the rows [from, to) to the scatter of component k. tmp has room
// for a block.
func (m *moments) addScatter(out []float64, k, from, to int, tmp []float64) {
	mean := m.mean[k*m.d : (k+1)*m.d]
	least := negligible * m.count[k] / float64(m.n)
	rows := 0
	for i := from; i < to; i++ {
		r := m.resp[i*m.k+k]
		if r > least { // most rows belong to one component alone
			kernel.Centre(tmp[rows*m.d:(rows+1)*m.d], m.x[i*m.d:(i+1)*m.d], mean, math.Sqrt(r))
			rows++
		}
		if rows == blockRows || i == to-1 && rows > 0 {
			kernel.Syrk(true, m.d, rows, 1, tmp[:rows*m.d], m.d, 1, out, m.d)
			rows = 0
		}
	}
}

// pooled returns Σₖ scatter(k), D×D, in O(N·(D² + K·D + K²)): with the row's mean
// mₙ = Σₖ rₙₖ μₖ,
//
//	Σₙₖ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ = Σₙ (xₙ−mₙ)(xₙ−mₙ)ᵀ + Σ_{k<l} gₖₗ (μₖ−μₗ)(μₖ−μₗ)ᵀ
//
// where gₖₗ = Σₙ rₙₖ rₙₗ. Nothing cancels, as it would in the total scatter less
// that between components.
func (m *moments) pooled() []float64 {
	if m.scatters != nil || m.gapped != nil {
		total := m.scatter(0)
		for k := 1; k < m.k; k++ {
			floats.Add(total, m.scatter(k))
		}
		return total
	}
	type part struct{ within, shared []float64 }
	parts := make([]part, segments(m.n))
	forSegments(m.n, func(s, first, last int) {
		p := part{make([]float64, m.d*m.d), make([]float64, m.k*m.k)}
		residual, scaled := getBuffer(blockRows*m.d), getBuffer(blockRows*m.k)
		for from := first; from < last && m.ctx.Err() == nil; from += blockRows {
			to := min(from+blockRows, last)
			rows := to - from
			copy(*scaled, m.resp[from*m.k:to*m.k])
			copy(*residual, m.x[from*m.d:to*m.d])
			if m.weight != nil {
				for i := range rows {
					// √wₙ rₙₖ and √wₙ xₙ
					root := math.Sqrt(m.weight[from+i])
					floats.Scale(1/root, (*scaled)[i*m.k:(i+1)*m.k])
					floats.Scale(root, (*residual)[i*m.d:(i+1)*m.d])
				}
			}
			kernel.Gemm(false, false, rows, m.d, m.k, -1, *scaled, m.k, m.mean, m.d, 1, *residual, m.d)
			kernel.Syrk(true, m.d, rows, 1, *residual, m.d, 1, p.within, m.d)
			kernel.Syrk(true, m.k, rows, 1, *scaled, m.k, 1, p.shared, m.k)
		}
		putBuffer(residual)
		putBuffer(scaled)
		parts[s] = p
	})
	sum := parts[0]
	for _, p := range parts[1:] {
		floats.Add(sum.within, p.within)
		floats.Add(sum.shared, p.shared)
	}
	difference := make([]float64, m.d)
	for k := range m.k {
		for l := range k {
			floats.SubTo(difference, m.mean[k*m.d:(k+1)*m.d], m.mean[l*m.d:(l+1)*m.d])
			for i, v := range difference {
				floats.AddScaled(sum.within[i*m.d:(i+1)*m.d], sum.shared[k*m.k+l]*v, difference)
			}
		}
	}
	for k := range m.k {
		m.prior.addTo(sum.within, m.mean[k*m.d:(k+1)*m.d])
	}
	return sum.within
}

// squares returns Σₙ rₙₖ (xₙⱼ−μₖⱼ)² for all components, K×D.
func (m *moments) squares() []float64 {
	if m.scatters != nil {
		out := make([]float64, m.k*m.d)
		for i := range out {
			out[i] = m.scatters[i/m.d][i%m.d*(m.d+1)]
		}
		m.addPriorSquares(out)
		return out
	}
	var out []float64
	switch {
	case m.squared != nil:
		out = slices.Clone(m.squared)
	case m.gapped != nil:
		out = m.gapped.sums.squaresAbout(m.mean)
	default:
		if out = m.ahead.squaresAbout(m.count, m.mean); out == nil {
			out = m.squaresOfRows()
		}
		m.ahead = nil
	}
	m.addPriorSquares(out)
	return out
}

// squaresOfRows is squares in a pass over the rows.
func (m *moments) squaresOfRows() []float64 {
	parts := make([][]float64, segments(m.n))
	forSegments(m.n, func(s, first, last int) {
		parts[s] = make([]float64, m.k*m.d)
		for from := first; from < last && m.ctx.Err() == nil; from += blockRows {
			to := min(from+blockRows, last)
			kernel.WeightedSquares(parts[s], m.k, m.d, m.mean, to-from, m.x[from*m.d:to*m.d], m.d, m.resp[from*m.k:to*m.k], m.k)
		}
	})
	for _, p := range parts[1:] {
		floats.Add(parts[0], p)
	}
	return parts[0]
}

func (m *moments) addPriorSquares(squares []float64) {
	if m.prior == nil {
		return
	}
	for i := range squares {
		e := m.mean[i] - m.prior.mean[i%m.d]
		squares[i] += m.prior.scale[i%m.d*(m.d+1)] + m.prior.shrinkage*(e*e)
	}
}
