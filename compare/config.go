package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"likely/vae"
)

// ErrUsage marks an error in how the command was called, as opposed to one in
// the data or the numerics.
var ErrUsage = errors.New("usage")

// usagef returns an error that wraps ErrUsage without showing the word.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func (e *usageError) Is(target error) bool { return target == ErrUsage }

// Config is what a comparison is asked to do. The flags of the command map to
// its fields one to one; [Default] holds their defaults.
type Config struct {
	Dataset string   // name or path
	Test    string   // path of the held-out rows; "": hold out a share
	Holdout float64  // share of the rows held out, 0 ≤ Holdout < 1
	Valid   float64  // share of the training rows for validation
	Models  []string // names, in the order to report; nil: all that fit the measure

	Preset     string // the preset that was applied, for the record
	Seed       uint64
	Transform  string // standard, center or none
	Binarize   string // none, threshold, static or dynamic
	Dequantize string // auto, yes or no
	Missing    bool   // values may be missing
	Weights    string // column that says how often each row counts; "": once
	Stream     int    // rows of a file to hold in memory; 0: all

	GMM GMMConfig
	VAE VAEConfig

	// Floor is the smallest variance relative to a column's, for all models;
	// 0: density.DefaultFloor.
	Floor float64

	EvalSamples int  // importance samples per row
	GapRows     int  // rows on which the gap is divided; 0: none
	Novelty     bool // measure whether samples are new
	EvalRows    int  // evaluate only the first rows of each split; 0: all
}

// GMMConfig configures the mixture.
type GMMConfig struct {
	Components Range
	Covariance string // a family, several with commas, or all
	Criterion  string // auto, bic, aic, icl, held-out or cv
	Starts     int
	SplitMerge int // 0: none
	Iterations int
}

// moves returns SplitMerge as [gmm.Settings] has it.
func (c GMMConfig) moves() int {
	if c.SplitMerge == 0 {
		return -1
	}
	return c.SplitMerge
}

// VAEConfig configures the variational autoencoder, and the plain one.
type VAEConfig struct {
	Latent     int
	Hidden     []int // empty: linear
	Activation vae.Activation
	Norm       vae.Norm
	Likelihood string  // auto, gaussian, bernoulli, …
	Freedom    float64 // degrees of freedom of student-t; 0: 4
	Precision  vae.Precision
	Sigma      vae.Sigma // fixed:V, shared, per-dim or network
	Epochs     int
	Batch      int
	Rate       float64
	Samples    int // draws per row in the bound while training; 0: the default
	// Effort multiplies the default number of training steps; 0: 1. It is
	// not used where Epochs says how many.
	Effort float64

	Objective     vae.Objective
	Beta          float64 // weight of the divergence from the prior; 0: 1
	Warmup        int     // epochs over which that weight rises
	FullPosterior bool    // q(z|x) with a full covariance
	Prior         vae.Prior
	Training      TrainingConfig
}

// Range is an inclusive range of a whole number, such as 5 or 1-10.
type Range struct{ From, To int }

// ParseRange reads "5" or "1-10".
func ParseRange(text string) (Range, error) {
	from, to, found := strings.Cut(text, "-")
	if !found {
		to = from
	}
	a, errA := strconv.Atoi(strings.TrimSpace(from))
	b, errB := strconv.Atoi(strings.TrimSpace(to))
	if errA != nil || errB != nil || a < 1 || b < a {
		return Range{}, fmt.Errorf("%q is neither a number such as 5 nor a range such as 1-10", text)
	}
	return Range{a, b}, nil
}

// String formats the range as ParseRange reads it.
func (r Range) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return fmt.Sprintf("%d-%d", r.From, r.To)
}

