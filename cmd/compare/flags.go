package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"likely/compare"
	"likely/gmm"
	"likely/results"
	"likely/vae"
)

// runFlags holds the flags of run: the settings of the comparison, and what the
// command itself does.
type runFlags struct {
	settings compare.Settings
	// fingerprint is that of the data of a run that is repeated, testPrint that of its
	// test file.
	fingerprint, testPrint string
	book                   *flagBook
	preset                 compare.Preset

	from   string
	out    string
	format string
	resume bool
	quiet  bool
	open   bool
}

// register adds the flags to set, each bound to the setting that it is. A new setting
// is a line here.
func (f *runFlags) register(set *pflag.FlagSet) {
	f.settings = compare.Default()
	f.book = newFlagBook(set)
	f.data()
	f.mixture()
	f.classes()
	f.neighbours()
	f.autoregressive()
	f.network()
	f.training()
	f.evaluation()
	f.output()
}

func (f *runFlags) data() {
	b, c := f.book.under("Data"), &f.settings
	bind(b, b.StringVar, &c.Test, "Test", "test", "`FILE` with the held-out rows (default: hold out a share)")
	bind(b, b.Float64Var, &c.Holdout, "Holdout", "holdout", "share of the rows held out for testing; 0: none")
	bind(b, b.Float64Var, &c.Valid, "Valid", "valid", "share of the training rows kept for early stopping and for choosing\namong settings; 0: train on all")
	b.value((*names)(&c.Columns), "Columns", "columns", "keep these columns: names, numbers from 1 or patterns, such as 'pixel*'")
	b.value((*names)(&c.Drop), "Drop", "drop", "leave these columns out")
	b.value((*types)(&c.Types), "Types", "types", "what columns are, such as sex=categorical,visits=count: continuous, rounded, count,\nbinary, categorical or identifier (left out); compare data info says what is found")
	bind(b, b.StringVar, &c.Label, "Label", "label", "`COLUMN` that names the classes: no model sees it, and pictures are coloured by it")
	bind(b, b.StringVar, &c.Group, "Group", "group", "`COLUMN` that says which rows belong together, such as a patient: all of them are on\nthe same side of every division, and no model sees it; label: the classes")
	b.text(&c.Transform, "Transform", "transform", "what the models see: standard, center or none; every figure is\nconverted back to the units of the data")
	b.text(&c.Binarize, "Binarize", "binarize", "for grey images: none, threshold, static or dynamic (fresh draws in training,\none fixed draw in evaluation)")
	b.text(&c.Dequantize, "Dequantize", "dequantize", "spread discrete levels by uniform noise of one step, fixed once by the seed;\nauto: for grey images that are not binarised")
	b.Lookup("dequantize").NoOptDefVal = compare.DequantizeAlways.String()
	bind(b, b.BoolVar, &c.Missing, "Missing", "missing", "empty cells, NA, ? and NaN are values that are missing: models are fitted to what\nis there, and log p of a row is that of what is there")
	b.value((*names)(&c.MissingValues), "MissingValues", "missing-values", "what else stands for a missing value, such as -999,9999; implies --missing")
	bind(b, b.BoolVar, &c.UnseenMissing, "UnseenMissing", "unseen-missing", "a level of the test file that training has not seen is a missing value, not an error")
	bind(b, b.StringVar, &c.Weights, "Weights", "weights", "`COLUMN`, by name or number, that says how often each row counts: 0 for not at all,\n2 for twice")
	bind(b, b.IntVar, &c.Stream, "Stream", "stream", "for a file larger than memory (.csv, .tsv, .npy, also .gz): hold a sample of N rows\nin memory, fit mixtures to all rows, read again in each pass; 0: read the file whole")
}

