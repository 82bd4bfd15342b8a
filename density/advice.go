package density

import (
	"fmt"
	"strings"
)

// Packages advise in terms of their Settings, whoever reads it: a program that
// sets fields, or a person who gives flags. So the texts below leave gaps, which
// are filled when they are printed:
//
//	{Floor}            the setting Floor
//	{Norm=layer}       the setting Norm with the value layer
//	{nats}             Warning.LogProb, a log-density per row
//	{err}              SettingError.Err
//
// Names of settings begin with a capital letter. One that belongs to another
// package has its name in front: {gmm.Floor}.

// Spelling writes a setting the way the reader gives it. value is "" where only
// the setting is meant.
type Spelling func(setting, value string) string

// Field is the [Spelling] for programs: Settings.Norm, or Settings.Norm layer.
func Field(setting, value string) string {
	if dot := strings.LastIndexByte(setting, '.'); dot >= 0 {
		setting = setting[:dot+1] + "Settings." + setting[dot+1:]
	} else {
		setting = "Settings." + setting
	}
	return given(setting, value)
}

// Flag returns the [Spelling] of a command whose flags are found by the names of
// the settings: --vae-norm, or --vae-norm layer. A setting without a flag is
// spelled as in [Field].
func Flag(flags map[string]string) Spelling {
	return func(setting, value string) string {
		if flag, ok := flags[setting]; ok {
			return given("--"+flag, value)
		}
		return Field(setting, value)
	}
}

func given(name, value string) string {
	if value == "" {
		return name
	}
	return name + " " + value
}

// Warning says what is doubtful about a result and what to try.
type Warning struct {
	// Text is the message, with gaps as above.
	Text string
	// LogProb is a log-density in nats per row, in the units of the rows that
	// were fitted: what {nats} stands for.
	LogProb float64
}

// Warnf returns a Warning with a formatted text.
func Warnf(format string, args ...any) Warning { return Warning{Text: fmt.Sprintf(format, args...)} }

// String returns the message for programs, its nats as they are.
func (w Warning) String() string { return w.In(Field, 0) }

// In returns the message in the words of a reader. logJacobian is added to
// LogProb; where rows were transformed before the fit, the log-Jacobian of the
// transform takes it to nats of the original data.
func (w Warning) In(spell Spelling, logJacobian float64) string {
	return fill(w.Text, spell, func(gap string) (string, bool) {
		return fmt.Sprintf("%.6g", w.LogProb+logJacobian), gap == "nats"
	})
}

// Settings returns the settings that the message names, in its order.
func (w Warning) Settings() []string { return named(w.Text) }

// Nats reports whether the message has a log-density.
func (w Warning) Nats() bool { return strings.Contains(w.Text, "{nats}") }

// Renamed returns the warning with other names for its settings: those of a
// caller that made a part of its own settings into those of the fit. A new name
// may have a value, such as Prior=ex-post:K.
func (w Warning) Renamed(names map[string]string) Warning {
	w.Text = rename(w.Text, names)
	return w
}

// SettingError is an error that names a setting, to blame or to change.
type SettingError struct {
	// Text is the message, with gaps as above.
	Text string
	// Err is the kind of error, or what was wrong underneath.
	Err error
}

// SettingErrorf returns a SettingError with a formatted text.
func SettingErrorf(err error, format string, args ...any) *SettingError {
	return &SettingError{Text: fmt.Sprintf(format, args...), Err: err}
}

// Error returns the message for programs.
func (e *SettingError) Error() string { return e.In(Field) }

// Unwrap returns Err.
func (e *SettingError) Unwrap() error { return e.Err }

// In returns the message in the words of a reader.
func (e *SettingError) In(spell Spelling) string {
	return fill(e.Text, spell, func(gap string) (string, bool) {
		if gap != "err" || e.Err == nil {
			return "", false
		}
		return ErrorIn(e.Err, spell), true
	})
}

