package vae

import (
	"math"
	"strconv"

	"likely/density"
)

// Objective is what training raises and how its gradient is estimated. Whatever
// it is, models are evaluated by the plain bound, at β = 1.
type Objective int

const (
	// ELBO is E_q log p(x|z) − KL(q ‖ p), the divergence in closed form
	// where the prior allows it (Kingma & Welling 2014, eq. 10). The zero
	// value.
	ELBO Objective = iota
	// SampledELBO is the same bound with the divergence estimated from the
	// draws (Kingma & Welling 2014, eq. 8).
	SampledELBO
	// STL is the same bound with the score of q left out of the gradient,
	// which then vanishes where q is the posterior (Roeder et al. 2017,
	// eq. 8).
	STL
	// IWAE is the bound log (1/K) Σ w over K = Settings.Samples draws, with
	// w = p(x,z)/q(z|x) (Burda et al. 2016, eq. 8).
	IWAE
	// DReG is the gradient of the same bound whose signal does not drown in
	// noise as K grows (Tucker et al. 2019, eq. 8).
	DReG
	// Score is the gradient of the ELBO without reparameterisation,
	// E (log w)·∂log q/∂φ: the lesson on why the latter matters (Ranganath
	// et al. 2014; REINFORCE).
	Score
	// ScoreBaseline is Score with the mean of the other draws for the same
	// row taken off as a baseline (Mnih & Rezende 2016, eq. 8); it needs two
	// Samples or more.
	ScoreBaseline
)

var objectiveNames = [...]string{"elbo", "elbo-sampled", "stl", "iwae", "dreg", "score", "score-baseline"}

// String returns the name that the command uses, mixture:S for [MixtureOf].
func (o Objective) String() string {
	if s := o.codes(); s > 0 {
		return mixturePrefix + strconv.Itoa(s)
	}
	return enumName(int(o), objectiveNames[:], "Objective")
}

// MarshalText implements encoding.TextMarshaler.
func (o Objective) MarshalText() ([]byte, error) {
	if o.codes() > 0 {
		return []byte(o.String()), nil
	}
	return enumMarshal(int(o), objectiveNames[:], "objective")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Objective) UnmarshalText(text []byte) error {
	if mixture, ok, err := parseMixture(string(text)); ok {
		if err == nil {
			*o = mixture
		}
		return err
	}
	i, err := enumParse(text, objectiveNames[:], "objective")
	if err == nil {
		*o = Objective(i)
	}
	return err
}

// drawWeight is how one draw enters the gradient of the bound. With
//
//	log w = log p(x|z) + β·(log p(z) − log q(z|x)),  z = z(φ, e)
//
// the gradient is the sum over the draws of
//
//	decoder · ∂log w/∂θ + path · ∂log w/∂z · ∂z/∂φ − score · ∂log q/∂φ
//
// the last at fixed z.
type drawWeight struct{ decoder, path, score float64 }

// weigh returns the value of the objective for one row, from the log weights
// of its draws in nats, and stores how each draw enters the gradient.
func (o Objective) weigh(drawWeights []drawWeight, logw []float64, beta float64) float64 {
	n := float64(len(logw))
	mean := 0.0
	for _, v := range logw {
		mean += v / n
	}
	switch o {
	case IWAE, DReG:
		total := density.LogSumExp(logw)
		for k, v := range logw {
			w := math.Exp(v - total)
			drawWeights[k] = drawWeight{decoder: w, path: w, score: beta * w}
			if o == DReG {
				drawWeights[k] = drawWeight{decoder: w, path: w * w}
			}
		}
		return total - math.Log(n)
	case Score, ScoreBaseline:
		for k, v := range logw {
			signal := v
			if o == ScoreBaseline {
				signal = (v - mean) * n / (n - 1) // v minus the mean of the others
			}
			drawWeights[k] = drawWeight{decoder: 1 / n, score: -signal / n}
		}
	default:
		for k := range drawWeights {
			drawWeights[k] = drawWeight{decoder: 1 / n, path: 1 / n, score: beta / n}
			if o == STL {
				drawWeights[k].score = 0
			}
		}
	}
	return mean
}
