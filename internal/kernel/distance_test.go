package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The terms of a sum are squares, so its relative error is at most that of
// one term and of the additions: 4 and n roundings.
func testDistances[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, s := range [][3]int{{1, 1, 1}, {8, 1, 3}, {9, 3, 1}, {17, 20, 50}, {33, 64, 17}, {3, 8, 33}, {65, 5, 70}, {0, 2, 2}, {2, 0, 3}, {2, 3, 0}} {
		m, k, d := s[0], s[1], s[2]
		ldx, ldw := d+3, k+2
		x, points, scales, weights := random[T](r, m*ldx+d), random[T](r, k*d), random[T](r, k*d), random[T](r, m*ldw+k)
		for i := range points {
			points[i] += 100 // digits that x and a point share must not cost any
		}
		for i := range x {
			x[i] += 100
		}
		for i := range weights {
			weights[i] = max(weights[i], 0)
		}
		tolerance := float64(m+d+8) * unit[T]()
		for _, scale := range [][]T{nil, scales} {
			var c Centres[T]
			c.Pack(k, d, points, scale)
			got := make([]T, m*k)
			c.Distances(got, m, x, max(1, ldx))
			alone := make([]T, k)
			for i := range m {
				for q := range k {
					var want float64
					for j := range d {
						e := float64(x[i*ldx+j]) - float64(points[q*d+j])
						if scale != nil {
							e *= float64(scale[q*d+j])
						}
						want += e * e
					}
					require.InDelta(t, want, float64(got[i*k+q]), tolerance*want, "%v row %d centre %d", s, i, q)
				}
				c.Distances(alone, 1, x[i*ldx:], max(1, ldx))
				require.Equal(t, got[i*k:(i+1)*k], alone, "a distance depends on the other rows")
			}
		}
		sums := make([]T, k*d)
		for i := range sums {
			sums[i] = 1
		}
		WeightedSquares(sums, k, d, points, m, x, max(1, ldx), weights, max(1, ldw))
		for q := range k {
			for j := range d {
				want := 1.0
				for i := range m {
					e := float64(x[i*ldx+j]) - float64(points[q*d+j])
					want += float64(weights[i*ldw+q]) * e * e
				}
				require.InDelta(t, want, float64(sums[q*d+j]), tolerance*want, "%v centre %d column %d", s, q, j)
			}
		}
		if m > 0 && k > 0 {
			dst := make([]T, d)
			Centre(dst, x[:d], points[:d], 3)
			for j := range dst {
				require.InDelta(t, 3*(float64(x[j])-float64(points[j])), float64(dst[j]), 4*unit[T]()*math.Abs(float64(dst[j])))
			}
		}
	}
	var c Centres[T]
	require.PanicsWithValue(t, badLength, func() { c.Pack(2, 3, make([]T, 5), nil) })
	require.PanicsWithValue(t, badLength, func() { c.Pack(2, 3, make([]T, 6), make([]T, 5)) })
	c.Pack(2, 3, make([]T, 6), nil)
	require.PanicsWithValue(t, badLength, func() { c.Distances(make([]T, 3), 2, make([]T, 6), 3) })
	require.PanicsWithValue(t, shortA, func() { c.Distances(make([]T, 4), 2, make([]T, 5), 3) })
	require.PanicsWithValue(t, badLength, func() { WeightedSquares(make([]T, 5), 2, 3, make([]T, 6), 1, make([]T, 3), 3, make([]T, 2), 2) })
	require.PanicsWithValue(t, badLength, func() { Centre(make([]T, 2), make([]T, 3), make([]T, 3), 1) })

	nan := T(math.NaN())
	c.Pack(2, 3, []T{0, 0, 0, 1, 1, nan}, nil)
	got := make([]T, 2)
	c.Distances(got, 1, []T{1, 1, 1}, 3)
	require.Equal(t, T(3), got[0])
	require.True(t, got[1] != got[1], "NaN of a centre stays in it")
}

func TestDistances(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testDistances[float32])
		t.Run("float64", testDistances[float64])
	})
}
