package kde

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
	"likely/internal/spread"
)

// search climbs to the bandwidths of largest leave-one-out likelihood. For each row left
// out, the other kernels are a mixture with one covariance H, so EM applies: the E-step
// says which kernel explains the row, the M-step is the mean square distance to it,
//
//	H ← Σᵢ cᵢ Σₖ rᵢₖ (xᵢ−xₖ)(xᵢ−xₖ)ᵀ / Σᵢ cᵢ
//
// or its diagonal (Leiva-Murillo & Artés-Rodríguez 2012). No step lowers the likelihood,
// and the floor is part of the maximum.
type search struct {
	n, d             int
	shape            Shape
	floor, tolerance float64
	iterations       int
	progress         func(iteration int, meanLogLik float64)
	x, counts        []float64 // N×D of unit variance, N
	total            float64
	own              []float64 // Σ c x xᵀ, D×D or its diagonal
	lower            []float64 // the factor of H
	field            field
	logLik           float64   // in units of the scaled rows
	moment           []float64 // H of the next step, before the floor
	floored          bool
}

func newSearch(x *mat.Dense, counts []float64, s Settings) *search {
	n, d := x.Dims()
	e := &search{
		n: n, d: d, shape: s.Shape, floor: s.Floor, tolerance: s.Tolerance, iterations: s.Iterations, progress: s.Progress,
		x: x.RawMatrix().Data, counts: counts, total: floats.Sum(counts),
	}
	size := d
	if s.Shape == Full {
		size = d * d
	}
	e.own, e.lower, e.moment = make([]float64, size), make([]float64, size), make([]float64, size)
	e.addSquares(e.own, counts)
	// Silverman's rule: the best bandwidth of a normal density (1986, eq. 4.14).
	h := math.Pow(4/(float64(d+2)*float64(n)), 1/float64(d+4))
	for j := range d {
		if s.Shape == Full {
			e.lower[j*(d+1)] = h
		} else {
			e.lower[j] = h
		}
	}
	return e
}

// addSquares adds Σₖ wₖ xₖxₖᵀ, or its diagonal.
func (e *search) addSquares(dst, w []float64) {
	for k, w := range w {
		row := e.x[k*e.d : (k+1)*e.d]
		if e.shape == Diagonal {
			for j, v := range row {
				dst[j] += w * v * v
			}
			continue
		}
		for i, v := range row {
			floats.AddScaled(dst[i*e.d:(i+1)*e.d], w*v, row)
		}
	}
}

// run climbs until what is still to be gained is below the tolerance.
func (e *search) run(ctx context.Context, r *Report, jacobian float64) error {
	for {
		if err := e.expect(ctx); err != nil {
			return err
		}
		r.History = append(r.History, e.logLik+jacobian)
		last := len(r.History) - 1
		if e.progress != nil {
			e.progress(last, r.History[last])
		}
		if r.Converged = e.settled(r.History); r.Converged || last == e.iterations {
			r.Iterations, r.FloorActive = last, e.floored
			return nil
		}
		e.maximize()
	}
}

// settled predicts what is left to gain from the last two gains (Aitken's rule).
func (e *search) settled(history []float64) bool {
	last := len(history) - 1
	if last < 2 {
		return false
	}
	gain, before := history[last]-history[last-1], history[last-1]-history[last-2]
	if gain < 0 || gain >= before {
		return gain <= 0 && gain > -1e-9 // rounding alone
	}
	return gain*gain/(before-gain) < e.tolerance
}

// maxSegments bounds the sums that are held at once; it does not depend on the machine,
// so that they do not either.
const maxSegments = 16

