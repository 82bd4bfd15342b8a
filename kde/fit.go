package kde

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Report tells how a fit went.
type Report struct {
	// History is the mean log-likelihood of the kernels' rows, each with one count of
	// it left out, in nats per row, before each step of the search and at its end. It
	// never falls by more than rounding.
	History []float64
	// Iterations is the number of steps, Converged whether the last met the tolerance.
	Iterations int
	Converged  bool
	// Kernels holds the rows of the data that are the kernels, from 0, ascending.
	Kernels []int
	// Rows is the number of rows of positive weight, of which the kernels are a
	// subsample where there are fewer.
	Rows int
	// FloorActive is whether the floor holds up some bandwidth.
	FloorActive bool
	// Twins is the number of rows that are equal to another one, or count more than
	// once: none of them is left out whole.
	Twins int
	// Warnings says what is doubtful about the result and what to try.
	Warnings []string
	// Seed is the number the stream of the subsample was derived from.
	Seed uint64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// Fit fits a kernel density to the rows of x (N×D): a kernel on each row, and the
// bandwidths at which the rows are most likely when each is left out of its own density
// (Habbema, Hermans & van den Broek 1974; Duin 1976). The same seed in src, which is
// used only where there are more rows than Settings.Kernels, gives the same bits under
// any GOMAXPROCS. If ctx ends, Fit returns its error.
//
// Errors wrap density.ErrNonFinite and density.ErrConstant for unusable data,
// [ErrTooFewRows] for fewer than two rows, and [ErrSettings].
//
// With M kernels the cost of a step is O(M²·D).
func Fit(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Model, *Report, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	report := &Report{Seed: src.Uint64()}
	points, counts, err := report.choose(x, s)
	if err != nil {
		return nil, nil, err
	}
	if err := density.CheckFinite(points); err != nil {
		return nil, nil, report.place(points, err)
	}
	transform, err := density.NewWeightedStandardizing(points, counts)
	if err != nil {
		return nil, nil, fmt.Errorf("kde: %w", err)
	}
	n, d := points.Dims()
	search := newSearch(transform.Apply(nil, points), counts, s)
	if err := search.run(ctx, report, transform.LogJacobian()); err != nil {
		return nil, nil, err
	}
	lower := search.lower
	for j, scale := range transform.Scale {
		if s.Shape == Diagonal {
			lower[j] *= scale
		} else {
			floats.Scale(scale, lower[j*d:(j+1)*d])
		}
	}
	m, err := New(s.Shape, points, counts, lower)
	if err != nil {
		return nil, nil, err
	}
	report.examine(m, s, n)
	return m, report, nil
}

// choose returns the rows that are the kernels, and how often they count.
func (r *Report) choose(x *mat.Dense, s Settings) (*mat.Dense, []float64, error) {
	n, d := x.Dims()
	if s.Weights != nil && len(s.Weights) != n {
		panic("kde: weights and data differ in length")
	}
	weight := func(i int) float64 {
		if s.Weights == nil {
			return 1
		}
		return s.Weights[i]
	}
	var total float64
	for i := range n {
		w := weight(i)
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, nil, fmt.Errorf("kde: weight of row %d is %v: %w; want a nonnegative number", i+1, w, ErrSettings)
		}
		if w > 0 {
			r.Kernels = append(r.Kernels, i)
			total += w
		}
	}
	if r.Rows = len(r.Kernels); r.Rows < 2 {
		return nil, nil, fmt.Errorf("kde: %d rows of positive weight: %w; want at least 2", r.Rows, ErrTooFewRows)
	}
	if math.IsInf(total, 0) {
		return nil, nil, fmt.Errorf("kde: the weights sum to infinity: %w; scale them to the number of rows they are worth", ErrSettings)
	}
	if r.Rows > s.Kernels {
		random := rand.New(density.NewSource(r.Seed, "kde.kernels"))
		random.Shuffle(r.Rows, func(a, b int) { r.Kernels[a], r.Kernels[b] = r.Kernels[b], r.Kernels[a] })
		r.Kernels = r.Kernels[:s.Kernels]
		slices.Sort(r.Kernels)
	}
	points, counts := mat.NewDense(len(r.Kernels), d, nil), make([]float64, len(r.Kernels))
	for k, i := range r.Kernels {
		points.SetRow(k, x.RawRowView(i))
		counts[k] = weight(i)
	}
	return points, counts, nil
}

// place returns the error of a value that is not finite, with its row in the data.
func (r *Report) place(points *mat.Dense, err error) error {
	n, _ := points.Dims()
	for k := range n {
		for j, v := range points.RawRowView(k) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("kde: row %d, column %d is %v: %w; remove the row or fill the value in", r.Kernels[k]+1, j+1, v, density.ErrNonFinite)
			}
		}
	}
	return err
}

// examine fills the report from the result.
func (r *Report) examine(m *Model, s Settings, kernels int) {
	if r.Rows > kernels {
		r.warn("the kernels are %d rows drawn from %d; the others take no part, and more Settings.Kernels would raise the density", kernels, r.Rows)
	}
	if !r.Converged {
		r.warn("the search for bandwidths stopped after %d steps, before the likelihood settled; more Settings.Iterations would help", r.Iterations)
	}
	r.Twins = m.twins()
	if r.FloorActive {
		r.warn("some bandwidth is held up by its floor: columns are rounded, or rows repeated (%d of %d), and the likelihood measures the floor, not the data; spread the values by dequantising, or drop repeated rows", r.Twins, kernels)
	}
	for j, h := range m.Bandwidths() {
		if step := m.smallestStep(j); h < step/2 {
			r.warn("the bandwidth of column %d, %.3g, is below half of the distance of any two of its values, %.3g: the column is rounded, and its density measures the rounding; spread the values by dequantising", j+1, h, step)
		}
	}
}

// twins counts the kernels that another one stands on, or that count more than once.
func (m *Model) twins() int {
	seen, keys := make(map[string]int), make([]string, m.n)
	for k := range m.n {
		var key []byte
		for _, v := range m.points[k*m.d : (k+1)*m.d] {
			key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v+0)) // −0 is 0
		}
		keys[k] = string(key)
		seen[keys[k]]++
	}
	var count int
	for k, key := range keys {
		if seen[key] > 1 || m.counts[k] > 1 {
			count++
		}
	}
	return count
}

// smallestStep returns the smallest distance of two different values of a column.
func (m *Model) smallestStep(j int) float64 {
	values := make([]float64, m.n)
	for k := range values {
		values[k] = m.points[k*m.d+j]
	}
	slices.Sort(values)
	step := math.Inf(1)
	for k := 1; k < m.n; k++ {
		if e := values[k] - values[k-1]; e > 0 {
			step = min(step, e)
		}
	}
	return step
}
