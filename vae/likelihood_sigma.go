package vae

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Sigma says where the standard deviation of a Gaussian p(x|z) comes from.
// The zero value is [Network]. Whatever is learned has a floor; see
// Settings.Floor.
type Sigma struct {
	source sigmaSource
	value  float64
}

type sigmaSource int

const (
	fromNetwork sigmaSource = iota
	fromShared
	fromPerDim
	fromConstant
	fromResiduals
)

var (
	// Network gives each column its own σ(z), an output of the decoder.
	Network = Sigma{}
	// Shared is one learned σ for all columns and codes. A linear VAE with it
	// is probabilistic PCA.
	Shared = Sigma{source: fromShared}
	// PerDim is one learned σ for each column. A linear VAE with it is factor
	// analysis.
	PerDim = Sigma{source: fromPerDim}
	// Optimal is one σ for all columns, the one that is best for the
	// decoder's present residuals: σ² is a running mean of their squares
	// instead of a parameter with a gradient (Rybkin et al. 2021, eq. 6,
	// there from the minibatch alone). For Likelihood Gaussian.
	Optimal = Sigma{source: fromResiduals}
)

// Fixed returns a constant standard deviation sd > 0, in the units of the
// data.
func Fixed(sd float64) Sigma { return Sigma{source: fromConstant, value: sd} }

// String returns network, shared, per-dim, optimal or, for a constant standard
// deviation, fixed:0.1.
func (s Sigma) String() string {
	switch s.source {
	case fromNetwork:
		return "network"
	case fromShared:
		return "shared"
	case fromPerDim:
		return "per-dim"
	case fromResiduals:
		return "optimal"
	default:
		return "fixed:" + strconv.FormatFloat(s.value, 'g', -1, 64)
	}
}

// MarshalText implements encoding.TextMarshaler.
func (s Sigma) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler for the forms that String
// returns.
func (s *Sigma) UnmarshalText(text []byte) error {
	switch name := string(text); name {
	case "network":
		*s = Network
	case "shared":
		*s = Shared
	case "per-dim":
		*s = PerDim
	case "optimal":
		*s = Optimal
	default:
		number, ok := strings.CutPrefix(name, "fixed:")
		sd, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil {
			return fmt.Errorf("vae: unknown sigma %q; want network, shared, per-dim, optimal or fixed:NUMBER", name)
		}
		*s = Fixed(sd)
		return s.check()
	}
	return nil
}

func (s Sigma) check() error {
	if s.source == fromConstant && (!(s.value > 0) || math.IsInf(s.value, 0)) {
		return wrong("{Sigma=%v}: {err}; want a positive number, such as 0.1", s)
	}
	return nil
}

// learned says whether σ is a vector of parameters beside the networks.
func (s Sigma) learned() bool { return s.source == fromShared || s.source == fromPerDim }

// Constant returns the standard deviation of [Fixed]; ok is false for others.
func (s Sigma) Constant() (sd float64, ok bool) { return s.value, s.source == fromConstant }
