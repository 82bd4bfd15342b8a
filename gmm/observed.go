package gmm

import (
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// LogProbObserved stores the log density of the observed columns of each row of x
// (N×D, NaN for missing values) in dst (length N, or nil) and returns it, in nats.
// It is 0 for a row without values. Densities of rows that observe different
// columns have different units. Beyond what [Model.LogProb] costs, a gap of q columns
// costs O(q·D) for each row and O(q³) for each set of rows that lack the same.
func (m *Model) LogProbObserved(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, m.rows(x))
	m.eachObserved(x, func(b batch, w *workspace) {
		b.each(func(at, i int) { dst[i] = density.LogSumExp(w.joint[at*m.k : (at+1)*m.k]) })
	})
	return dst
}

// ResponsibilitiesObserved stores p(z=k|xₒ), given the observed columns of each row
// of x (N×D, NaN for missing values), in dst (N×K, or nil, and then allocated) and
// returns it. They are the weights for a row without values.
func (m *Model) ResponsibilitiesObserved(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.k, nil)
	}
	if dn, dk := dst.Dims(); dn != n || dk != m.k {
		panic("gmm: dst is not N×K")
	}
	m.eachObserved(x, func(b batch, w *workspace) {
		m.decideBatch(w)
		normalize(w.logs, w.joint, m.k)
		b.each(func(at, i int) { dst.SetRow(i, w.joint[at*m.k:(at+1)*m.k]) })
	})
	return dst
}

// Impute stores the rows of x (N×D, NaN for missing values) with their missing
// values replaced by E[xₘ|xₒ] in dst (N×D, or nil, and then allocated; it may be x)
// and returns it.
func (m *Model) Impute(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != m.d {
		panic("gmm: dst and data differ in shape")
	}
	m.eachObserved(x, func(b batch, w *workspace) {
		m.decideBatch(w)
		normalize(w.logs, w.joint, m.k)
		for _, p := range b.pieces {
			for q, i := range p.rows {
				to := dst.RawRowView(i)
				copy(to, x.RawRowView(i))
				for _, j := range p.pattern.missing {
					var mean float64
					for k := range m.k {
						mean += w.joint[(p.first+q)*m.k+k] * w.rows(k)[(p.first+q)*m.d+j]
					}
					to[j] = mean
				}
			}
		}
	})
	return dst
}

// eachObserved calls f for each batch of rows of x (N×D), completed under each
// component and with their log joint densities, which f may overwrite. Calls are
// concurrent.
func (m *Model) eachObserved(x *mat.Dense, f func(b batch, w *workspace)) {
	n, _ := x.Dims()
	patterns, _ := patternsOf(n, m.d, x.At)
	batches := batchesOf(patterns, m.k, m.d)
	completer := m.shapes.completer()
	source := rowSource{data: x.RawMatrix().Data, stride: x.RawMatrix().Stride}
	forEach(len(batches), func(i int) {
		w := getWorkspace(m.k, m.d)
		defer putWorkspace(w)
		w.complete(batches[i], completer, m.shapes, m.means, source)
		for k := range m.k {
			noNaN(w.joint, m.k, w.rows(k))
		}
		w.join(m.logWeight)
		f(batches[i], w)
	})
}
