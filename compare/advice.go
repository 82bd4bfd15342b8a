package compare

import (
	"strings"

	"likely/density"
)

// shared are the settings of a fit that the comparison has for all its fits.
var shared = map[string]string{"Floor": "Floor", "Missing": "Missing", "Weights": "Weights", "Components": "Components", "Covariance": "Families", "Families": "Families", "Criterion": "Criterion", "Likelihood": "Likelihood", "Dynamic": "Binarize=dynamic"}

// within returns the spelling of the settings of a package that is asked by the
// comparison: its own where it has them, else those of the package.
func within(spell density.Spelling, pkg string) density.Spelling {
	return func(setting, value string) string {
		name := setting[strings.LastIndexByte(setting, '.')+1:]
		if own, ok := shared[name]; ok {
			if own, fixed, found := strings.Cut(own, "="); found {
				return spell(own, fixed)
			}
			return spell(own, value)
		}
		if !strings.Contains(setting, ".") {
			setting = pkg + "." + setting
		}
		return spell(setting, value)
	}
}

// spelling is how the reader of the outcome gives settings.
func (j *Job) spelling() density.Spelling {
	if j.Spelling == nil {
		return density.Field
	}
	return j.Spelling
}

// advise returns the warnings of a fit by a package in the words of the reader, and in
// nats of the original data. The prefix that names the package goes: the name of the
// model stands in its place.
func (j *Job) advise(warnings []density.Warning, pkg string, logJacobian float64) []string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, strings.TrimPrefix(w.In(within(j.spelling(), pkg), logJacobian), pkg+": "))
	}
	return lines
}

// warnf is a warning of the comparison itself.
func (d *Data) warnf(format string, args ...any) {
	d.Warnings = append(d.Warnings, density.Warnf(format, args...))
}

// renamed is an error of a package whose settings are the comparison's.
type renamed struct {
	err error
	pkg string
}

// of marks an error as one of a package that the comparison asked; nil stays nil.
func of(pkg string, err error) error {
	if err == nil {
		return nil
	}
	return &renamed{err, pkg}
}

// Error returns the message for programs.
func (r *renamed) Error() string { return r.In(density.Field) }

// In returns the message in the words of a reader.
func (r *renamed) In(spell density.Spelling) string {
	return density.ErrorIn(r.err, within(spell, r.pkg))
}

// Unwrap returns the error of the package.
func (r *renamed) Unwrap() error { return r.err }
