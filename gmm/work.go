package gmm

import "likely/internal/em"

// Work returns about how many floating-point operations an iteration takes for n complete
// rows of d columns, from their sizes alone: it depends on no machine. Operations that are
// not products of large matrices count several times, as they take several times as long
// nearly everywhere.
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
		each += 8 * columns * columns
	}
	work := 0.0
	if f, factors := s.Covariance.(factorFamily); factors {
		each += 4 * columns * float64(f.l)
		if need == needScatters {
			const inner = 800 // eigenvectors, several times
			work += inner * k * columns * columns * columns
		}
	} else if need == needScatters {
		work += 8 * k * columns * columns * columns
	}
	work += rows * k * each
	return work, nil
}

// MostStarts is how many starts a fit makes at most where no number is given.
const MostStarts = em.MostStarts
