package report

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// What pictures ask of a fitted model. A model of a new kind that answers is drawn.
type (
	// decoder makes rows (N×D, in model space) of codes (N×L).
	decoder interface {
		LatentDim() int
		DecodeMean(dst, z *mat.Dense) *mat.Dense
	}
	// prior draws codes of its distribution.
	prior interface {
		RandPrior(z *mat.Dense, src rand.Source)
	}
	// coded has codes for rows, and their distribution as a mixture.
	coded interface {
		decoder
		Encode(dst, x *mat.Dense) *mat.Dense
		Prior() *gmm.Model
	}
	// mixed has components, each with the mean of its rows (K×D).
	mixed interface {
		Components() int
		Means() *mat.Dense
	}
)