// ParseHidden reads the sizes of the hidden layers, "200,200", or "none" for a
// linear network.
func ParseHidden(text string) ([]int, error) {
	sizes := []int{}
	if text == "none" {
		return sizes, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is neither a list of layer sizes such as 200,200 nor none", text)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// Default returns the configuration of the bare command.
func Default() Config {
	return Config{
		Dataset:    "digits",
		Holdout:    0.2,
		Valid:      0.1,
		Seed:       1,
		Transform:  "standard",
		Binarize:   "none",
		Dequantize: "auto",
		GMM:        GMMConfig{Components: Range{5, 5}, Covariance: "full", Criterion: "auto", Starts: 10, SplitMerge: 1},
		VAE: VAEConfig{
			Latent: 2, Hidden: []int{200, 200},
			Likelihood: "auto",
		},
		EvalSamples: 1000,
	}
}

// Check reports the first setting that makes no sense, naming its flag. The
// error wraps ErrUsage.
func (c *Config) Check() error {
	oneOf := func(flag, value string, allowed ...string) error {
		if !slices.Contains(allowed, value) {
			return usagef("--%s %q: want one of %s", flag, value, strings.Join(allowed, ", "))
		}
		return nil
	}
	share := func(flag string, v float64) error {
		if !(v >= 0 && v < 1) {
			return usagef("--%s %v: want a share from 0 up to, but not including, 1", flag, v)
		}
		return nil
	}
	atLeast := func(flag string, v, least int) error {
		if v < least {
			return usagef("--%s %d: want at least %d", flag, v, least)
		}
		return nil
	}
	err := errors.Join(
		share("holdout", c.Holdout),
		share("valid", c.Valid),
		oneOf("transform", c.Transform, "standard", "center", "none"),
		oneOf("binarize", c.Binarize, "none", "threshold", "static", "dynamic"),
		oneOf("dequantize", c.Dequantize, "auto", "yes", "no"),
		atLeast("stream", c.Stream, 0),
		atLeast("gmm-starts", c.GMM.Starts, 1),
		atLeast("gmm-split-merge", c.GMM.SplitMerge, 0),
		atLeast("gmm-iterations", c.GMM.Iterations, 0),
		atLeast("vae-latent", c.VAE.Latent, 1),
		atLeast("vae-epochs", c.VAE.Epochs, 0),
		atLeast("vae-batch", c.VAE.Batch, 0),
		atLeast("vae-samples", c.VAE.Samples, 0),
		atLeast("vae-warmup", c.VAE.Warmup, 0),
		atLeast("eval-samples", c.EvalSamples, 2),
		atLeast("eval-rows", c.EvalRows, 0),
		atLeast("eval-gap-rows", c.GapRows, 0),
		oneOf("vae-likelihood", c.VAE.Likelihood, "auto", "gaussian", "bernoulli", "student-t", "continuous-bernoulli", discretized),
	)
	if err != nil {
		return firstUsage(err)
	}
	if c.VAE.Rate < 0 || math.IsNaN(c.VAE.Rate) || math.IsInf(c.VAE.Rate, 0) {
		return usagef("--vae-rate %v: want a positive learning rate, or 0 for the default", c.VAE.Rate)
	}
	if !(c.Floor >= 0 && c.Floor < 1) {
		return usagef("--floor %v: want a share of a column's variance below 1, or 0 for the default", c.Floor)
	}
	if !(c.VAE.Freedom >= 0) || math.IsInf(c.VAE.Freedom, 0) {
		return usagef("--vae-freedom %v: want a positive number of degrees of freedom, or 0 for 4", c.VAE.Freedom)
	}
	if c.VAE.Freedom > 0 && c.VAE.Likelihood != "student-t" {
		return usagef("--vae-freedom %v: add --vae-likelihood student-t; no other has degrees of freedom", c.VAE.Freedom)
	}
	if !(c.VAE.Beta >= 0) || math.IsInf(c.VAE.Beta, 0) {
		return usagef("--vae-beta %v: want a positive weight, or 0 for 1", c.VAE.Beta)
	}
	if c.VAE.Likelihood == discretized && (c.Binarize != "none" || c.Dequantize == "yes" || c.Missing) {
		return usagef("--vae-likelihood %s: it is for levels as they are; leave out --binarize, --dequantize and --missing", discretized)
	}
	if err := c.VAE.Training.check(c); err != nil {
		return err
	}
	if _, err := parseFamilies(c.GMM.Covariance, 2); err != nil {
		return err
	}
	if _, err := parseCriterion(c.GMM.Criterion, c.Valid > 0); err != nil {
		return err
	}
	if c.Missing && (c.Binarize != "none" || c.Dequantize == "yes") {
		return usagef("--missing with --binarize or --dequantize: values that are missing have no level; leave one of them out")
	}
	if c.Weights != "" && (c.Novelty || c.Binarize != "none" || c.VAE.Likelihood == discretized) {
		return usagef("--weights with --eval-novelty, --binarize or levels: these take rows one by one; leave one of them out")
	}
	if c.Stream > 0 && (c.Binarize != "none" || c.Dequantize == "yes" || c.VAE.Likelihood == discretized) {
		return usagef("--stream with --binarize, --dequantize or levels: rows are streamed as the numbers they are; leave one of them out")
	}
	for i, name := range c.Models {
		if _, known := lookupKind(name); !known {
			return usagef("--models: unknown model %q; known are %s", name, strings.Join(KindNames(), ", "))
		}
		if slices.Contains(c.Models[:i], name) {
			return usagef("--models: %q is named twice", name)
		}
	}
	return nil
}

// firstUsage returns the first of joined errors: one clear line, not many.
func firstUsage(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}