// expect computes the likelihood at H and the moment that maximises the next one.
func (e *search) expect(ctx context.Context) error {
	e.field.set(e.shape, e.x, e.counts, e.lower)
	size := blockRows(e.n)
	blocks := (e.n + size - 1) / size
	segments := min(maxSegments, blocks)
	type sums struct {
		logLik      float64
		pull, cross []float64 // N; D×D or D
	}
	parts := make([]sums, segments)
	err := spread.Each(ctx, segments, nil, func() func(i int) error {
		logits, white, toward := make([]float64, size*e.n), make([]float64, size*e.d), make([]float64, size*e.d)
		logs := make([]float64, size)
		return func(segment int) error {
			p := sums{pull: make([]float64, e.n), cross: make([]float64, len(e.own))}
			for b := segment * blocks / segments; b < (segment+1)*blocks/segments; b++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				from, to := b*size, min((b+1)*size, e.n)
				rows, x := to-from, e.x[from*e.d:to*e.d]
				r := logits[:rows*e.n]
				e.field.logits(r, rows, x, e.d, white)
				p.logLik += e.respond(r, from, logs[:rows])
				for i := range rows {
					floats.Add(p.pull, r[i*e.n:(i+1)*e.n])
				}
				kernel.Gemm(false, false, rows, e.d, e.n, 1, r, e.n, e.x, e.d, 0, toward, e.d)
				e.addCross(p.cross, rows, x, toward)
			}
			parts[segment] = p
			return nil
		}
	})
	if err != nil {
		return fmt.Errorf("kde: %w", err)
	}
	e.logLik = 0
	copy(e.moment, e.own)
	for _, p := range parts[1:] {
		floats.Add(parts[0].pull, p.pull)
		floats.Add(parts[0].cross, p.cross)
	}
	for _, p := range parts {
		e.logLik += p.logLik
	}
	e.logLik /= e.total
	e.addSquares(e.moment, parts[0].pull)
	floats.AddScaled(e.moment, -2, parts[0].cross) // and its transpose, but for symmetry
	floats.Scale(1/e.total, e.moment)
	return nil
}

// respond turns the logits of rows from the given one on into how often each kernel
// explains each row, cᵢ·rᵢₖ, and returns Σ cᵢ log p₋ᵢ(xᵢ).
func (e *search) respond(r []float64, from int, logs []float64) float64 {
	n, rows := e.n, len(logs)
	for i := range rows {
		r[i*n+from+i] = math.Log(max(e.counts[from+i]-1, 0))
	}
	kernel.LogSumExpRows(logs, rows, n, r, n)
	var sum float64
	for i, l := range logs {
		c := e.counts[from+i]
		row := r[i*n : (i+1)*n]
		floats.AddConst(math.Log(c)-l, row)
		sum += c * (l + e.field.constant - math.Log(e.total-min(c, 1)))
	}
	kernel.Exp(r, r)
	return sum
}

// addCross adds Σᵢ xᵢ·towardᵢᵀ over some rows, or its diagonal.
func (e *search) addCross(dst []float64, rows int, x, toward []float64) {
	if e.shape == Full {
		kernel.Gemm(true, false, e.d, e.d, rows, 1, x, e.d, toward, e.d, 1, dst, e.d)
		return
	}
	for i := range rows {
		for j := range dst {
			dst[j] += x[i*e.d+j] * toward[i*e.d+j]
		}
	}
}

// maximize takes H from the moment, with no eigenvalue below the floor.
func (e *search) maximize() {
	e.floored = false
	if e.shape == Diagonal {
		for j, v := range e.moment {
			if !(v > e.floor) {
				v, e.floored = e.floor, true
			}
			e.lower[j] = math.Sqrt(v)
		}
		return
	}
	d := e.d
	h := mat.NewSymDense(d, nil)
	for i := range d {
		for j := range i + 1 {
			h.SetSym(i, j, 0.5*(e.moment[i*d+j]+e.moment[j*d+i]))
		}
	}
	var eigen mat.EigenSym
	var chol mat.Cholesky
	if ok := eigen.Factorize(h, true); ok {
		values := eigen.Values(nil)
		if values[0] <= e.floor {
			e.floored = true
			var vectors, scaled mat.Dense
			eigen.VectorsTo(&vectors)
			for i, v := range values {
				values[i] = math.Sqrt(max(v, e.floor))
			}
			scaled.Mul(&vectors, mat.NewDiagDense(d, values))
			h.SymOuterK(1, &scaled)
		}
	}
	chol.Factorize(h)
	var l mat.TriDense
	chol.LTo(&l)
	for i := range d {
		for j := range i + 1 {
			e.lower[i*d+j] = l.At(i, j)
		}
	}
}