func (f *runFlags) mixture() {
	b, c := f.book.under("Mixture"), &f.settings
	z := standsFor()
	b.text(&c.Components, "Components", "gmm-components", "number of components, such as 5, or a range to choose from, such as 1-10;\nauto: chosen")
	b.text(&c.Families, "Families", "gmm-covariance", "family of the covariances; several to choose from; auto: chosen; or all of\n"+wrap(gmm.CovarianceNames())+";\nfactors:L and ppca:L are those with L factors, for many columns")
	b.text(&c.Criterion, "Criterion", "gmm-criterion", "how to choose among components and families: bic, aic, icl, held-out, cv, or auto:\nby rows left out")
	bind(b, b.IntVar, &c.GMM.Starts, "gmm.Starts", "gmm-starts", "fit from so many k-means starts and keep the best; 0: ten, and up to 50 while they\nare cheap")
	b.value((*moves)(&c.GMM.SplitMerge), "gmm.SplitMerge", "gmm-split-merge", "how many split-and-merge moves to try after the best start (each costs up to\n6 runs of EM); 0: none")
	bind(b, b.IntVar, &c.GMM.Iterations, "gmm.Iterations", "gmm-iterations", fmt.Sprintf("most EM iterations of a start, and of a mixture of codes; 0: as many as it takes,\nup to %d", z.mixture.Iterations))
}

func (f *runFlags) classes() {
	b, c := f.book.under("Mixture of discrete columns"), &f.settings
	b.text(&c.Classes, "Classes", "lcm-components", "number of classes, or a range to choose from; auto: chosen")
	bind(b, b.IntVar, &c.LCM.Starts, "lcm.Starts", "lcm-starts", "fit from so many starts and keep the best; 0: ten, and up to 50 while they are cheap")
	bind(b, b.IntVar, &c.LCM.Iterations, "lcm.Iterations", "lcm-iterations", "most EM iterations of a start; 0: up to 5000")
}

func (f *runFlags) neighbours() {
	b, c := f.book.under("Kernel density and tree"), &f.settings
	z := standsFor()
	b.text(&c.KDE.Shape, "kde.Shape", "kde-shape", "covariance of the kernels: diagonal or full")
	bind(b, b.IntVar, &c.KDE.Kernels, "kde.Kernels", "kde-kernels", fmt.Sprintf("most kernels; of more rows so many are drawn; 0: %d", z.kernels.Kernels))
	bind(b, b.IntVar, &c.KDE.Iterations, "kde.Iterations", "kde-iterations", fmt.Sprintf("most steps of the search for bandwidths; 0: %d", z.kernels.Iterations))
	bind(b, b.IntVar, &c.Tree.Iterations, "tree.Iterations", "tree-iterations", fmt.Sprintf("most EM iterations, which missing values take; 0: %d", z.tree.Iterations))
	bind(b, b.Float64Var, &c.Tree.Count, "tree.Count", "tree-count", fmt.Sprintf("counts added to each cell of a pair of binary columns; 0: %v; negative: none", z.tree.Count))
}

func (f *runFlags) autoregressive() {
	b, c := f.book.under("Autoregressive networks"), &f.settings.MADE
	z := standsFor()
	bind(b, b.IntVar, &c.Components, "made.Components", "made-components", fmt.Sprintf("normals in the conditional distribution of a continuous column; 0: %d", z.made.Components))
	b.value((*layers)(&c.Hidden), "made.Hidden", "made-hidden", "sizes of the hidden layers")
	bind(b, b.IntVar, &c.Orders, "made.Orders", "made-orders", fmt.Sprintf("networks, each with an order of the columns of its own, that are averaged; 0: %d", z.made.Orders))
	bind(b, b.IntVar, &c.Epochs, "made.Epochs", "made-epochs", fmt.Sprintf("most epochs of each; 0: as many as make %d steps, but at least %d", z.madeSteps, z.made.Epochs))
	bind(b, b.IntVar, &c.Patience, "made.Patience", "made-patience", fmt.Sprintf("epochs without gain on the validation rows after which the rate falls, and the\nthird time training ends; 0: a share of the epochs, but at least %d", z.made.Patience))
	bind(b, b.IntVar, &c.Batch, "made.Batch", "made-batch", fmt.Sprintf("rows in a minibatch; 0: %d", z.made.Batch))
	bind(b, b.Float64Var, &c.Rate, "made.Rate", "made-rate", fmt.Sprintf("learning rate; 0: %v", z.made.Rate))
}

