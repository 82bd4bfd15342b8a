package dataset

import (
	"fmt"
	"strings"

	"likely/density"
)

// Errors and notes that advise an [Options] leave a gap for it, such as {Drop=age}, as
// texts of package density do: a program reads Options.Drop age, and a person who gives
// flags --drop age.

// optionNames are the options that texts name. Anything else in braces is part of a
// file, and stays.
var optionNames = []string{"Columns", "Drop", "Label", "Missing", "MissingValues", "Types", "UnseenMissing"}

// optionField is the spelling for programs.
func optionField(option, value string) string {
	return strings.TrimSuffix("Options."+option+" "+value, " ")
}

// fillOptions returns text with its gaps spelled.
func fillOptions(text string, spell density.Spelling) string {
	return density.Warning{Text: text}.In(func(setting, value string) string {
		for _, name := range optionNames {
			if name == setting {
				return spell(setting, value)
			}
		}
		if value != "" {
			setting += "=" + value
		}
		return "{" + setting + "}"
	}, 0)
}

// optionError is an error whose text has gaps for options.
type optionError struct{ err error }

// optionErrorf is fmt.Errorf for a text with gaps for options.
func optionErrorf(format string, args ...any) error {
	return &optionError{fmt.Errorf(format, args...)}
}

// Error returns the message for programs.
func (e *optionError) Error() string { return e.In(optionField) }

// In returns the message in the words of a reader.
func (e *optionError) In(spell density.Spelling) string {
	return fillOptions(density.ErrorIn(e.err, spell), spell)
}

// Unwrap returns what the error wraps.
func (e *optionError) Unwrap() error { return e.err }