// Settings returns the settings that the message names, in its order.
func (e *SettingError) Settings() []string { return named(e.Text) }

// ErrorIn returns the message of err with each [SettingError], or other error with a
// method In like its own, that it wraps, at any depth, in the words of a reader.
func ErrorIn(err error, spell Spelling) string {
	if e, ok := err.(interface{ In(Spelling) string }); ok {
		return e.In(spell)
	}
	var inner []error
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		inner = []error{wrapper.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = wrapper.Unwrap()
	}
	var b strings.Builder
	rest := err.Error()
	for _, e := range inner { // in the order of the text
		if e == nil {
			continue
		}
		if before, after, found := strings.Cut(rest, e.Error()); found {
			b.WriteString(before)
			b.WriteString(ErrorIn(e, spell))
			rest = after
		}
	}
	return b.String() + rest
}

// Respelled returns err as seen by a caller that made the settings it names into those
// of its own: spelled is what becomes of a reader's spelling. nil stays nil.
func Respelled(err error, spelled func(Spelling) Spelling) error {
	if err == nil {
		return nil
	}
	return &respelled{err, spelled}
}

type respelled struct {
	err     error
	spelled func(Spelling) Spelling
}

func (r *respelled) Error() string { return r.In(Field) }

func (r *respelled) In(spell Spelling) string { return ErrorIn(r.err, r.spelled(spell)) }

func (r *respelled) Unwrap() error { return r.err }

// Renaming is what [Respelled] does with a spelling where settings have other names. A
// new name may have a value, such as Prior=ex-post:K.
func Renaming(names map[string]string) func(Spelling) Spelling {
	return func(spell Spelling) Spelling {
		return func(setting, value string) string {
			other, renamed := names[setting]
			if !renamed {
				return spell(setting, value)
			}
			if key, fixed, found := strings.Cut(other, "="); found {
				return spell(key, fixed)
			}
			return spell(other, value)
		}
	}
}

// fill returns text with its gaps filled: by special, where that knows the gap,
// and by settings. What is no gap stays.
func fill(text string, spell Spelling, special func(gap string) (string, bool)) string {
	var b strings.Builder
	gaps(text, func(before, gap string) {
		b.WriteString(before)
		if gap == "" {
			return
		}
		if filled, ok := special(gap); ok {
			b.WriteString(filled)
		} else if setting, value, ok := settingGap(gap); ok {
			b.WriteString(spell(setting, value))
		} else {
			b.WriteString("{" + gap + "}")
		}
	})
	return b.String()
}

func named(text string) []string {
	var names []string
	gaps(text, func(_, gap string) {
		if setting, _, ok := settingGap(gap); ok {
			names = append(names, setting)
		}
	})
	return names
}

func rename(text string, names map[string]string) string {
	var b strings.Builder
	gaps(text, func(before, gap string) {
		b.WriteString(before)
		if gap == "" {
			return
		}
		setting, value, ok := settingGap(gap)
		if other, renamed := names[setting]; ok && renamed {
			gap = other
			if value != "" && !strings.Contains(other, "=") {
				gap += "=" + value
			}
		}
		b.WriteString("{" + gap + "}")
	})
	return b.String()
}

// gaps calls f for each gap of text, with what stands between it and the one
// before, and for the rest with gap "".
func gaps(text string, f func(before, gap string)) {
	for {
		before, rest, found := strings.Cut(text, "{")
		gap, after, closed := strings.Cut(rest, "}")
		if !found || !closed || gap == "" || strings.Contains(gap, "{") {
			f(text, "")
			return
		}
		f(before, gap)
		text = after
	}
}

// settingGap splits Norm=layer. ok says whether it names a setting.
func settingGap(gap string) (setting, value string, ok bool) {
	setting, value, _ = strings.Cut(gap, "=")
	last := setting[strings.LastIndexByte(setting, '.')+1:]
	if last == "" || last[0] < 'A' || last[0] > 'Z' {
		return "", "", false
	}
	return setting, value, true
}