func (f *runFlags) network() {
	b, c := f.book.under("Network"), &f.settings.VAE
	z := standsFor()
	b.value((*count)(&c.Latent), "vae.Latent", "vae-latent", "dimensions of the code; auto: chosen")
	b.value((*layers)(&c.Hidden), "vae.Hidden", "vae-hidden", "sizes of the hidden layers; none: linear; auto: chosen")
	b.text(&c.Activation, "vae.Activation", "vae-activation", "nonlinearity of the hidden layers: tanh, relu, elu, gelu or softplus")
	b.text(&c.Norm, "vae.Norm", "vae-norm", "normalise the hidden layers before it: none or layer")
	b.text(&f.settings.Likelihood, "Likelihood", "vae-likelihood", "what p(x|z) is: auto (the one that suits the data), or\n"+wrap(likelihoodNames()))
	bind(b, b.Float64Var, &c.Freedom, "vae.Freedom", "vae-freedom", fmt.Sprintf("degrees of freedom of student-t; 0: %v", z.net.Freedom))
	b.text(&c.Precision, "vae.Precision", "vae-precision", "arithmetic of the networks: float32 or float64 (log-densities are summed in float64\neither way)")
	b.text(&f.settings.Sigma, "Sigma", "vae-sigma", "where σ of a Gaussian decoder comes from: fixed:0.1 (in transformed units),\nshared, per-dim, optimal or network; auto: chosen")
	bind(b, b.BoolVar, &c.FullPosterior, "vae.FullPosterior", "vae-full-posterior", "give q(z|x) a full covariance instead of a diagonal one")
	b.text(&c.Prior, "vae.Prior", "vae-prior", "p(z): normal; or a mixture of K Gaussians: mixture:K, trained with the networks;\nvamp:K, the posteriors of K trained pseudo-inputs; ex-post:K, fitted to the codes\nafter training")
}

