package gmm

import "likely/internal/em"

// Work returns about how many floating-point operations an iteration takes for n complete
// rows of d columns: a count of the products in the E- and the M-step, which depends on
// no machine.
func (s Settings) Work(n, d int) (float64, error) {
	s, err := s.resolve()
	if err != nil {
		return 0, err
	}
	rows, k, columns := float64(n), float64(s.Components), float64(d)
	const exponential = 40 // of a responsibility
	each := exponential + 8*columns
	need := s.Covariance.needs(d)
	if need == needScatters {
		each += 3 * columns * columns
	}
	work := 0.0
	if f, factors := s.Covariance.(factorFamily); factors {
		each += 4 * columns * float64(f.l)
		if need == needScatters {
			work += 10 * k * columns * columns * columns // of the inner steps
		}
	} else if need == needScatters {
		work += k * columns * columns * columns
	}
	work += rows * k * each
	return work, nil
}

// MostStarts is how many starts a fit makes at most where no number is given.
const MostStarts = em.MostStarts
