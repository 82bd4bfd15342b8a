package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The kernels' choice must be among what the test cache looks at.
func TestMain(m *testing.M) {
	os.Getenv("LIKELY_KERNEL")
	m.Run()
}

// eachSetting runs test once for each setting that this processor supports.
func eachSetting(t *testing.T, test func(t *testing.T)) {
	before := active
	defer func() { active = before }()
	for _, s := range settings() {
		if !s.supported {
			continue
		}
		active = s
		t.Run(s.name, test)
	}
}

// spacing returns the distance between numbers of type T around y.
func spacing[T Float](y float64) float64 {
	_, e := math.Frexp(y)
	if isSingle[T]() {
		return math.Ldexp(1, max(e-24, -149))
	}
	return math.Ldexp(1, max(e-53, -1074))
}

func functionsUnderTest[T Float]() map[string]func(dst, x []T) {
	all := map[string]func(dst, x []T){
		"exp": Exp[T],
		"log": Log[T],
		"gelu slope": func(dst, x []T) {
			one := make([]T, len(x))
			for i := range one {
				one[i] = 1
			}
			ActivateGrad(GELU, dst, one, x, nil)
		},
	}
	for _, a := range []Activation{Tanh, ELU, GELU, Softplus, Sigmoid} {
		all[a.String()] = func(dst, x []T) { Activate(a, dst, x) }
	}
	return all
}

// samples draws numbers of all sizes: bit patterns, so that every exponent
// comes up, and numbers around zero, where the functions bend.
func samples[T Float](n int, largest float64) []T {
	r := rand.New(rand.NewPCG(7, 11))
	x := make([]T, 0, n)
	for len(x) < n {
		var v T
		switch r.IntN(4) {
		case 0:
			if isSingle[T]() {
				v = T(math.Float32frombits(r.Uint32()))
			} else {
				v = T(math.Float64frombits(r.Uint64()))
			}
		case 1:
			v = T((2*r.Float64() - 1) * largest)
		case 2:
			v = T(r.NormFloat64())
		default:
			v = T(r.NormFloat64() * 6)
		}
		if math.Abs(float64(v)) <= largest {
			x = append(x, v)
		}
	}
	// Where results overflow, vanish or become subnormal, and subnormal
	// arguments.
	for _, v := range []float64{
		-745.1, -744.4, -708.5, -708.3, 709.7, 709.8, -103.9, -103, -87.5, -87.2, 88.7, 88.8,
		-38.5, -37.6, -14.2, -13.3, 0x1p-1074, 0x1p-1050, 4.7e-309, 0x1p-1022, 0x1p-149, 0x1p-140, 0x1.8p-127, 0x1p-126,
	} {
		if T(v) != 0 {
			x = append(x, T(v), -T(v))
		}
	}
	return x
}

// accuracy is the largest error allowed, in units of the result's last place.
// For the slope of GELU, which passes through zero, it is in units of the
// last place of numbers just below one.
var accuracy = map[string]float64{
	"exp": 1.5, "log": 1, "tanh": 2.5, "elu": 2, "softplus": 2, "sigmoid": 2.5,
	"gelu": 6.5, "gelu slope": 4,
}

func testAccuracy[T Float](t *testing.T, points int) {
	if testing.Short() {
		points /= 10
	}
	for name, f := range functionsUnderTest[T]() {
		largest := 800.0
		if name == "log" {
			largest = math.MaxFloat64
		}
		x := samples[T](points, largest)
		if name == "log" {
			for i := range x {
				x[i] = T(math.Abs(float64(x[i])))
			}
		}
		got := make([]T, len(x))
		f(got, x)
		worst, at := 0.0, 0.0
		for i, v := range x {
			if v == 0 {
				continue
			}
			want := bigFunctions[name](float64(v))
			rounded, _ := want.Float64()
			if math.IsInf(float64(T(rounded)), 0) {
				require.Equal(t, T(rounded), got[i], "%s(%v)", name, v)
				continue
			}
			require.False(t, math.IsNaN(float64(got[i])) || math.IsInf(float64(got[i]), 0), "%s(%v) = %v", name, v, got[i])
			unit := spacing[T](rounded)
			if name == "gelu slope" {
				unit = spacing[T](0.75)
			}
			difference, _ := new(big.Float).Sub(want, exact(float64(got[i]))).Float64()
			if e := math.Abs(difference) / unit; e > worst {
				worst, at = e, float64(v)
			}
		}
		t.Logf("%s: %.2f last places, at %v", name, worst, at)
		bound := accuracy[name]
		if active.name == "portable" {
			bound++ // package math is a little less accurate
		}
		require.LessOrEqual(t, worst, bound, "%s at %v", name, at)
	}
}

// Long slices are cut into chunks that several goroutines take.
func testLong[T Float](t *testing.T) {
	n := 5*chunk + 77
	r := rand.New(rand.NewPCG(41, 42))
	x, grad := random[T](r, n), random[T](r, n)
	for a := Identity; a < activations; a++ {
		long, long2 := make([]T, n), make([]T, n)
		Activate(a, long, x)
		ActivateGrad(a, long2, grad, x, long)
		for i := 0; i < n; i += 1000 {
			j := min(i+1000, n)
			short, short2 := make([]T, j-i), make([]T, j-i)
			Activate(a, short, x[i:j])
			ActivateGrad(a, short2, grad[i:j], x[i:j], short)
			require.Equal(t, long[i:j], short, "%v from %d", a, i)
			require.Equal(t, long2[i:j], short2, "slope of %v from %d", a, i)
		}
	}
	row := random[T](r, 3000)
	got := make([]T, 1)
	LogSumExpRows(got, 1, len(row), row, len(row))
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(float64(v))
	}
	require.InDelta(t, math.Log(sum), float64(got[0]), 300*unit[T]())
}

