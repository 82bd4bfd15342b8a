package compare

import (
	"errors"
	"math"
	"slices"
	"strings"

	"likely/dataset"
	"likely/density"
	"likely/gmm/selection"
	"likely/internal/oneline"
	"likely/vae"
)

// ErrUsage marks an error in the settings, as opposed to one in the data or the
// numerics.
var ErrUsage = errors.New("usage")

// usagef returns an error that wraps ErrUsage without showing the word. Its text
// names settings as the texts of package density do.
func usagef(format string, args ...any) error {
	return density.SettingErrorf(ErrUsage, format, args...)
}

// Check reports the first setting that makes no sense. The error wraps ErrUsage.
func (c *Settings) Check() error {
	for _, check := range []func() error{c.checkShares, c.checkCounts, c.checkMemory, c.checkMixture, c.checkExact, c.checkNetworks, c.checkMeasure, c.checkModels} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Settings) checkShares() error {
	for _, one := range []struct {
		name  string
		value float64
	}{{"Holdout", c.Holdout}, {"Valid", c.Valid}} {
		if !(one.value >= 0 && one.value < 1) {
			return usagef("{%s} %v: want a share from 0 up to, but not including, 1", one.name, one.value)
		}
	}
	if !(c.Floor >= 0 && c.Floor < 1) {
		return usagef("{Floor} %v: want a share of a column's variance below 1, or 0 for the default", c.Floor)
	}
	return nil
}

func (c *Settings) checkCounts() error {
	for _, one := range []struct {
		name         string
		value, least int
	}{
		{"Stream", c.Stream, 0}, {"Repeats", c.Repeats, 0},
		{"gmm.Starts", c.GMM.Starts, 0}, {"gmm.SplitMerge", c.GMM.SplitMerge, -1}, {"gmm.Iterations", c.GMM.Iterations, 0},
		{"lcm.Starts", c.LCM.Starts, 0}, {"lcm.Iterations", c.LCM.Iterations, 0}, {"vae.Latent", c.VAE.Latent, 0}, {"vae.Epochs", c.VAE.Epochs, 0}, {"vae.Batch", c.VAE.Batch, 0},
		{"vae.Samples", c.VAE.Samples, 0}, {"vae.Warmup", c.VAE.Warmup, 0}, {"vae.Patience", c.VAE.Patience, 0},
		{"EvalSamples", c.EvalSamples, 2}, {"EvalRows", c.EvalRows, 0}, {"GapRows", c.GapRows, 0}, {"Mixture", c.Mixture, 0},
	} {
		if one.value < one.least {
			return usagef("{%s} %d: want at least %d", one.name, one.value, one.least)
		}
	}
	if c.Mixture > 0 && c.Mixture < 16 {
		return usagef("{Mixture} %d: want 16 or more codes, or 0 for none", c.Mixture)
	}
	return nil
}

func (c *Settings) checkMixture() error {
	switch {
	case c.GMM.Components != 0 || c.GMM.Covariance != nil:
		return usagef("{gmm.Components} and {gmm.Covariance}: {Components} and {Families} stand for them")
	case c.GMM.Weights != nil || c.GMM.Labels != nil:
		return usagef("{gmm.Weights} and {gmm.Labels}: give {Weights}, a column of the data")
	case c.Criterion.Given && c.Criterion.Value == selection.HeldOut && c.Valid == 0:
		return usagef("{Criterion=held-out} needs validation rows: set {Valid}, or use cv")
	}
	return nil
}

// manyRows is a number of rows that no setting is too large for.
const manyRows = 1 << 40

// wrongUse is an error of a package that the settings alone are to blame for.
type wrongUse struct{ error }

func (w wrongUse) Is(target error) bool { return target == ErrUsage }

func (w wrongUse) Unwrap() error { return w.error }

// checkExact checks the settings of the exact models that are no Gaussian mixtures.
func (c *Settings) checkExact() error {
	switch {
	case c.LCM.Components != 0 || c.LCM.Weights != nil:
		return usagef("{lcm.Components} and {lcm.Weights}: {Classes} and {Weights} stand for them")
	case c.KDE.Weights != nil || c.KDE.Floor != 0 || c.Tree.Weights != nil || c.Tree.Missing:
		return usagef("{kde.Weights}, {kde.Floor}, {tree.Weights} and {tree.Missing}: {Weights}, {Floor} and {Missing} stand for them")
	}
	if _, err := c.KDE.Resolved(); err != nil {
		return wrongUse{of("kde", err)}
	}
	if _, err := c.Tree.Resolved(); err != nil {
		return wrongUse{of("tree", err)}
	}
	if c.MADE.Columns != nil || c.MADE.Floor != 0 {
		return usagef("{made.Columns} and {made.Floor}: the types of the columns and {Floor} stand for them")
	}
	if _, err := c.MADE.Resolved(manyRows, 1); err != nil {
		return wrongUse{of("made", err)}
	}
	return nil
}

