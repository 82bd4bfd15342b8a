package course

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/eval"
)

// The units that numbers of several studies have.
var (
	natsPerRow = Text{"nats per row", "奈特/行"}
	nats       = Text{"nats", "奈特"}
	minutes    = Text{"min", "分钟"}
	levels     = Text{"levels of grey", "灰度级"}
)

// mean is a measured mean with its standard error.
type mean struct{ value, se float64 }

// meanOf returns the mean of independent values with its standard error.
func meanOf(values []float64) mean {
	m, sd := stat.MeanStdDev(values, nil)
	return mean{m, sd / math.Sqrt(float64(len(values)))}
}

// minus returns the difference of two means of different rows.
func (m mean) minus(other mean) mean {
	return mean{m.value - other.value, math.Hypot(m.se, other.se)}
}

// pairedMean returns the mean of a − b, value by value.
func pairedMean(a, b []float64) mean {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return meanOf(d)
}

// badShare returns the share of rows whose k̂ is above the limit: their weights, and
// their errors of draws, cannot be trusted.
func badShare(r *eval.Result) float64 {
	return float64(len(r.Untrusted())) / float64(len(r.LogProb))
}

// badNumber makes a Number of such a share.
func badNumber(name Text, share float64) Number {
	return Number{Name: name, Value: 100 * share, Unit: Text{"%", "%"}}
}

// number makes a Number of it.
func (m mean) number(name Text, unit Text) Number {
	return Number{Name: name, Value: m.value, StdErr: m.se, Unit: unit}
}

// String writes value and error.
func (m mean) String() string { return withError(m.value, m.se) }

// above says that the mean is more than so many standard errors above a limit.
func (m mean) above(limit, errors float64) bool { return m.value-errors*m.se > limit }

// below says that the mean is more than so many standard errors below a limit.
func (m mean) below(limit, errors float64) bool { return m.value+errors*m.se < limit }

// greyDigits returns the digits with uniform noise of one level, and cuts off a fifth of
// the rows to test on. In quick runs there are fewer rows of both.
func greyDigits(s Settings) (train, test *dataset.Dataset, err error) {
	d, err := dataset.Open("digits")
	if err != nil {
		return nil, nil, err
	}
	if d, err = d.Dequantize(s.Seed); err != nil {
		return nil, nil, err
	}
	train, _, test = d.Split(0.2, 0, s.Seed)
	return train.Head(s.size(train.Rows(), 400)), test.Head(s.size(test.Rows(), 100)), nil
}
