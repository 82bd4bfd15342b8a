package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"likely/dataset"
	"likely/eval"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/kde"
	"likely/lcm"
	"likely/made"
	"likely/tree"
	"likely/vae"
)

// Settings says what a comparison is asked to do. [Default] holds the defaults of the
// command. As JSON, which results.json keeps, settings repeat a run.
type Settings struct {
	// Dataset is a name that package dataset knows, or a path.
	Dataset string `json:"dataset"`
	// Test is the path of the held-out rows; "": Holdout decides.
	Test string `json:"test,omitempty"`
	// Holdout is the share of the rows held out, and Valid that of the training
	// rows kept for early stopping and for choices; both in [0, 1).
	Holdout float64 `json:"holdout"`
	Valid   float64 `json:"valid"`
	// Models are names of [Kinds], in the order to report; nil: all that suit
	// the data.
	Models []string `json:"models,omitempty"`
	// Preset is the preset that was applied, for the record: [Settings.Apply]
	// applies one.
	Preset Preset `json:"preset"`
	// Seed is what all randomness derives from.
	Seed uint64 `json:"seed"`

	// Transform is what is done to the columns before the models see them.
	Transform Transform `json:"transform"`
	// Binarize and Dequantize decide the measure of levels.
	Binarize   dataset.Binarization `json:"binarize"`
	Dequantize Dequantize           `json:"dequantize"`
	// Columns are those to keep, and Drop those to leave out: names, numbers from 1 or
	// patterns; nil: all, and none. Label is the column that names the classes, which
	// no model sees; "": none.
	Columns []string `json:"columns,omitempty"`
	Drop    []string `json:"drop,omitempty"`
	Label   string   `json:"label,omitempty"`
	// Group is the column that says which rows belong together: all are in the same part
	// of the data and in the same fold, and count as one piece of evidence; "": none.
	Group string `json:"group,omitempty"`
	// Types overrules what the columns are taken for, by name, number or pattern.
	Types ColumnTypes `json:"types,omitempty"`
	// MissingValues are what stands for a missing value beside the usual; they imply
	// Missing.
	MissingValues []string `json:"missing_values,omitempty"`
	// Missing says that values may be missing.
	Missing bool `json:"missing,omitempty"`
	// UnseenMissing says that a level of a test file which the training data do not
	// have is a missing value, not an error.
	UnseenMissing bool `json:"unseen_missing,omitempty"`
	// Weights is the column that says how often each row counts; "": once.
	Weights string `json:"weights,omitempty"`
	// Stream is the number of rows of a file to hold in memory; 0: all.
	Stream int `json:"stream,omitempty"`

	// Floor is the smallest variance of any model relative to a column's; 0:
	// density.DefaultFloor. It is the one of GMM and of VAE too.
	Floor float64 `json:"floor,omitempty"`

	// Budget is what each kind of model may spend on choosing and training; the zero
	// value: what Effort times the preset's comes to.
	Budget Budget `json:"budget"`
	// Folds is the number of parts of the rows that are held out in turn, so that
	// every row is judged by models that did not see it: [OneSplit] for none, AutoFolds
	// where the rows decide.
	Folds Folds `json:"folds"`

	// Repeats is how often the whole procedure is made, with other seeds and divisions
	// of the training rows, to know the error of training; 0: once.
	Repeats int `json:"repeats,omitempty"`

	// LearningCurve says that every kind is fitted to growing shares of the rows, too.
	LearningCurve bool `json:"learning_curve,omitempty"`

	// Components is the number of components of the mixture, or a range to
	// choose from by Criterion, as Families is a list of families of covariances
	// to choose from; auto: chosen. They stand for GMM.Components and GMM.Covariance.
	Components Auto[Range]              `json:"gmm_components"`
	Families   Auto[selection.Families] `json:"gmm_covariance"`
	// Criterion is how to choose; auto: by the validation rows, or by BIC where
	// there are none.
	Criterion Auto[selection.Criterion] `json:"gmm_criterion"`
	GMM       gmm.Settings              `json:"gmm"`

	// Classes is the number of classes of the mixture of discrete columns, or a
	// range to choose from; auto: chosen. It stands for LCM.Components.
	Classes Auto[Range]  `json:"lcm_components"`
	LCM     lcm.Settings `json:"lcm"`

	// KDE, Tree and MADE are those of the exact neighbours.
	KDE  kde.Settings  `json:"kde"`
	Tree tree.Settings `json:"tree"`
	MADE made.Settings `json:"made"`

	// Likelihood is that of the networks; auto: the one that suits the measure.
	// It stands for VAE.Likelihood.
	Likelihood Auto[vae.Likelihood] `json:"vae_likelihood"`
	// Sigma is where the scale of their p(x|z) is from; auto: chosen. It stands for
	// VAE.Sigma.
	Sigma Auto[vae.Sigma] `json:"vae_sigma"`
	// Effort multiplies the work that a budget of 0 allows; 0: 1.
	Effort float64 `json:"effort,omitempty"`
	// VAE is what else is asked of the networks. What decides their size is chosen where
	// it is 0: Latent, Hidden, Rate and Epochs.
	VAE vae.Settings `json:"vae"`

	// EvalSamples is the number of importance samples for each row, EvalRows the
	// number of rows evaluated of each part (0: all), GapRows that of the rows on
	// which the gap is divided (0: none), Mixture the number of codes up to which an
	// autoencoder is set beside finite mixtures of its outputs (0: not; else 16 or more). Novelty says whether samples are
	// measured for being new.
	EvalSamples int  `json:"eval_samples"`
	EvalRows    int  `json:"eval_rows,omitempty"`
	GapRows     int  `json:"eval_gap_rows,omitempty"`
	Mixture     int  `json:"eval_mixture,omitempty"`
	Novelty     bool `json:"eval_novelty,omitempty"`
}

// Default returns the settings of the bare command. What a model's package decides
// has its default there.
func Default() Settings {
	mixture, err := gmm.Settings{}.Resolved()
	if err != nil {
		panic("compare: the defaults of gmm are impossible")
	}
	network, err := vae.Settings{}.Resolve(manyRows)
	if err != nil {
		panic("compare: the defaults of vae are impossible")
	}
	exact, err := made.Settings{}.Resolved(manyRows, 1)
	if err != nil {
		panic("compare: the defaults of made are impossible")
	}
	return Settings{
		Dataset:     "digits",
		Holdout:     0.2,
		Valid:       0.1,
		Seed:        1,
		GMM:         gmm.Settings{Starts: mixture.Starts, SplitMerge: mixture.SplitMerge},
		VAE:         vae.Settings{Beta: network.Beta},
		MADE:        made.Settings{Hidden: exact.Hidden},
		EvalSamples: eval.DefaultSamples,
	}
}

// mixture returns the settings of one mixture: how every candidate is fitted.
func (c *Settings) mixture() gmm.Settings {
	s := c.GMM
	s.Floor, s.Missing = c.Floor, c.Missing
	return s
}

// ErrRecord reports a record from which a run cannot be repeated.
var ErrRecord = errors.New("no record of the settings")

// Read sets the settings to those that results.json has recorded, and those that it
// does not have to their defaults.
func (c *Settings) Read(record []byte) error {
	if len(record) == 0 {
		return fmt.Errorf("%w: it was written before there was one; give the flags instead", ErrRecord)
	}
	read := Default() // what an older record does not have
	read.Folds = OneSplit
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	*c = read
	return nil
}