func (f *runFlags) training() {
	b, c := f.book.under("Training"), &f.settings.VAE
	z := standsFor()
	b.value((*count)(&c.Epochs), "vae.Epochs", "vae-epochs", "most epochs of training; auto: until the bound on rows left out no longer rises,\nor the budget ends")
	bind(b, b.IntVar, &c.Batch, "vae.Batch", "vae-batch", fmt.Sprintf("rows in a minibatch; 0: %d, or %d for a linear network", z.net.Batch, z.linear.Batch))
	b.value((*rate)(&c.Rate), "vae.Rate", "vae-rate", fmt.Sprintf("learning rate; auto: chosen about %v, or %v for a linear network", z.net.Rate, z.linear.Rate))
	bind(b, b.IntVar, &c.Samples, "vae.Samples", "vae-samples", fmt.Sprintf("draws of the code per row in the training bound; 0: %d, or %d for a linear network", z.net.Samples, z.linear.Samples))
	b.text(&c.Objective, "vae.Objective", "vae-objective", "what training raises: elbo, elbo-sampled, stl, iwae, dreg, score, score-baseline or\nmixture:S, a finite mixture at S evenly spread codes; evaluation is always by the plain bound and log p")
	bind(b, b.Float64Var, &c.Beta, "vae.Beta", "vae-beta", "weight of the divergence from the prior while training")
	bind(b, b.IntVar, &c.Warmup, "vae.Warmup", "vae-warmup", "epochs over which that weight rises from 0")
	bind(b, b.Float64Var, &c.FreeNats, "vae.FreeNats", "vae-free-nats", "divergence that each dimension of the code has free while training")
	b.text(&c.Optimizer, "vae.Optimizer", "vae-optimizer", "adam, adamw or sgd")
	bind(b, b.Float64Var, &c.Beta1, "vae.Beta1", "vae-beta1", fmt.Sprintf("β₁ of adam; 0: %v", z.net.Beta1))
	bind(b, b.Float64Var, &c.Beta2, "vae.Beta2", "vae-beta2", fmt.Sprintf("β₂ of adam; 0: %v", z.net.Beta2))
	bind(b, b.Float64Var, &c.Epsilon, "vae.Epsilon", "vae-epsilon", fmt.Sprintf("ε of adam; 0: %v", z.net.Epsilon))
	bind(b, b.Float64Var, &c.Momentum, "vae.Momentum", "vae-momentum", "momentum of sgd")
	bind(b, b.Float64Var, &c.Decay, "vae.Decay", "vae-decay", fmt.Sprintf("weight decay of adamw and sgd; 0: %v for adamw, none for sgd", z.adamW.Decay))
	b.text(&c.Schedule, "vae.Schedule", "vae-schedule", "course of the learning rate: descend (constant, then linearly to 0), constant, cosine,\nplateau (a third whenever the validation bound stops rising), or stages\n(of the IWAE paper; 364 or 3280 epochs)")
	bind(b, b.IntVar, &c.Patience, "vae.Patience", "vae-patience", fmt.Sprintf("epochs without gain on the validation rows after which training turns or ends;\n0: 1/%d of the epochs, but at least %d", z.steps/z.longPatience, z.net.Patience))
	bind(b, b.Float64Var, &c.Clip, "vae.Clip", "vae-clip", "cut gradients longer than this; 0: never")
	bind(b, b.Float64Var, &c.Corruption, "vae.Corruption", "ae-corruption", "standard deviation of noise on what the plain autoencoder sees, relative to the\ncolumns' scale: a denoising autoencoder; 0: none")
}

func (f *runFlags) evaluation() {
	b, c := f.book.under("Evaluation"), &f.settings
	bind(b, b.IntVar, &c.EvalSamples, "EvalSamples", "eval-samples", "importance samples per row for log p of models without a closed form")
	bind(b, b.IntVar, &c.EvalRows, "EvalRows", "eval-rows", "evaluate only the first N rows of each split; 0: all")
	bind(b, b.IntVar, &c.GapRows, "GapRows", "eval-gap-rows", "divide the gap of the bound on the first N rows, and bracket log p on N simulated\nones; 0: do not")
	bind(b, b.IntVar, &c.Mixture, "Mixture", "eval-mixture", "set the autoencoder beside finite mixtures of its outputs at up to S codes, drawn and\nevenly spread, on 100 rows at most; 0: do not")
	bind(b, b.BoolVar, &c.Novelty, "Novelty", "eval-novelty", "measure whether rows drawn from the models repeat or mix training rows,\nbeside rows for which that is known")
}

