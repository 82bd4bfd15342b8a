package densitytest

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// mustPanic checks that f panics.
func mustPanic(t testing.TB, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

// wider returns x with one more column.
func wider(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	y := mat.NewDense(n, d+1, nil)
	y.Slice(0, n, 0, d).(*mat.Dense).Copy(x)
	return y
}

// checkFill checks that f, which fills dst with one number for each of n rows,
// treats dst as it should, and agrees with itself when called concurrently. It
// returns the numbers.
func checkFill(t testing.TB, name string, n int, f func(dst []float64) []float64) []float64 {
	t.Helper()
	want := slices.Clone(f(nil))
	if len(want) != n {
		t.Errorf("%s returns %d numbers for %d rows", name, len(want), n)
		return nil
	}
	dst := make([]float64, n)
	for i := range dst {
		dst[i] = math.NaN()
	}
	if got := f(dst); &got[0] != &dst[0] || !sameBits(got, want) {
		t.Errorf("%s does not store in dst what it returns for nil", name)
	}
	mustPanic(t, name+" with dst of a wrong length", func() { f(make([]float64, n+1)) })
	var group sync.WaitGroup
	results := make([][]float64, 4)
	for i := range results {
		group.Go(func() { results[i] = f(nil) })
	}
	group.Wait()
	for _, got := range results {
		if !sameBits(got, want) {
			t.Errorf("%s gives other numbers when called concurrently", name)
			break
		}
	}
	return want
}

// checkChunks checks that f, called for rows [from, to), gives the same bits
// whatever the batch.
func checkChunks(t testing.TB, name string, want []float64, f func(from, to int) []float64) {
	t.Helper()
	n := len(want)
	for _, size := range []int{1, 3, 16, n/2 + 1} {
		for from := 0; from < n; from += size {
			to := min(from+size, n)
			if !sameBits(f(from, to), want[from:to]) {
				t.Errorf("%s gives other bits for rows %d to %d in a batch of %d than among all %d", name, from+1, to, size, n)
				return
			}
		}
	}
}

// checkDraws checks that draws depend on the source and on nothing else, and
// that a wrong width panics.
func checkDraws(t testing.TB, l law, c Config) {
	t.Helper()
	draw := func(purpose string) []float64 {
		x := mat.NewDense(40, l.d, nil)
		l.draw(x, c.source(purpose))
		return x.RawMatrix().Data
	}
	first := draw("a")
	if !sameBits(first, draw("a")) {
		t.Errorf("%s: the same source gives other draws", l.name)
	}
	// A point mass, such as the posterior of a row that one component of a
	// mixture owns, has one draw only.
	if varied(first, l.d) && sameBits(first, draw("b")) {
		t.Errorf("%s: another source gives the same draws", l.name)
	}
	mustPanic(t, l.name+": drawing rows of a wrong width", func() { l.draw(mat.NewDense(1, l.d+1, nil), c.source("a")) })
}

// checkGradient compares gradients by the rows of z with central differences,
// and the values beside them with those of log.
func checkGradient(t testing.TB, name string, z *mat.Dense, c Config, log func(z *mat.Dense) []float64, grad func(grad, z *mat.Dense) []float64) {
	t.Helper()
	n, d := z.Dims()
	g := mat.NewDense(n, d, nil)
	before := mat.DenseCopyOf(z)
	values := grad(g, z)
	if !mat.Equal(before, z) {
		t.Errorf("the gradient of %s changes its argument", name)
	}
	for i, want := range log(z) {
		if !(math.Abs(values[i]-want) <= 1e-9*(1+math.Abs(want))) {
			t.Errorf("the gradient of %s comes with the value %v at row %d instead of %v", name, values[i], i+1, want)
			return
		}
	}
	for j := range d {
		steps := make([]float64, n)
		shifted := func(sign float64) []float64 {
			y := mat.DenseCopyOf(z)
			for i := range n {
				steps[i] = 1e-4 * max(1, math.Abs(z.At(i, j)))
				y.Set(i, j, z.At(i, j)+sign*steps[i])
			}
			return log(y)
		}
		// Central differences of two steps cancel the error of second
		// order (Richardson).
		up, down, up2, down2 := shifted(1), shifted(-1), shifted(2), shifted(-2)
		for i := range n {
			want := (8*(up[i]-down[i]) - (up2[i] - down2[i])) / (12 * steps[i])
			if got := g.At(i, j); !(math.Abs(got-want) <= c.GradientTolerance*(1+math.Abs(want))) {
				t.Errorf("the gradient of %s at row %d, column %d is %v, by finite differences %v", name, i+1, j+1, got, want)
				return
			}
		}
	}
}

// checkCount checks the number of parameters of a model that counts them.
func checkCount(t testing.TB, m any) {
	t.Helper()
	if p, ok := m.(density.Parametric); ok && p.NumParameters() < 0 {
		t.Errorf("%d parameters", p.NumParameters())
	}
}

// rowName names a row for messages.
func rowName(name string, i int) string { return fmt.Sprintf("%s for row %d", name, i+1) }

// varied reports whether rows of width d are not all the same.
func varied(rows []float64, d int) bool {
	for i, v := range rows {
		if v != rows[i%d] {
			return true
		}
	}
	return false
}
