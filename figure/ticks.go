package figure

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// ticks places a handful of labelled marks at multiples of 1, 2 or 5 times a
// power of ten.
type ticks struct {
	// want is about how many marks there should be; 0 means 5.
	want int
	// integers keeps the step a whole number.
	integers bool
	// silent leaves the labels out, for axes that share those of another.
	silent bool
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	want := t.want
	if want == 0 {
		want = 5
	}
	if !(high > low) || math.IsInf(high-low, 0) {
		return nil
	}
	step := niceStep((high - low) / float64(want))
	if t.integers {
		step = max(step, 1)
	}
	var marks []plot.Tick
	// Counting in whole steps keeps 0.30000000000000004 off the axis.
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	if last-first > 100 || math.Abs(first) > 1e15 {
		return nil // the interval is too narrow for its magnitude
	}
	for k := first; k <= last; k++ {
		mark := plot.Tick{Value: k * step, Label: formatTick(k*step, step)}
		if t.silent {
			mark.Label = " "
		}
		marks = append(marks, mark)
	}
	return marks
}

// niceStep returns the value among 1, 2, 5 times a power of ten that is
// nearest to x > 0 in ratio.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	switch ratio := x / power; {
	case ratio < math.Sqrt2:
		return power
	case ratio < math.Sqrt(10):
		return 2 * power
	case ratio < math.Sqrt(50):
		return 5 * power
	default:
		return 10 * power
	}
}

// formatTick writes v with the decimals that marks one step apart need.
func formatTick(v, step float64) string {
	if v == 0 {
		return "0"
	}
	if step >= 1e6 || step < 1e-5 {
		digits := max(int(math.Floor(math.Log10(math.Abs(v)))-math.Floor(math.Log10(step))), 0)
		return minus(strconv.FormatFloat(v, 'g', digits+1, 64))
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	return minus(strconv.FormatFloat(v, 'f', decimals, 64))
}

// minus replaces the hyphens of a formatted number by minus signs.
func minus(number string) string { return strings.ReplaceAll(number, "-", "−") }

// logTicks marks the powers of ten, and 2 and 5 times them where there are
// few; the other digits get a short mark.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0) || !(high > low) || math.IsInf(high, 0) {
		return nil
	}
	decades := math.Log10(high / low)
	stride := max(1, int(math.Ceil(decades/8)))
	var marks []plot.Tick
	for e := int(math.Floor(math.Log10(low))); float64(e) <= math.Log10(high); e++ {
		for digit := 1; digit <= 9; digit++ {
			v := float64(digit) * math.Pow(10, float64(e))
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			mark := plot.Tick{Value: v}
			labelled := digit == 1 && e%stride == 0 || decades < 2.5 && (digit == 2 || digit == 5)
			if labelled {
				mark.Label = strconv.FormatFloat(v, 'g', 4, 64)
				if v >= 1 && v < 1e6 {
					mark.Label = strconv.FormatFloat(v, 'f', -1, 64)
				}
			}
			marks = append(marks, mark)
		}
	}
	return marks
}