func TestLongSlices(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testLong[float32])
		t.Run("float64", testLong[float64])
	})
}

func TestFunctionsAreAccurate(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { testAccuracy[float32](t, 400) })
		t.Run("float64", func(t *testing.T) { testAccuracy[float64](t, 400) })
	})
}

// The float64 functions of package math are references for float32, at far
// more points.
func TestSinglePrecisionIsAccurateEverywhere(t *testing.T) {
	step := uint32(2027)
	if testing.Short() {
		step *= 16
	}
	x := make([]float32, 0, math.MaxUint32/step+1)
	for b := step; b > step-1; b += step {
		v := math.Float32frombits(b)
		if v == v && !math.IsInf(float64(v), 0) {
			x = append(x, v)
		}
	}
	got, want := make([]float32, len(x)), make([]float64, len(x))
	eachSetting(t, func(t *testing.T) {
		if active.name == "portable" {
			t.Skip("computes in float64")
		}
		for _, c := range []struct {
			name string
			f    func(float64) float64
		}{
			{"exp", math.Exp}, {"log", math.Log}, {"tanh", math.Tanh}, {"elu", elu}, {"gelu", gelu},
			{"softplus", softplus}, {"sigmoid", sigmoid}, {"gelu slope", geluSlope},
		} {
			functionsUnderTest[float32]()[c.name](got, x)
			for i, v := range x {
				want[i] = c.f(float64(v))
			}
			worst, at := 0.0, float32(0)
			for i, w := range want {
				unit := spacing[float32](w)
				if c.name == "gelu slope" {
					unit = spacing[float32](0.75)
				}
				if float64(got[i]) == float64(float32(w)) || w != w && got[i] != got[i] {
					continue
				}
				e := math.Abs(float64(got[i])-w) / unit
				require.False(t, math.IsNaN(e) || math.IsInf(e, 0), "%s(%v) = %v, not %v", c.name, x[i], got[i], w)
				if e > worst {
					worst, at = e, x[i]
				}
			}
			t.Logf("%s: %.2f last places, at %v", c.name, worst, at)
			require.LessOrEqual(t, worst, accuracy[c.name], "%s at %v", c.name, at)
		}
	})
}

func testSpecial[T Float](t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	largest, smallest := math.MaxFloat64, 0x1p-1074
	if isSingle[T]() {
		largest, smallest = math.MaxFloat32, 0x1p-149
	}
	for _, c := range []struct {
		name    string
		x, want float64
	}{
		{"exp", 0, 1}, {"exp", inf, inf}, {"exp", -inf, 0}, {"exp", largest, inf}, {"exp", -largest, 0}, {"exp", smallest, 1},
		{"log", 1, 0}, {"log", 0, -inf}, {"log", math.Copysign(0, -1), -inf}, {"log", -1, nan}, {"log", -smallest, nan}, {"log", -inf, nan}, {"log", inf, inf},
		{"tanh", 0, 0}, {"tanh", inf, 1}, {"tanh", -inf, -1}, {"tanh", largest, 1}, {"tanh", -largest, -1}, {"tanh", smallest, smallest},
		{"elu", 0, 0}, {"elu", inf, inf}, {"elu", -inf, -1}, {"elu", -largest, -1}, {"elu", largest, largest}, {"elu", -smallest, -smallest},
		{"gelu", 0, 0}, {"gelu", inf, inf}, {"gelu", -inf, 0}, {"gelu", largest, largest}, {"gelu", -largest, 0},
		{"softplus", inf, inf}, {"softplus", -inf, 0}, {"softplus", largest, largest}, {"softplus", -largest, 0}, {"softplus", 0, float64(T(math.Ln2))},
		{"sigmoid", 0, 0.5}, {"sigmoid", inf, 1}, {"sigmoid", -inf, 0}, {"sigmoid", largest, 1}, {"sigmoid", -largest, 0},
		{"gelu slope", 0, 0.5}, {"gelu slope", inf, 1}, {"gelu slope", -inf, 0}, {"gelu slope", largest, 1}, {"gelu slope", -largest, 0},
	} {
		x := []T{T(c.x)}
		functionsUnderTest[T]()[c.name](x, x)
		if math.IsNaN(c.want) {
			require.True(t, x[0] != x[0], "%s(%v) = %v", c.name, c.x, x[0])
			continue
		}
		require.Equal(t, fmt.Sprint(T(c.want)+0), fmt.Sprint(x[0]+0), "%s(%v)", c.name, c.x)
	}
	for name, f := range functionsUnderTest[T]() {
		x := []T{T(nan)}
		f(x, x)
		require.True(t, x[0] != x[0], "%s(NaN) = %v", name, x[0])
	}
	relu := []T{T(nan), -1, 0, 2, T(inf), -T(inf)}
	Activate(ReLU, relu, relu)
	require.True(t, relu[0] != relu[0])
	require.Equal(t, []T{0, 0, 2, T(inf), 0}, relu[1:])
	for _, a := range []Activation{Tanh, ReLU, ELU, Sigmoid} {
		y := []T{T(nan)}
		ActivateGrad(a, y, []T{1}, nil, y)
		require.True(t, y[0] != y[0], "%v at NaN", a)
	}
}

func TestFunctionsAtSpecialValues(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testSpecial[float32])
		t.Run("float64", testSpecial[float64])
	})
}
