package density

import (
	"fmt"
	"math"
)

// CurveKind names a smooth, increasing map of the line that makes a column more
// like a normal one.
type CurveKind int

const (
	// Straight leaves values as they are.
	Straight CurveKind = iota
	// Log is ln x, for positive values.
	Log
	// Logit is ln x − ln(1−x), for shares between 0 and 1.
	Logit
	// YeoJohnson is the family of Yeo & Johnson (2000, Biometrika 87, 954–959),
	// with a parameter λ in [0,2] that lengthens or shortens either tail; λ = 1
	// is x itself. It takes any number.
	YeoJohnson
)

var curveNames = [...]string{"none", "log", "logit", "yeo-johnson"}

// String returns none, log, logit or yeo-johnson.
func (k CurveKind) String() string {
	if k < 0 || int(k) >= len(curveNames) {
		return fmt.Sprintf("CurveKind(%d)", int(k))
	}
	return curveNames[k]
}

// MarshalText implements encoding.TextMarshaler.
func (k CurveKind) MarshalText() ([]byte, error) {
	if k < 0 || int(k) >= len(curveNames) {
		return nil, fmt.Errorf("density: unknown curve %d", int(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *CurveKind) UnmarshalText(text []byte) error {
	for i, name := range curveNames {
		if name == string(text) {
			*k = CurveKind(i)
			return nil
		}
	}
	return fmt.Errorf("density: unknown curve %.40q; want one of %q", text, curveNames)
}

// Curve is an increasing map y = f(x) of one column. The zero value changes
// nothing.
//
// Its values are all of the line, so that a density of y on the line is a
// density of x that integrates to 1. That is why λ outside [0,2] is no curve
// here: y would be bounded, and a normal density of it would put mass on no x at
// all.
type Curve struct {
	Kind   CurveKind `json:"kind"`
	Lambda float64   `json:"lambda,omitempty"` // of YeoJohnson
}

// Check returns an error for a curve that there is not, as one from a file may
// be.
func (c Curve) Check() error {
	if c.Kind < 0 || int(c.Kind) >= len(curveNames) {
		return fmt.Errorf("density: unknown curve %d", int(c.Kind))
	}
	if c.Kind == YeoJohnson && !(c.Lambda >= 0 && c.Lambda <= 2) {
		return fmt.Errorf("density: the curve yeo-johnson with λ = %v: want 0 to 2", c.Lambda)
	}
	return nil
}

// Takes reports whether x lies where the curve is defined. A missing value, NaN,
// is taken, and stays one.
func (c Curve) Takes(x float64) bool {
	switch c.Kind {
	case Log:
		return !(x <= 0)
	case Logit:
		return !(x <= 0) && !(x >= 1)
	}
	return true
}

// Apply returns f(x), NaN or an infinity where the curve is not defined.
func (c Curve) Apply(x float64) float64 {
	switch c.Kind {
	case Log:
		return math.Log(x)
	case Logit:
		return math.Log(x) - math.Log1p(-x)
	case YeoJohnson:
		if x < 0 {
			return -boxCox(-x, 2-c.Lambda)
		}
		return boxCox(x, c.Lambda)
	}
	return x
}

// boxCox returns ((1+x)^λ − 1)/λ, and ln(1+x) for λ = 0, for x ≥ 0.
func boxCox(x, lambda float64) float64 {
	if lambda == 0 {
		return math.Log1p(x)
	}
	return math.Expm1(lambda*math.Log1p(x)) / lambda
}

// Invert returns the x with f(x) = y.
func (c Curve) Invert(y float64) float64 {
	switch c.Kind {
	case Log:
		return math.Exp(y)
	case Logit:
		if y < 0 {
			e := math.Exp(y)
			return e / (1 + e)
		}
		return 1 / (1 + math.Exp(-y))
	case YeoJohnson:
		if y < 0 {
			return -boxCoxInverse(-y, 2-c.Lambda)
		}
		return boxCoxInverse(y, c.Lambda)
	}
	return y
}

func boxCoxInverse(y, lambda float64) float64 {
	if lambda == 0 {
		return math.Expm1(y)
	}
	return math.Expm1(math.Log1p(lambda*y) / lambda)
}

// LogSlope returns ln f′(x) in nats: what is added to the log-density of y to
// have that of x. For a missing value, NaN, it is 0.
func (c Curve) LogSlope(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	switch c.Kind {
	case Log:
		return -math.Log(x)
	case Logit:
		return -math.Log(x) - math.Log1p(-x)
	case YeoJohnson:
		if x < 0 {
			return (1 - c.Lambda) * math.Log1p(-x)
		}
		return (c.Lambda - 1) * math.Log1p(x)
	}
	return 0
}
