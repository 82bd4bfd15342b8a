package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// MixturePoint is log p of N rows as that of the finite mixture (1/S) Σ p(x|zₛ) at S codes.
type MixturePoint struct {
	// Codes is S.
	Codes int
	// Nats is the mean over rows and sets of codes of log p, and SE its standard error
	// over the sets, which all rows share.
	Nats, SE float64
	// Distance is the root of the mean square, over rows and sets, of how far log p is
	// from the reference, in nats.
	Distance float64
}

// MixtureCurve is how log p nears a reference as the codes of a mixture grow in number.
type MixtureCurve struct {
	Points []MixturePoint
	// Rate is the power of S with which the distance changed over the last three points:
	// −½ for independent draws that are many; NaN for fewer points.
	Rate float64
	// Spent is the number of evaluations of p(x|z).
	Spent int64
}

const (
	// MixtureSets is the number of sets of codes whose spread is the error.
	MixtureSets = 4
	// firstCodes is the smallest number of codes, and codesFactor that from one to the
	// next.
	firstCodes, codesFactor = 16, 4
)

// Mixtures evaluates log p of the rows x (N×D) at 16, 64, 256, … and at last most ≥ 16
// codes, each number in four independent sets from codes, which returns so many rows (S×L)
// of equal weight, such as draws from the prior or vae.Model.SobolCodes. reference (length
// N) is what the values are measured by, such as Quadrate. It costs 4·N·(most + most/4 +
// …) evaluations of p(x|z). Errors wrap [ErrSettings], or name the row at which the model
// gives no number.
func Mixtures(ctx context.Context, m density.Latent, codes func(s int, src rand.Source) (*mat.Dense, error), x *mat.Dense, reference []float64, most int, purpose string, s Settings) (*MixtureCurve, error) {
	n, d := x.Dims()
	if d != m.Dim() || len(reference) != n {
		panic("eval: model, data and reference differ in dimension")
	}
	if most < firstCodes {
		return nil, fmt.Errorf("eval: a mixture at %d codes: %w; want %d or more", most, ErrSettings, firstCodes)
	}
	out := &MixtureCurve{Rate: math.NaN()}
	for count := firstCodes; ; count = min(count*codesFactor, most) {
		sets := make([]*mat.Dense, MixtureSets)
		for k := range sets {
			var err error
			if sets[k], err = codes(count, density.NewSource(s.Seed, purpose, uint64(count), uint64(k))); err != nil {
				return nil, err
			}
		}
		point, err := mixturePoint(ctx, m, sets, x, reference, s)
		if err != nil {
			return nil, err
		}
		out.Points, out.Spent = append(out.Points, point), out.Spent+int64(n)*int64(count)*MixtureSets
		if count == most {
			break
		}
	}
	if last := len(out.Points) - 3; last >= 0 {
		out.Rate = slopeOf(out.Points[last:])
	}
	return out, nil
}

// mixturePoint evaluates all rows at sets of codes of one size.
func mixturePoint(ctx context.Context, m density.Latent, sets []*mat.Dense, x *mat.Dense, reference []float64, s Settings) (MixturePoint, error) {
	n, count := len(reference), sets[0].RawMatrix().Rows
	logs := mat.NewDense(n, len(sets), nil)
	err := spread.Each(ctx, n, s.Progress, func() func(i int) error {
		terms := make([]float64, count)
		return func(i int) error {
			for k, z := range sets {
				v := density.LogMeanExp(m.LogLik(terms, density.Rows(x, i, i+1), z))
				if err := checkLogProb(i, v); err != nil {
					return err
				}
				logs.Set(i, k, v)
			}
			return nil
		}
	})
	if err != nil {
		return MixturePoint{}, fmt.Errorf("eval: mixtures: %w", err)
	}
	p := MixturePoint{Codes: count}
	means := make([]float64, len(sets))
	var squares float64
	for i, known := range reference {
		for k, v := range logs.RawRowView(i) {
			means[k] += v / float64(n)
			squares += (v - known) * (v - known)
		}
	}
	p.Distance = math.Sqrt(squares / float64(n*len(sets)))
	for _, v := range means {
		p.Nats += v / float64(len(means))
	}
	for _, v := range means {
		p.SE += (v - p.Nats) * (v - p.Nats)
	}
	p.SE = math.Sqrt(p.SE / float64(len(means)*(len(means)-1)))
	return p, nil
}

// slopeOf is the least-squares slope of the logarithm of the distance by that of S.
func slopeOf(points []MixturePoint) float64 {
	var a, b, aa, ab float64
	n := float64(len(points))
	for _, p := range points {
		u, v := math.Log(float64(p.Codes)), math.Log(p.Distance)
		a, b, aa, ab = a+u/n, b+v/n, aa+u*u/n, ab+u*v/n
	}
	return (ab - a*b) / (aa - a*a)
}
