package vae

import "math"

// Schedule is the course of the learning rate.
type Schedule int

const (
	// Descend keeps the rate constant until three quarters of the epochs are
	// over or, earlier, until the validation bound has stopped rising; it
	// then goes back to the best weights and takes the rate linearly to zero.
	// The descent averages out the noise of the minibatches, which a constant
	// rate leaves in the weights. The zero value.
	Descend Schedule = iota
	// Constant keeps the rate. Training ends early when the validation bound
	// has stopped rising.
	Constant
	// Cosine takes the rate to zero along half a cosine over all epochs
	// (Loshchilov & Hutter 2017, eq. 5, without restarts), and ends early
	// like Constant.
	Cosine
	// Plateau goes back to the best weights and divides the rate by three
	// whenever the validation bound has stopped rising, and ends below a
	// hundredth of the first rate. It needs validation rows.
	Plateau
	// Stages is the schedule of Burda et al. (2016): stage i = 1, 2, … lasts
	// 3^(i−1) epochs at Rate·10^(−(i−1)/7), rounded to a tenth of a
	// thousandth. Eight stages are 3280 epochs, six are 364.
	Stages
)

var scheduleNames = [...]string{"descend", "constant", "cosine", "plateau", "stages"}

// String returns the name that the command uses.
func (s Schedule) String() string { return enumName(int(s), scheduleNames[:], "Schedule") }

// MarshalText implements encoding.TextMarshaler.
func (s Schedule) MarshalText() ([]byte, error) {
	return enumMarshal(int(s), scheduleNames[:], "schedule")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Schedule) UnmarshalText(text []byte) error {
	i, err := enumParse(text, scheduleNames[:], "schedule")
	*s = Schedule(i)
	return err
}

// rate returns the learning rate of the next step.
func (r *run[T]) rate() float64 {
	s, p := &r.settings, &r.progress
	within := float64(p.Step) / float64(r.perEpoch)
	switch s.Schedule {
	case Cosine:
		return s.Rate * 0.5 * (1 + math.Cos(math.Pi*(float64(p.Epoch)+within)/float64(s.Epochs)))
	case Stages:
		return s.Rate * stageFactor(p.Epoch)
	case Plateau:
		return s.Rate * math.Pow(3, -float64(p.Drops))
	case Descend:
		if p.Descent > 0 {
			return s.Rate * (1 - (float64(p.Descended)+within)/float64(p.Descent))
		}
	}
	return s.Rate
}

// stageFactor returns the factor of the learning rate in an epoch, counted
// from 0: round(10^(1 − (i−1)/7), one decimal)/10 in stage i.
func stageFactor(epoch int) float64 {
	stage, length := 0, 1
	for epoch >= length {
		epoch -= length
		length *= 3
		stage++
	}
	return math.Round(10*math.Pow(10, 1-float64(stage)/7)) / 100
}

// reschedule is called before each epoch. It decides what happens when the bound has
// stopped rising and returns whether training is over.
func (r *run[T]) reschedule() bool {
	s, p := &r.settings, &r.progress
	stalled := r.valid != nil && p.Epoch-p.Last > max(s.Patience, 3*r.every)
	switch s.Schedule {
	case Descend:
		quarter := s.Epochs / 4
		if quarter == 0 {
			break // too few epochs to descend in
		}
		steady := s.Epochs - quarter
		if p.Descent == 0 && (p.Epoch >= steady || stalled || p.Hurry) {
			r.report.Converged = p.Epoch < steady && stalled
			p.Descent = min(quarter, descentOf(p.Epoch))
			r.restoreBest()
		}
		return p.Descent > 0 && p.Descended >= p.Descent
	case Plateau:
		if stalled {
			p.Drops++
			p.Last = p.Epoch
			r.restoreBest()
		}
		if p.Drops > 4 { // 3⁻⁵ < 1/100
			r.report.Converged = true
			return true
		}
	default:
		if stalled {
			r.report.Converged = true
			return true
		}
	}
	return p.Epoch >= s.Epochs
}

// descentOf returns the length of a descent that begins after so many epochs.
func descentOf(epochs int) int { return max(epochs/4, minPatience) }

// hurry is [stepper.Descend].
func (r *run[T]) hurry() { r.progress.Hurry = true }

// restoreBest returns to the best weights so far.
func (r *run[T]) restoreBest() {
	if r.valid != nil && r.report.BestEpoch > 0 {
		copy(r.theta, r.best)
	}
}