func (f *runFlags) output() {
	b, c := f.book.under("Run and output"), &f.settings
	z := standsFor()
	b.value((*names)(&c.Models), "Models", "models", "comma-separated models to fit, of "+strings.Join(compare.KindNames(), ", ")+"\n(default: all that suit the data)")
	b.text(&f.preset, "Preset", "preset", "quick, standard or thorough: how much work to spend where no flag says")
	b.text(&c.Budget, "Budget", "budget", "what each kind may spend on choosing and training: a time for all of them together,\nsuch as 60s, or floating-point operations for each, such as 2e12, which give the\nsame bits on any machine; auto: operations, by the number of rows")
	b.text(&c.Folds, "Folds", "folds", "hold out so many parts of the rows in turn, so that each row is judged by models\nthat did not see it; none: hold rows out once; auto: 5 for fewer than 1000 rows")
	bind(b, b.IntVar, &c.Repeats, "Repeats", "repeats", "make the whole procedure so often, with other seeds and divisions of the training\nrows, to know the error of training; 0: once")
	bind(b, b.BoolVar, &c.LearningCurve, "LearningCurve", "learning-curve", "fit every model to growing shares of the rows, too: how much more rows help, and where\none model overtakes another; takes up to five times as long")
	bind(b, b.Float64Var, &c.Floor, "Floor", "floor", fmt.Sprintf("smallest variance of any model, relative to that of the column; 0: %v", z.mixture.Floor))
	bind(b, b.Uint64Var, &c.Seed, "Seed", "seed", "seed of all randomness: equal seeds give equal results, bit for bit")
	f.out, f.format = "likely-out", "text"
	bind(b, b.StringVar, &f.out, "", "out", "`DIR` for report.html, results.json, figures and models")
	bind(b, b.StringVar, &f.format, "", "format", "what to print: text (what fits a screen; report.txt in DIR has all), json or csv")
	bind(b, b.StringVar, &f.from, "", "from", "repeat the run of this results.json; other flags change what they say")
	bind(b, b.BoolVar, &f.open, "", "open", "open the report in a browser when the run is done")
	bind(b, b.BoolVar, &f.resume, "", "resume", "continue an interrupted run with the same settings")
	bind(b, b.BoolVar, &f.quiet, "", "quiet", "no progress on standard error (warnings are still printed)")
}

// resolve turns the flags into settings, and returns an error of usage where one of
// them makes no sense.
func (f *runFlags) resolve(cmd *cobra.Command, args []string) error {
	if f.from != "" {
		if err := f.repeat(cmd.Flags()); err != nil {
			return err
		}
	}
	c := &f.settings
	changed := func(setting string) bool {
		flag, known := f.book.names[setting]
		return known && cmd.Flags().Changed(flag)
	}
	if len(args) == 1 {
		c.Dataset, f.fingerprint = args[0], ""
	}
	if changed("Test") {
		f.testPrint = ""
	}
	if f.from == "" || changed("Preset") {
		c.Apply(f.preset, changed)
	}
	if !changed("Folds") && (changed("Holdout") || changed("Valid")) {
		c.Folds = compare.OneSplit // who says which share is held out has it held out once
	}
	if _, known := formats[f.format]; !known {
		return usageError(fmt.Errorf("--format: %w", errFormat(f.format)))
	}
	return c.Check()
}

// repeat takes the settings of an earlier run, but for the flags that were given.
func (f *runFlags) repeat(given *pflag.FlagSet) error {
	file, err := os.Open(f.from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer file.Close()
	r, err := results.ReadJSON(file)
	if err != nil {
		return fmt.Errorf("--from %s: %w", f.from, err)
	}
	earlier := runFlags{}
	earlier.register(pflag.NewFlagSet("", pflag.ContinueOnError))
	if err := earlier.settings.Read(r.Settings); err != nil {
		return fmt.Errorf("--from %s: %w", f.from, err)
	}
	given.Visit(func(flag *pflag.Flag) {
		if other := earlier.book.Lookup(flag.Name); other != nil && err == nil {
			err = other.Value.Set(flag.Value.String())
		}
	})
	f.settings, f.fingerprint = earlier.settings, r.Dataset.SHA256
	if r.Dataset.Test != nil {
		f.testPrint = r.Dataset.Test.SHA256
	}
	return err
}

func likelihoodNames() []string {
	var list []string
	for _, l := range vae.Likelihoods() {
		list = append(list, l.String())
	}
	return slices.Clip(list)
}

// wrap lists names over several lines of help.
func wrap(names []string) string {
	const width = 80
	var b strings.Builder
	used := 0
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
			if used += len(name) + 2; used > width {
				b.WriteByte('\n')
				used = 0
			} else {
				b.WriteByte(' ')
			}
		}
		if used == 0 {
			used = len(name)
		}
		b.WriteString(name)
	}
	return b.String()
}
