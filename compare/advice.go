package compare

import (
	"strings"

	"likely/density"
)

// codes is the name, in place of a package's, of the mixture that is fitted to the codes
// of a plain autoencoder.
const codes = "codes"

// own are the settings of packages that the comparison has under a name of its own:
// for all its fits, or in the place of one of the package's.
var own = map[string]string{
	"Floor": "Floor", "Missing": "Missing", "Weights": "Weights", "Valid": "Valid", "Dynamic": "Binarize=dynamic", "Likelihood": "Likelihood",
	"gmm.Components": "Components", "gmm.Covariance": "Families", "gmm.Families": "Families", "gmm.Criterion": "Criterion",
	"lcm.Components":      "Classes",
	"vae.PriorIterations": "gmm.Iterations",
	codes + ".Components": "vae.Prior=ex-post:K", codes + ".Iterations": "gmm.Iterations", codes + ".Covariance": codes + ".Covariance",
}

// Within returns the spelling of the settings of a package that is asked by the
// comparison: its own where it has them, else those of the package.
func Within(spell density.Spelling, pkg string) density.Spelling {
	return func(setting, value string) string {
		name := setting[strings.LastIndexByte(setting, '.')+1:]
		if name == setting {
			setting = pkg + "." + name
		}
		other, known := own[setting]
		if !known {
			other, known = own[name]
		}
		if !known {
			return spell(setting, value)
		}
		if key, fixed, found := strings.Cut(other, "="); found {
			return spell(key, fixed)
		}
		return spell(other, value)
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
		text := w.In(Within(j.spelling(), pkg), logJacobian)
		if pkg == codes {
			text = "the mixture fitted to the codes: " + strings.TrimPrefix(text, "gmm: ")
			if w.Nats() {
				text += " (nats of the codes)"
			}
		}
		lines = append(lines, strings.TrimPrefix(text, pkg+": "))
	}
	return lines
}

// warnf is a warning of the comparison itself.
func (d *Data) warnf(format string, args ...any) {
	d.Warnings = append(d.Warnings, density.Warnf(format, args...))
}

// of marks an error as one of a package that the comparison asked, whose settings are
// the comparison's; nil stays nil.
func of(pkg string, err error) error {
	return density.Respelled(err, func(spell density.Spelling) density.Spelling { return Within(spell, pkg) })
}
