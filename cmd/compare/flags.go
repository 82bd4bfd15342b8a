package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"likely/compare"
	"likely/gmm"
)

// runFlags holds the flags of run that do not map to the configuration one to
// one.
type runFlags struct {
	config     compare.Config
	models     string
	dequantize bool
	components string
	hidden     string
	out        string
	format     string
	preset     string
	resume     bool
	quiet      bool
}

func (f *runFlags) register(set *pflag.FlagSet) {
	f.config = compare.Default()
	c := &f.config
	set.StringVar(&c.Test, "test", "", "`FILE` with the held-out rows (default: hold out a share)")
	set.Float64Var(&c.Holdout, "holdout", c.Holdout, "share of the rows held out for testing; 0: none")
	set.Float64Var(&c.Valid, "valid", c.Valid, "share of the training rows kept for early stopping and for choosing\namong settings; 0: train on all")
	set.StringVar(&f.models, "models", "", "comma-separated models to fit, of "+strings.Join(compare.KindNames(), ", ")+"\n(default: all that suit the data)")
	set.Uint64Var(&c.Seed, "seed", c.Seed, "seed of all randomness: equal seeds give equal results, bit for bit")
	set.StringVar(&f.out, "out", "likely-out", "`DIR` for results.json, figures and models")
	set.StringVar(&f.format, "format", "text", "what to print: text, json or csv")
	set.StringVar(&f.preset, "preset", "standard", "quick, standard or thorough: how much work to spend where no flag says")
	set.BoolVar(&f.resume, "resume", false, "continue an interrupted run with the same settings")
	set.BoolVar(&f.quiet, "quiet", false, "no progress on standard error (warnings are still printed)")
	set.StringVar(&c.Transform, "transform", c.Transform, "what the models see: standard, center or none; every figure is\nconverted back to the units of the data")
	set.StringVar(&c.Binarize, "binarize", c.Binarize, "for grey images: none, threshold, static or dynamic (fresh draws in training,\none fixed draw in evaluation)")
	set.BoolVar(&f.dequantize, "dequantize", false, "spread discrete levels by uniform noise of one step, fixed once by the seed\n(default: on for grey images that are not binarised)")
	set.BoolVar(&c.Missing, "missing", false, "empty cells, NA, ? and NaN are values that are missing: mixtures are fitted to\nwhat is there, exactly, and the networks are left out")

	set.StringVar(&c.Weights, "weights", "", "`COLUMN`, by name or number, that says how often each row counts: 0 for not at all,\n2 for twice; the networks are left out")
	set.IntVar(&c.Stream, "stream", 0, "for a file larger than memory (.csv, .tsv, .npy, also .gz): hold a sample of N rows\nin memory, on which mixtures are chosen and started and networks trained, and fit\nthe mixtures to all rows, read again in each pass; 0: read the file whole")

	set.Float64Var(&c.Floor, "floor", c.Floor, "smallest variance of any model, relative to that of the column; 0: 1e-6")

	set.StringVar(&f.components, "gmm-components", c.GMM.Components.String(), "number of components, such as 5, or a range to choose from, such as 1-10")
	set.StringVar(&c.GMM.Covariance, "gmm-covariance", c.GMM.Covariance, "family of the covariances, several to choose from, or all of\n"+wrap(gmm.CovarianceNames())+";\nfactors:L and ppca:L are those with L factors, for many columns")
	set.StringVar(&c.GMM.Criterion, "gmm-criterion", c.GMM.Criterion, "how to choose among components and families: bic, aic, icl, held-out, cv, or auto:\nheld-out on the validation rows, bic where there are none")
	set.IntVar(&c.GMM.Starts, "gmm-starts", c.GMM.Starts, "fit from so many k-means starts and keep the best")
	set.IntVar(&c.GMM.SplitMerge, "gmm-split-merge", c.GMM.SplitMerge, "most moves that merge two components and split a third, from the best start, while\nthey lead to a better optimum; a move tries up to 6 runs of EM; 0: none")
	set.IntVar(&c.GMM.Iterations, "gmm-iterations", c.GMM.Iterations, "most EM iterations of a start; 0: as many as it takes, up to 5000")

	set.IntVar(&c.VAE.Latent, "vae-latent", c.VAE.Latent, "dimensions of the code")
	set.StringVar(&f.hidden, "vae-hidden", "200,200", "sizes of the hidden layers; none: linear")
	set.TextVar(&c.VAE.Activation, "vae-activation", c.VAE.Activation, "nonlinearity of the hidden layers: tanh, relu, elu, gelu or softplus")
	set.TextVar(&c.VAE.Norm, "vae-norm", c.VAE.Norm, "normalise the hidden layers before it: none or layer")
	set.StringVar(&c.VAE.Likelihood, "vae-likelihood", c.VAE.Likelihood, "gaussian, student-t, bernoulli, continuous-bernoulli (data in [0,1]),\ndiscretized-logistic (probabilities of levels of grey, without noise), or auto:\nbernoulli for binary data, else gaussian")
	set.Float64Var(&c.VAE.Freedom, "vae-freedom", c.VAE.Freedom, "degrees of freedom of student-t; 0: 4")
	set.TextVar(&c.VAE.Precision, "vae-precision", c.VAE.Precision, "arithmetic of the networks: float32 or float64 (log-densities are summed in float64\neither way)")
	set.TextVar(&c.VAE.Sigma, "vae-sigma", c.VAE.Sigma, "where σ of a Gaussian decoder comes from: fixed:0.1 (in transformed units),\nshared, per-dim, optimal or network")
	set.IntVar(&c.VAE.Epochs, "vae-epochs", c.VAE.Epochs, "most epochs of training; 0: as many as make 6000 steps, but at least 30")
	set.IntVar(&c.VAE.Batch, "vae-batch", c.VAE.Batch, "rows in a minibatch; 0: 64, or 256 for a linear network")
	set.Float64Var(&c.VAE.Rate, "vae-rate", c.VAE.Rate, "learning rate of Adam; 0: 0.001, or 0.01 for a linear network")
	set.IntVar(&c.VAE.Samples, "vae-samples", c.VAE.Samples, "draws of the code per row in the training bound; 0: 1, or 4 for a linear network")
	set.TextVar(&c.VAE.Objective, "vae-objective", c.VAE.Objective, "what training raises: elbo, elbo-sampled, stl, iwae, dreg, score or score-baseline;\nevaluation is always by the plain bound and log p")
	set.Float64Var(&c.VAE.Beta, "vae-beta", 1, "weight of the divergence from the prior while training")
	set.IntVar(&c.VAE.Warmup, "vae-warmup", c.VAE.Warmup, "epochs over which that weight rises from 0")
	set.BoolVar(&c.VAE.FullPosterior, "vae-full-posterior", c.VAE.FullPosterior, "give q(z|x) a full covariance instead of a diagonal one")
	set.TextVar(&c.VAE.Prior, "vae-prior", c.VAE.Prior, "p(z): normal, or a mixture of Gaussians of K components: mixture:K, trained with\nthe networks; vamp:K, the posteriors of K trained pseudo-inputs; ex-post:K, fitted\nto the codes after training")

	registerTraining(set, &c.VAE.Training)

	set.IntVar(&c.EvalSamples, "eval-samples", c.EvalSamples, "importance samples per row for log p of models without a closed form")
	set.IntVar(&c.GapRows, "eval-gap-rows", c.GapRows, "divide the gap of the bound on the first N rows, and bracket log p on N simulated ones; 0: do not")
	set.IntVar(&c.EvalRows, "eval-rows", c.EvalRows, "evaluate only the first N rows of each split; 0: all")
	set.BoolVar(&c.Novelty, "eval-novelty", c.Novelty, "measure whether rows drawn from the models repeat or mix training rows,\nbeside rows of which that is known")
	set.SortFlags = false
}

