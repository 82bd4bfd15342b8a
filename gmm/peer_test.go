package gmm

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// The values of this file were computed by mclust 6.0.0 (R 4.2.2) for this test, from
// partitions into three that its hierarchical clustering makes: a digit for each row.
const (
	irisPartition = "11111111111111111111111111111111111111111211111111323232223222222322" +
		"22232233332222222232222222222322323223232332322323323232332223332223" +
		"32233323332332"
	faithfulPartition = "12323231232132322323221231233333333223213232313232312323323323232133" +
		"23123323233133323333212123233323212332323132332323212332112321232123" +
		"23213233323212332333312121233323212233333213233123123232313313232312" +
		"32312323233321232323333333321212233232333123232333113323332322332123"
)

// diabetesPartitions are into two, three and four clusters.
var diabetesPartitions = []string{
	"11111111111111111111111111111111111111111111111111111111111111111111" +
		"21111111111112111211211221111122121211111111221222122221122121222111" +
		"122222222",
	"11112121111111121111111122111221221112121211111112121111112112212211" +
		"32211122212113212322322332222233232322222222332333233332233232333222" +
		"233333333",
	"11112121111111121111111122111221221112121211111112121111112112212211" +
		"32211122212113212322322332222233232322222222442444244442244242344222" +
		"244444444",
}

// fromPartition prepares EM from a partition into clusters 1 to k.
func fromPartition(t *testing.T, x *mat.Dense, partition string, k int, s Settings) *EM {
	t.Helper()
	n, _ := x.Dims()
	require.Len(t, partition, n)
	r := mat.NewDense(n, k, nil)
	for i, c := range partition {
		r.Set(i, int(c-'1'), 1)
	}
	e, err := NewEM(x, r, s)
	require.NoError(t, err)
	return e
}

// From the same partition of iris every family but one ends at the optimum that mclust
// ends at with a tolerance of 1e-14, to the last digit printed.
func TestFamiliesEndWhereMclustDoes(t *testing.T) {
	x := open(t, "iris")
	want := map[string]float64{
		"EII": -401.8021758, "VII": -384.3140951, "EEI": -361.4255220, "VEI": -339.4687273,
		"EVI": -338.7888483, "VVI": -307.1775716, "EEE": -256.3540431, "VEE": -237.5601628,
		"EVE": -258.1054969, "VVE": -238.0596226, "EEV": -231.1757866, "VEV": -186.0732834,
		"EVV": -222.7838130, "VVV": -180.1854771,
	}
	for _, family := range covariances {
		e := fromPartition(t, x, irisPartition, 3, Settings{Covariance: family, Floor: -1, Tolerance: 1e-15})
		for range 20000 {
			require.NoError(t, e.Step(context.Background()))
			if e.Done() {
				break
			}
		}
		if Geometry(family) == "VVE" {
			// Common axes are not a convex problem: mclust's iteration for
			// them, which does not search by rotations, ends 24 nats below.
			require.Greater(t, e.LogLik()*150, want["VVE"])
			continue
		}
		near(t, want[Geometry(family)], e.LogLik()*150, 2e-6, Geometry(family))
	}
}

// The selection that mclust's vignette prints for faithful, EEE with three components,
// is where its stopping rule ends, a relative step of 1e-5: BIC −2314.316, ICL
// −2357.824, clusters of 40, 97 and 135. The same rule gives the same from the same
// start; at the end of EM they are −2314.295678, −2358.388763 and 41, 97, 134, which
// mclust has too when its tolerance is 1e-12.
func TestPublishedStopOfFaithful(t *testing.T) {
	x := open(t, "faithful")
	n, _ := x.Dims()
	e := fromPartition(t, x, faithfulPartition, 3, Settings{Covariance: Tied, Floor: -1, Tolerance: 1e-15})
	look := func() (bic, icl float64, sizes []int) {
		m := e.Model()
		bic = 2*e.LogLik()*float64(n) - float64(m.NumParameters())*math.Log(float64(n))
		icl, sizes = bic, make([]int, 3)
		r := m.Responsibilities(nil, x)
		for i, k := range m.Assign(nil, x) {
			icl += 2 * math.Log(r.At(i, k))
			sizes[k]++
		}
		return bic, icl, sizes
	}
	stopped := false
	last := math.Inf(1)
	for range 5000 {
		require.NoError(t, e.Step(context.Background()))
		v := e.LogLik() * float64(n)
		if !stopped && math.Abs(v-last) < 1e-5*(1+math.Abs(v)) {
			stopped = true
			bic, icl, sizes := look()
			near(t, -2314.316, bic, 5e-4)
			near(t, -2357.824, icl, 5e-4)
			require.ElementsMatch(t, []int{40, 97, 135}, sizes)
		}
		if last = v; e.Done() {
			break
		}
	}
	require.True(t, stopped && e.Done())
	bic, icl, sizes := look()
	near(t, -2314.295678, bic, 2e-6)
	near(t, -2358.388763, icl, 1e-3) // flat: an error of ε in log L is √ε here
	require.ElementsMatch(t, []int{41, 97, 134}, sizes)
}

// The statistics of mclust's likelihood-ratio test of diabetes, 369.985, 121.107 and
// 19.901, are between the ends that its stopping rule has from its partitions. EM ends
// there too, and where mclust does with a tolerance of 1e-13. Other starts find higher
// optima of two and four components (TestDiabetesOptimum, docs/mixtures.md).
func TestPublishedLikelihoodRatios(t *testing.T) {
	x := published(t)
	n, _ := x.Dims()
	stops := []float64{-2540.664042}
	for i, end := range []float64{-2355.638476, -2295.093456, -2285.017924} {
		e := fromPartition(t, x, diabetesPartitions[i], i+2, Settings{Floor: -1, Tolerance: 1e-15})
		last := math.Inf(1)
		for range 20000 {
			require.NoError(t, e.Step(context.Background()))
			v := e.LogLik() * float64(n)
			if len(stops) < i+2 && math.Abs(v-last) < 1e-5*(1+math.Abs(v)) {
				stops = append(stops, v)
			}
			if last = v; e.Done() {
				break
			}
		}
		near(t, end, last, 2e-6)
	}
	for i, want := range []float64{369.985, 121.107, 19.901} {
		near(t, want, 2*(stops[i+1]-stops[i]), 5.1e-4)
	}
}
