package course

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestJudgeDecomposition(t *testing.T) {
	judge := func(change func(m *residues)) Verdict {
		m := residues{network: []mean{{0.002, 0.001}, {-0.001, 0.001}}, mixture: 1e-12, leastDivergence: 0.1}
		change(&m)
		v, _ := judgeDecomposition(m)
		return v
	}
	require.Equal(t, Holds, judge(func(*residues) {}))
	require.Equal(t, Undecided, judge(func(m *residues) { m.network[1] = mean{-0.006, 0.001} }))
	require.Equal(t, Fails, judge(func(m *residues) { m.network[1] = mean{-0.1, 0.001} }))
	require.Equal(t, Undecided, judge(func(m *residues) { m.mixture = 1e-5 }))
	require.Equal(t, Fails, judge(func(m *residues) { m.mixture = 1e-3 }))
	require.Equal(t, Undecided, judge(func(m *residues) { m.leastDivergence = -0.1 }))
}

// plane is p(x|z) = N(x; Az, I) in two dimensions with z from N(0, I): everything is normal.
type plane struct{ a *mat.Dense }

func (plane) Dim() int                                { return 2 }
func (plane) LatentDim() int                          { return 2 }
func (plane) Rand(*mat.Dense, rand.Source)            { panic("not used") }
func (plane) RandPrior(z *mat.Dense, src rand.Source) { panic("not used") }
func (plane) LogPrior(dst []float64, z *mat.Dense) []float64 {
	return density.StandardNormal(2).LogProb(dst, z)
}
func (p plane) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	var mu mat.Dense
	mu.Mul(z, p.a.T())
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range n {
		a, b := x.At(0, 0)-mu.At(i, 0), x.At(0, 1)-mu.At(i, 1)
		dst[i] = -math.Log(2*math.Pi) - (a*a+b*b)/2
	}
	return dst
}

// The two integrals are those of the normal: p(x) = N(x; 0, I + AAᵀ), and the posterior
// has the covariance (I + AᵀA)⁻¹.
func TestIntegralsOfDecomposition(t *testing.T) {
	m := plane{mat.NewDense(2, 2, []float64{2, 0.5, -1, 1})}
	x := mat.NewDense(1, 2, []float64{0.7, -1.2})
	var covariance, precision, inverse mat.Dense
	covariance.Mul(m.a, m.a.T())
	precision.Mul(m.a.T(), m.a)
	for i := range 2 {
		covariance.Set(i, i, covariance.At(i, i)+1)
		precision.Set(i, i, precision.At(i, i)+1)
	}
	normal, err := density.NewNormal([]float64{0, 0}, mat.NewSymDense(2, covariance.RawMatrix().Data))
	require.NoError(t, err)
	evidence := normal.LogProb(nil, x)[0]
	require.InDelta(t, evidence, planeEvidence(m, x, 161), 1e-9)

	require.NoError(t, inverse.Inverse(&precision))
	var mu, rhs mat.VecDense
	rhs.MulVec(m.a.T(), x.RowView(0))
	mu.MulVec(&inverse, &rhs)
	// KL of N(c, diag(v)) from N(mu, Λ⁻¹): ½(Σ Λᵢᵢvᵢ + dᵀΛd − 2 − ln|Λ| − Σ ln vᵢ).
	c, v := []float64{0.4, -0.3}, []float64{0.2, 0.5}
	d := mat.NewVecDense(2, []float64{c[0] - mu.AtVec(0), c[1] - mu.AtVec(1)})
	want := (precision.At(0, 0)*v[0] + precision.At(1, 1)*v[1] + mat.Inner(d, &precision, d) - 2 - math.Log(mat.Det(&precision)) - math.Log(v[0]*v[1])) / 2
	got := divergenceFromPosterior(m, x, c, []float64{math.Log(v[0]), math.Log(v[1])}, evidence)
	require.InDelta(t, want, got, 1e-9)
}