// resolve turns the flags into a configuration, and returns an error of usage
// where one of them makes no sense.
func (f *runFlags) resolve(cmd *cobra.Command, args []string) error {
	c := &f.config
	if len(args) == 1 {
		c.Dataset = args[0]
	}
	var err error
	if c.GMM.Components, err = compare.ParseRange(f.components); err != nil {
		return usageError(flagError("gmm-components", err))
	}
	if c.VAE.Hidden, err = compare.ParseHidden(f.hidden); err != nil {
		return usageError(flagError("vae-hidden", err))
	}
	if f.models != "" {
		for name := range strings.SplitSeq(f.models, ",") {
			c.Models = append(c.Models, strings.TrimSpace(name))
		}
	}
	if cmd.Flags().Changed("dequantize") {
		c.Dequantize = map[bool]string{true: "yes", false: "no"}[f.dequantize]
	}
	if err := c.ApplyPreset(f.preset, cmd.Flags().Changed); err != nil {
		return err
	}
	if _, known := formats[f.format]; !known {
		return usageError(flagError("format", errFormat(f.format)))
	}
	return c.Check()
}

// wrap lists names over several lines of help.
func wrap(names []string) string {
	var b strings.Builder
	for i, name := range names {
		switch {
		case i == 0:
		case i%10 == 0:
			b.WriteString(",\n")
		default:
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	return b.String()
}
