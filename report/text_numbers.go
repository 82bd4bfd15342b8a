package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"likely/density"
	"likely/results"
)

// natsText prints the quality on a part of the data with as many digits as its error
// warrants.
func natsText(s *results.Split) string {
	e, ok := s.Estimate()
	if !ok {
		return "–"
	}
	text := nats(e)
	if s.SETraining != nil {
		text += fmt.Sprintf(" ± %.2g of training", *s.SETraining)
	}
	return text
}

// nats prints an estimate with its errors; that of an integral only where the places
// that are printed would show it.
func nats(e density.Estimate) string {
	places := digits(e.DataErr)
	text := signed(e.Value, places)
	if !math.IsNaN(e.DataErr) {
		text += fmt.Sprintf(" ± %.*f", places, e.DataErr)
	}
	if e.SampleErr > 0 && (e.Kind != density.Quadrature || e.SampleErr >= 0.5*math.Pow10(-places)) {
		text += " ± " + strconv.FormatFloat(e.SampleErr, 'g', 1, 64)
	}
	return text
}

func trainText(s *results.Split) string {
	e, ok := s.Estimate()
	if !ok {
		return "–"
	}
	return signed(e.Value, digits(e.DataErr))
}

func kindText(s *results.Split) string {
	switch {
	case s.Kind == nil:
		return "no density"
	case *s.Kind == density.ExactValue:
		return "exact"
	case *s.Kind == density.Quadrature:
		return "quadrature"
	case *s.Kind == density.LowerBound:
		return "lower bound"
	case *s.Kind == density.UpperBound:
		return "upper bound"
	}
	return fmt.Sprintf("estimate, %d draws/row", s.Samples)
}

// digits returns the decimal places that show two significant digits of an
// error, between 1 and 6; 3 where there is no error.
func digits(se float64) int {
	if !(se > 0) {
		return 3
	}
	return min(max(1-int(math.Floor(math.Log10(se))), 1), 6)
}

// signed prints a number with a true minus sign.
func signed(v float64, places int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', places, 64), "-", "−", 1)
}

func optional(v *float64, format string) string {
	if v == nil {
		return "–"
	}
	return strings.Replace(fmt.Sprintf(format, *v), "-", "−", 1)
}

func secondsText(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}