func (c *Settings) checkNetworks() error {
	if c.VAE.Weights != nil || c.VAE.ValidWeights != nil || c.VAE.Levels != 0 || c.VAE.Dynamic || c.VAE.Missing || c.VAE.Columns != nil || c.VAE.Floor != 0 || c.VAE.PriorIterations != 0 || c.GMM.Floor != 0 || c.GMM.Missing {
		return usagef("{vae.Weights}, {vae.Columns}, {vae.Levels}, {vae.Dynamic}, {vae.Missing}, {vae.Floor}, {vae.PriorIterations}, {gmm.Floor} and {gmm.Missing}: the settings of the comparison stand for them")
	}
	if c.VAE.Likelihood != (vae.Likelihood{}) || c.VAE.Sigma != (vae.Sigma{}) {
		return usagef("{vae.Likelihood} and {vae.Sigma}: {Likelihood} and {Sigma} stand for them")
	}
	v := c.VAE
	for _, one := range []struct {
		name  string
		value float64
	}{
		{"vae.Rate", v.Rate}, {"vae.Freedom", v.Freedom}, {"vae.Beta", v.Beta}, {"vae.Epsilon", v.Epsilon}, {"vae.Decay", v.Decay},
		{"vae.Clip", v.Clip}, {"vae.FreeNats", v.FreeNats}, {"vae.Corruption", v.Corruption}, {"Effort", c.Effort},
	} {
		if !(one.value >= 0) || math.IsInf(one.value, 0) {
			return usagef("{%s} %v: want a positive number, or 0 for the default", one.name, one.value)
		}
	}
	for _, one := range []struct {
		name  string
		value float64
	}{{"vae.Beta1", v.Beta1}, {"vae.Beta2", v.Beta2}, {"vae.Momentum", v.Momentum}} {
		if !(one.value >= 0 && one.value < 1) {
			return usagef("{%s} %v: want a number from 0, for the default, up to, but not including, 1", one.name, one.value)
		}
	}
	switch {
	case v.Freedom > 0 && c.Likelihood.Value != vae.StudentT:
		return usagef("{vae.Freedom} %v: add {Likelihood=student-t}; no other has degrees of freedom", v.Freedom)
	case v.FreeNats > 0 && v.Objective != vae.ELBO:
		return usagef("{vae.FreeNats} %v: it takes the divergence in closed form; use {vae.Objective=elbo}", v.FreeNats)
	case v.Schedule == vae.Plateau && c.Valid == 0:
		return usagef("{vae.Schedule=plateau}: it follows the bound on validation rows; give a {Valid} above 0")
	}
	v.Likelihood, v.Sigma, v.Floor = c.Likelihood.Value, c.Sigma.Value, c.Floor
	if _, err := v.Resolve(manyRows); err != nil {
		return wrongUse{of("vae", err)}
	}
	return nil
}

// levels says whether the networks give probabilities of levels as they are.
func (c *Settings) levels() bool {
	return c.Likelihood.Given && slices.Contains(c.Likelihood.Value.Measures(), density.Discrete)
}

func (c *Settings) checkMeasure() error {
	binarized, spread := c.Binarize != dataset.NotBinarized, c.Dequantize == DequantizeAlways
	missing := c.Missing || len(c.MissingValues) > 0
	switch {
	case spread && binarized:
		return usagef("{Dequantize} and {Binarize} %v exclude each other: noise is for levels, not for bits", c.Binarize)
	case c.levels() && (binarized || spread || missing):
		return usagef("{Likelihood} %v: it is for levels as they are; leave out {Binarize}, {Dequantize} and {Missing}", c.Likelihood)
	case missing && (binarized || spread):
		return usagef("{Missing} with {Binarize} or {Dequantize}: values that are missing have no level; leave one of them out")
	case c.Weights != "" && (c.Novelty || binarized || c.levels()):
		return usagef("{Weights} with {Novelty}, {Binarize} or levels: these take rows one by one; leave one of them out")
	case c.Stream > 0 && c.Group != "":
		return usagef("{Stream} with {Group}: rows are streamed one by one, whatever their group; leave one of them out")
	case c.Group != "" && c.Criterion.Given && c.Criterion.Value == selection.CrossValidation:
		return usagef("{Criterion=cv} with {Group}: it divides groups; leave it out, and rows left out by groups decide")
	case c.Stream > 0 && (binarized || spread || c.levels()):
		return usagef("{Stream} with {Binarize}, {Dequantize} or levels: rows are streamed as the numbers they are; leave one of them out")
	}
	return nil
}

func (c *Settings) checkModels() error {
	for i, name := range c.Models {
		if _, known := lookupKind(name); !known {
			return usagef("{Models}: unknown model %q; known are %s", oneline.Short(name), strings.Join(KindNames(), ", "))
		}
		if slices.Contains(c.Models[:i], name) {
			return usagef("{Models}: %q is named twice; leave one of them out", name)
		}
	}
	return nil
}
