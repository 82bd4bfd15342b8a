package explain

import (
	"context"
	"errors"
	"fmt"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

const annealingChains = 16

// temperatures are the numbers of temperatures of annealing, which rise; the last is
// for as many draws as manyDraws.
var temperatures = []int{10, 30, 100, 300}

// manyDraws is the number of draws from which annealing takes its time.
const manyDraws = 5000

// ladder returns the numbers of temperatures that annealing runs over, which rise, where an estimate has so many samples.
func ladder(samples int) []int {
	if samples < manyDraws {
		return temperatures[:len(temperatures)-1]
	}
	return temperatures
}

// mostTemperatures returns the largest of them.
func mostTemperatures(samples int) int {
	list := ladder(samples)
	return list[len(list)-1]
}

func (w *work) annealing(t int) eval.AnnealSettings {
	return eval.AnnealSettings{Chains: annealingChains, Temperatures: t, Seed: w.Seed, Progress: w.follow(fmt.Sprintf("annealing over %d temperatures", t))}
}

// startDraws and startWiden make of the refined q(z|x) a start for annealing: a
// normal of its moments, with deviations so much larger, as one that is narrower
// than the posterior makes a bad start.
const startDraws, startWiden = 2000, 1.3

// stuck turns chains that do not move into a warning, and passes other errors on.
func (w *work) stuck(err error) error {
	if !errors.Is(err, eval.ErrStuck) {
		return err
	}
	w.warn("annealing is left out: %v", err)
	return nil
}

// anneal adds annealing from the prior and from the refined q(z|x), each over rising
// numbers of temperatures.
func (w *work) anneal(ctx context.Context) error {
	start, err := elbo.MatchMoments(ctx, w.out.Held.best, w.X, max(startDraws, 20*w.Model.LatentDim()), startWiden, w.Seed)
	if err != nil {
		return fmt.Errorf("a start for annealing: %w", err)
	}
	if err := w.annealFrom(ctx, nil, AIS, "annealing, %d temperatures", "annealing from the prior", "AIS from p(z)"); err != nil {
		return err
	}
	return w.annealFrom(ctx, start, "ais_from_refined", "annealing from the refined q, %d", "annealing from the refined q(z|x)", "AIS from the refined q")
}

// annealFrom adds annealing from one start; nil: the prior.
func (w *work) annealFrom(ctx context.Context, start density.ProposalGradient, name, title, words, curve string) error {
	for _, t := range ladder(w.Samples) {
		settings := w.annealing(t)
		settings.Start = start
		a, err := eval.Anneal(ctx, w.Model, w.X, settings)
		if errors.Is(err, eval.ErrStuck) {
			w.warn("%s is left out: %v", words, err)
			w.refuse(name, fmt.Sprintf(title, t), err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		e := blank(name, fmt.Sprintf(title, t))
		e.Draws, e.Temperatures, e.Curve = annealingChains, t, curve
		e.Evaluations, e.Acceptance = a.Spent/int64(len(a.Acceptance)), mean(a.Acceptance)
		w.add(a.Estimate(), e)
		if t < mostTemperatures(w.Samples) {
			continue // that the shortest are rough is what the curve shows
		}
		for _, text := range a.Warnings {
			w.warn("%s over %d temperatures: %s", words, t, text)
		}
	}
	return nil
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
