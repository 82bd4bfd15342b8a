package lcm

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

// ln p(x) by its product in 200 bits: p(0) = (1+μ/r)⁻ʳ and
// p(x)/p(x−1) = (x−1+r)/x · μ/(r+μ), for sizes from tiny to huge.
func TestNegativeBinomialByItsProduct(t *testing.T) {
	number := func(v float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(v) }
	for _, size := range []float64{0.25, 1, 5, 19, 20, 21, 1000, 1 << 20} {
		for _, mean := range []float64{0.125, 3, 250} {
			// size is a multiple of a quarter: (1+μ/r)^(−4r) has an integer exponent.
			base := new(big.Float).Quo(number(size), new(big.Float).Add(number(size), number(mean)))
			zero := -size * math.Log1p(mean/size)
			if size <= 1000 {
				power := number(1)
				for range int(4 * size) {
					power.Mul(power, base)
				}
				zero = logBig(power) / 4
			}
			ratio := number(1)
			failure := new(big.Float).Quo(number(mean), new(big.Float).Add(number(size), number(mean)))
			for x := range 400 {
				if x > 0 {
					ratio.Mul(ratio, new(big.Float).Add(number(float64(x-1)), number(size)))
					ratio.Quo(ratio, number(float64(x)))
					ratio.Mul(ratio, failure)
				}
				want := zero + logBig(ratio)
				near(t, want, logNegativeBinomial(float64(x), mean, size), 1e-13*(20+math.Abs(want)), size, mean, x)
			}
		}
	}
	for x := range 50 {
		near(t, distuv.Poisson{Lambda: 7.5}.LogProb(float64(x)), logNegativeBinomial(float64(x), 7.5, math.Inf(1)), 1e-12)
	}
	require.Zero(t, logNegativeBinomial(0, 0, 3))
	require.True(t, math.IsInf(logNegativeBinomial(1, 0, 3), -1))
}

// logBig returns the logarithm of a positive number.
func logBig(v *big.Float) float64 {
	mantissa := new(big.Float)
	exponent := v.MantExp(mantissa)
	m, _ := mantissa.Float64()
	return math.Log(m) + float64(exponent)*math.Ln2
}

// The size found is a maximum of the likelihood, or ∞ where counts vary no more than
// those of a Poisson distribution.
func TestBestSize(t *testing.T) {
	for seed := range uint64(40) {
		src := density.NewSource(seed, "size")
		rate := distuv.Gamma{Alpha: []float64{0.1, 1, 8, 100}[seed%4], Beta: 0.3, Src: src}
		count := make(map[float64]float64)
		for range 300 {
			count[drawPoisson(rate.Rand(), src)]++
		}
		var values, weights []float64
		var total, sum float64
		for v, w := range count {
			values, weights = append(values, v), append(weights, w)
			total, sum = total+w, sum+w*v
		}
		mean := sum / total
		size := bestSize(values, weights, total, mean)
		logLik := func(size float64) float64 {
			var sum float64
			for i, v := range values {
				sum += weights[i] * logNegativeBinomial(v, mean, size)
			}
			return sum
		}
		if math.IsInf(size, 1) {
			for _, s := range []float64{1, 100, 1e4, 1e6} {
				require.LessOrEqual(t, logLik(s), logLik(size)+1e-6)
			}
			continue
		}
		const h = 1e-3
		near(t, 0, (logLik(size*math.Exp(h))-logLik(size*math.Exp(-h)))/(2*h), 1e-5)
		require.Greater(t, logLik(size), logLik(1.1*size))
		require.Greater(t, logLik(size), logLik(0.9*size))
	}
	require.True(t, math.IsInf(bestSize([]float64{3, 4}, []float64{5, 5}, 10, 3.5), 1))
}
