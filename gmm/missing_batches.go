package gmm

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
)

// piece is rows of one pattern, the first at a place in its batch.
type piece struct {
	pattern *pattern
	rows    []int
	first   int
}

// batch is as many rows as are completed at once.
type batch struct {
	pieces []piece
	rows   int
}

// mostCompleted bounds the numbers that a batch of completed rows takes under all
// components, and those of the covariances of what the rows lack.
const mostCompleted = 1 << 21

// batchesOf cuts patterns into batches. They do not depend on the machine.
func batchesOf(patterns []pattern, k, d int) []batch {
	most := max(1, min(blockRows, mostCompleted/(k*d)))
	var batches []batch
	var b batch
	held := 0
	for p := range patterns {
		rows, lacks := patterns[p].rows, len(patterns[p].missing)
		for len(rows) > 0 {
			if need := k * lacks * lacks; b.rows == most || b.rows > 0 && held+need > mostCompleted {
				batches, b, held = append(batches, b), batch{}, 0
			}
			n := min(len(rows), most-b.rows)
			b.pieces = append(b.pieces, piece{&patterns[p], rows[:n], b.rows})
			b.rows += n
			held += k * lacks * lacks
			rows = rows[n:]
		}
	}
	if b.rows > 0 {
		batches = append(batches, b)
	}
	return batches
}

// each calls f with the place of each row in the batch and in the data.
func (b batch) each(f func(at, i int)) {
	for _, p := range b.pieces {
		for q, i := range p.rows {
			f(p.first+q, i)
		}
	}
}

// rowSource is where rows of the data are.
type rowSource struct {
	data   []float64
	stride int
}

// workspace holds a batch of rows completed under each component.
type workspace struct {
	k, d  int
	batch batch
	mean  []float64

	gaps  []gap     // pieces×K; nil for a piece that lacks nothing
	x     []float64 // K×rows×D
	logs  []float64 // rows
	joint []float64 // rows×K: log N(xₒ; μₖ, Σₖ), later responsibilities
}

var workspaces sync.Pool

// getWorkspace returns a workspace with arbitrary content.
func getWorkspace(k, d int) *workspace {
	w, ok := workspaces.Get().(*workspace)
	if !ok {
		w = new(workspace)
	}
	w.k, w.d = k, d
	return w
}

func putWorkspace(w *workspace) {
	w.batch, w.mean = batch{}, nil
	workspaces.Put(w)
}

func resized(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

// complete fills the workspace. The density of what is observed needs nothing more
// than the completed row: p(xₒ) = N(x̂) / N(x̂ₘ|xₒ), of which the latter is at its
// mode, so that
//
//	log N(xₒ; μₒ, Σₒₒ) = log N(x̂; μ, Σ) + ½(|m| ln 2π + ln|C|)
//
// Nothing cancels in the quadratic form: x̂ₘ is where it is least.
func (w *workspace) complete(b batch, c completer, s shapes, means []float64, source rowSource) {
	w.batch, w.mean = b, means
	w.x, w.logs, w.joint = resized(w.x, w.k*b.rows*w.d), resized(w.logs, b.rows), resized(w.joint, b.rows*w.k)
	for len(w.gaps) < len(b.pieces)*w.k {
		w.gaps = append(w.gaps, nil)
	}
	for k := range w.k {
		mean, x := means[k*w.d:(k+1)*w.d], w.rows(k)
		b.each(func(at, i int) { copy(x[at*w.d:(at+1)*w.d], source.data[i*source.stride:]) })
		for p, piece := range b.pieces {
			if len(piece.pattern.missing) > 0 {
				w.gaps[p*w.k+k] = c.gap(k, piece.pattern, w.gaps[p*w.k+k])
				w.gaps[p*w.k+k].complete(mean, x[piece.first*w.d:(piece.first+len(piece.rows))*w.d])
			}
		}
		s.logDensity(w.logs, k, mean, x)
		for p, piece := range b.pieces {
			more := 0.0
			if q := len(piece.pattern.missing); q > 0 {
				more = 0.5 * (float64(q)*math.Log(2*math.Pi) + w.gaps[p*w.k+k].logDet())
			}
			for at := piece.first; at < piece.first+len(piece.rows); at++ {
				w.joint[at*w.k+k] = w.logs[at] + more
				if len(piece.pattern.observed) == 0 {
					w.joint[at*w.k+k] = 0 // where rounding is all there is
				}
			}
		}
	}
}

// rows returns the rows completed under component k.
func (w *workspace) rows(k int) []float64 {
	size := w.batch.rows * w.d
	return w.x[k*size : (k+1)*size]
}

// join adds ln πₖ to the log densities.
func (w *workspace) join(logWeight []float64) {
	for i := 0; i < len(w.joint); i += w.k {
		floats.Add(w.joint[i:i+w.k], logWeight)
	}
}

// normalize turns log joint densities into responsibilities, and leaves log p(xₒ) in
// logs, both times the weights of the rows (N, or nil).
func (w *workspace) normalize(weight []float64) {
	normalize(w.logs, w.joint, w.k)
	if weight == nil {
		return
	}
	w.batch.each(func(at, i int) {
		w.logs[at] *= weight[i]
		floats.Scale(weight[i], w.joint[at*w.k:(at+1)*w.k])
	})
}

// take reads responsibilities (N×K) for the rows of the batch.
func (w *workspace) take(resp []float64) {
	w.batch.each(func(at, i int) { copy(w.joint[at*w.k:(at+1)*w.k], resp[i*w.k:(i+1)*w.k]) })
}

// rare is the share of an average row below which a row has no part in a component:
// all of them together are lost in rounding, unless nothing else is there.
const rare = 0x1p-100

// addTo adds the batch to sums, with the responsibilities in joint. average is the
// weight of an average row.
func (w *workspace) addTo(s *completedSums, average float64) {
	k, d := w.k, w.d
	rows := getBuffer(w.batch.rows * d)
	defer putBuffer(rows)
	for c := range k {
		about, first, squares := s.about[c*d:(c+1)*d], s.first[c*d:(c+1)*d], s.squares[c*d:(c+1)*d]
		x := w.rows(c)
		count := 0
		for p, piece := range w.batch.pieces {
			var weight float64
			for at := piece.first; at < piece.first+len(piece.rows); at++ {
				r := w.joint[at*k+c]
				if !(r > rare*average) {
					continue
				}
				weight += r
				root := math.Sqrt(r)
				row := (*rows)[count*d : (count+1)*d]
				kernel.Centre(row, x[at*d:(at+1)*d], about, root)
				floats.AddScaled(first, root, row)
				count++
			}
			s.count[c] += weight
			switch {
			case weight == 0 || len(piece.pattern.missing) == 0:
			case s.second != nil:
				w.gaps[p*k+c].addTo(s.second[c*d*d:(c+1)*d*d], weight)
			default:
				w.gaps[p*k+c].addSquares(squares, weight)
			}
		}
		if s.second != nil && count > 0 {
			kernel.Syrk(true, d, count, 1, *rows, d, 1, s.second[c*d*d:(c+1)*d*d], d)
			continue // the squares are its diagonal
		}
		for i, v := range (*rows)[:count*d] {
			squares[i%d] += v * v
		}
	}
}
