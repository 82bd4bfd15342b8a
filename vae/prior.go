package vae

import (
	"fmt"
	"strconv"
	"strings"

	"likely/density"
)

// Prior says what p(z) is. The zero value is [StandardNormal]. The others are
// mixtures of Gaussians, so that a [Model] gives them as a gmm.Model; the
// divergence of q(z|x) from a mixture has no closed form and is estimated from
// the draws.
type Prior struct {
	kind       priorKind
	components int
}

type priorKind int

const (
	priorNormal priorKind = iota
	priorMixture
	priorVamp
	priorExPost
)

// StandardNormal is p(z) = N(0, I).
var StandardNormal = Prior{}

// LearnedMixture is a mixture of k Gaussians with diagonal covariances whose
// weights, means and variances are trained together with the networks.
func LearnedMixture(k int) Prior { return Prior{priorMixture, k} }

// Vamp is the variational mixture of posteriors,
//
//	p(z) = (1/K) Σ q(z|u_k)
//
// with k pseudo-inputs u_k that are trained together with the networks
// (Tomczak & Welling 2018, eq. 9). They start as training rows.
func Vamp(k int) Prior { return Prior{priorVamp, k} }

// ExPost is N(0, I) in training and afterwards a mixture of k Gaussians with
// full covariances, fitted to draws from q(z|x) for the training rows (Ghosh
// et al. 2020, §3.2); see [Model.FitPrior].
func ExPost(k int) Prior { return Prior{priorExPost, k} }

var priorNames = [...]string{"normal", "mixture", "vamp", "ex-post"}

// String returns normal, mixture:K, vamp:K or ex-post:K.
func (p Prior) String() string {
	name := enumName(int(p.kind), priorNames[:], "Prior")
	if p.kind == priorNormal {
		return name
	}
	return name + ":" + strconv.Itoa(p.components)
}

// MarshalText implements encoding.TextMarshaler.
func (p Prior) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler for the forms that String
// returns.
func (p *Prior) UnmarshalText(text []byte) error {
	name, number, counted := strings.Cut(string(text), ":")
	kind, err := enumParse([]byte(name), priorNames[:], "prior")
	if err != nil || counted != (priorKind(kind) != priorNormal) {
		return fmt.Errorf("vae: unknown prior %q; want normal, mixture:K, vamp:K or ex-post:K", text)
	}
	parsed := Prior{kind: priorKind(kind)}
	if counted {
		if parsed.components, err = strconv.Atoi(number); err != nil {
			return fmt.Errorf("vae: prior %q: want a number of components, such as %s:5", text, name)
		}
	}
	if err := parsed.check(); err != nil {
		return err
	}
	*p = parsed
	return nil
}

// Components returns the number of components, 1 for N(0, I).
func (p Prior) Components() int { return max(p.components, 1) }

// learned says whether p(z) has parameters that are trained.
func (p Prior) learned() bool { return p.kind == priorMixture || p.kind == priorVamp }

func (p Prior) check() error {
	const most = 1 << 20
	if p.kind < 0 || int(p.kind) >= len(priorNames) {
		return fmt.Errorf("vae: unknown prior %d: %w", p.kind, ErrSettings)
	}
	if p.kind != priorNormal && (p.components < 1 || p.components > most) {
		return wrong("{Prior=%v} has %d components: {err}; want 1 to %d", p, p.components, most)
	}
	return nil
}

// checkTraining returns an error where the prior does not go with the other
// settings or with n training rows.
func (p Prior) checkTraining(s *Settings, n int) error {
	if err := p.check(); err != nil {
		return err
	}
	switch {
	case p.learned() && s.FreeNats > 0:
		return wrong("{FreeNats} is %v with {Prior=%v}: {err}; the divergence from a mixture has no parts by dimension, so want normal", s.FreeNats, p)
	case p.kind == priorVamp && p.components > n:
		return density.SettingErrorf(ErrRows, "vae: {Prior=%v} with %d training rows: {err}; its pseudo-inputs start as training rows, so want vamp:%d or smaller", p, n, n)
	case p.kind == priorExPost && p.components > n:
		return density.SettingErrorf(ErrRows, "vae: {Prior=%v} with %d training rows: {err}; want ex-post:%d or smaller", p, n, n)
	}
	return nil
}
