package compare

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval/explain"
	"likely/saved"
)

// Kind is a kind of model that a comparison can fit. A new one is a package with
// the model, a file here with the kind, a line in [Kinds], and one in package saved.
type Kind interface {
	// Name is what --models calls it.
	Name() string
	// Summary is a line of help.
	Summary() string
	// LeftOut says why the kind does not suit the data; the zero Reason: it does.
	LeftOut(c *Settings, d *Data) Reason
	// Fit fits a model to the training rows.
	Fit(ctx context.Context, j *Job, d *Data) (*Fit, error)
}

// Kinds returns the kinds of models, in the order of reports.
func Kinds() []Kind {
	return []Kind{gaussian{}, kernels{}, mixture{}, independent{}, chowLiu{}, latentClasses{}, autoregressive{}, autoencoder{}, variational{}}
}

// Reason says why a kind does not suit the data, as a sentence about "it".
type Reason struct {
	Why string
	// Setting is the one that asks for what it cannot do; "" for the data
	// themselves. Remedy is what else than leaving it out helps.
	Setting, Remedy string
	// Said says that who asked for no models is told.
	Said bool
}

// streamer is a kind that can go on from a fit to the rows in memory with all rows
// of a file.
type streamer interface {
	stream(ctx context.Context, j *Job, fit *Fit, d *Data) (*Fit, error)
}

// reserved is a kind that is fitted where it is asked for, and in some runs besides.
type reserved interface {
	// Reserved reports whether the kind is left out unless it is named.
	Reserved(c *Settings) bool
}

// encoded is a kind whose models bound log p(x) by an encoder.
type encoded interface {
	// Subject returns a fitted model as what can be explained, and whether it can.
	Subject(saved.Fitted) (explain.Subject, bool)
	// Activity returns how many dimensions of the code are used over some rows
	// (N×D, in model space; row i counts weights[i] times, or once), and what each
	// says of a row, in nats.
	Activity(m saved.Fitted, x *mat.Dense, weights []float64) (active int, rate []float64)
}

// Reconstructor is a model that encodes rows and decodes them again.
type Reconstructor interface {
	// Reconstruct stores the reconstructions of the rows of x (N×D, in model
	// space) in dst (N×D, or nil) and returns it.
	Reconstruct(dst, x *mat.Dense) *mat.Dense
}

// evaluable is a model that says itself how its log p(x) is known: in closed form,
// without a proposal, or by draws from one.
type evaluable interface {
	Evaluable() (density.Model, density.Proposal, error)
}

// leavable is a model that training rows are a part of: what they may be measured by is
// the density that each of them is left out of.
type leavable interface {
	LeftOut() density.Exact
}

// observable is a model that is exact on what is observed of a row, values that are
// missing (NaN) being integrated out.
type observable interface {
	Observed() density.Exact
}

// KindNames returns the names that --models takes.
func KindNames() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name())
	}
	return names
}

// KindSummaries returns a line of help for each kind.
func KindSummaries() []string {
	var lines []string
	for _, k := range Kinds() {
		lines = append(lines, fmt.Sprintf("%-11s %s", k.Name(), k.Summary()))
	}
	return lines
}

// lookupKind returns the kind of a name, and whether there is one.
func lookupKind(name string) (Kind, bool) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name() == name })
	if i < 0 {
		return nil, false
	}
	return kinds[i], true
}

// selectKinds returns the kinds to fit: those asked for, or all that suit the data.
// One that was asked for and does not suit is an error.
func selectKinds(c *Settings, d *Data) ([]Kind, error) {
	if c.GapRows > 0 && c.rowsByRows() != "" {
		d.warnf("the estimators of {GapRows} are left out: they do not go with %s", c.rowsByRows())
	}
	var chosen []Kind
	if len(c.Models) == 0 {
		for _, k := range Kinds() {
			if r, ok := k.(reserved); ok && r.Reserved(c) {
				continue
			}
			if r := k.LeftOut(c, d); r.Why != "" {
				if r.Setting != "" || r.Said { // that models of another measure are not there needs no word
					d.warnf("%s is left out: %s", k.Name(), r.Why)
				}
				continue
			}
			chosen = append(chosen, k)
		}
		return chosen, nil
	}
	for _, name := range c.Models {
		k, _ := lookupKind(name)
		switch r := k.LeftOut(c, d); {
		case r.Why == "":
		case r.Setting != "":
			return nil, usagef("{Models=%s} with {%s}: %s; leave it out, or %s", name, r.Setting, r.Why, r.Remedy)
		default:
			return nil, density.SettingErrorf(nil, "{Models=%s}: %s; leave it out, or %s", name, r.Why, r.Remedy)
		}
		chosen = append(chosen, k)
	}
	return chosen, nil
}

// rowsByRows returns what the data have that not every kind takes exactly: missing
// values, weights, or "".
func (c *Settings) rowsByRows() string {
	switch {
	case c.Missing:
		return "missing values"
	case c.Weights != "":
		return "weights"
	}
	return ""
}

// notOf is the reason of kinds that are no distribution of data on a measure.
func notOf(m density.Measure) Reason {
	return Reason{Why: fmt.Sprintf("it is no distribution of %s data", m), Remedy: "change {Types}, {Binarize} or {Likelihood}"}
}
