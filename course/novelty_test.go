package course

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestJudgeNovelty(t *testing.T) {
	held, train := newness{0.3, mean{1, 0.02}}, newness{-9, mean{0, 0}}
	fresh, copied, mixed := newness{-1, mean{0.9, 0.02}}, newness{-5, mean{0.9, 0.02}}, newness{-1, mean{0.3, 0.02}}
	for name, c := range map[string]struct {
		models      []newness
		held, train newness
		want        Verdict
	}{
		"new":             {[]newness{fresh, fresh}, held, train, Fails},
		"copies":          {[]newness{copied, copied}, held, train, Holds},
		"copies or mixes": {[]newness{copied, mixed}, held, train, Holds},
		"one mixes":       {[]newness{fresh, mixed}, held, train, Corrected},
		"hardly mixed":    {[]newness{fresh, {-1, mean{0.49, 0.02}}}, held, train, Fails},
		"control fails":   {[]newness{fresh, fresh}, held, held, Undecided},
		"control copied":  {[]newness{fresh, fresh}, copied, train, Undecided},
	} {
		got, reason := judgeNovelty(c.models, c.held, c.train)
		require.Equal(t, c.want, got, name)
		require.NotContains(t, reason.EN+reason.ZH, "%!")
	}
}

// Training rows and their mixtures are found out, and fresh rows are not. A right C_T
// is below −3 in one seed of 700.
func TestNewness(t *testing.T) {
	rows := func(purpose string, n int) *mat.Dense {
		x := mat.NewDense(n, 8, nil)
		density.StandardNormal(8).Rand(x, density.NewSource(1, purpose))
		return x
	}
	train, held, fresh := rows("newness train", 200), rows("newness held", 150), rows("newness fresh", 150)
	mixed := mat.NewDense(150, 8, nil)
	for i := range 150 { // the mean of a row and the one nearest to it
		distance, near := 0.0, -1
		for k := range 200 {
			var d mat.VecDense
			d.SubVec(train.RowView(i), train.RowView(k))
			if v := mat.Norm(&d, 2); k != i && (near < 0 || v < distance) {
				distance, near = v, k
			}
		}
		for j := range 8 {
			mixed.Set(i, j, (train.At(i, j)+train.At(near, j))/2)
		}
	}
	of := func(x *mat.Dense, base float64) newness {
		n, err := newnessOf(t.Context(), train, held, x, base, Settings{Seed: 1})
		require.NoError(t, err)
		return n
	}
	base := of(held, 1).hull.value
	require.InDelta(t, 1, of(held, base).hull.value, 1e-12)
	n := of(fresh, base)
	require.False(t, n.copied())
	require.False(t, n.mixed())
	require.InDelta(t, 1, n.hull.value, 5*n.hull.se)
	n = of(density.Rows(train, 0, 150), base)
	require.True(t, n.copied())
	require.True(t, n.mixed())
	n = of(mixed, base)
	require.True(t, n.mixed())
	require.InDelta(t, 0, n.hull.value, 1e-6)
}
