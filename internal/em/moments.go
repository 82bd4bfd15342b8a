package em

// Moments are running moments of the columns of rows that come in parts, over the values
// that each column holds.
type Moments struct {
	Weight, Mean, Squares []float64 // D; Squares about the mean
}

// NewMoments returns those of no rows in d columns.
func NewMoments(d int) Moments {
	return Moments{make([]float64, d), make([]float64, d), make([]float64, d)}
}

// Join takes in a part of column j of a positive weight: Chan, Golub & LeVeque 1983,
// moments of a union, about its mean.
func (m *Moments) Join(j int, weight, mean, squares float64) {
	total := m.Weight[j] + weight
	e := mean - m.Mean[j]
	m.Squares[j] += squares + e*(m.Weight[j]*(weight/total))*e
	m.Mean[j] += e * (weight / total)
	m.Weight[j] = total
}
