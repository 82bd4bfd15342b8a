package compare

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"likely/dataset"
)

// Transform is what is done to the columns before the models see them. Every number is
// converted back.
type Transform int

// The transforms.
const (
	Standard  Transform = iota // mean 0 and variance 1 for each column
	Center                     // mean 0 for each column
	Untouched                  // columns are left as they are
)

var transformNames = []string{"standard", "center", "none"}

// String returns the name.
func (t Transform) String() string { return transformNames[t] }

// MarshalText returns the name.
func (t Transform) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a name.
func (t *Transform) UnmarshalText(text []byte) error { return choose(t, transformNames, text) }

// Preset says how much work to spend where no setting does.
type Preset int

// The presets.
const (
	StandardWork Preset = iota // the bare command: about a minute
	Quick                      // a quarter of the training, few starts
	Thorough                   // more starts, components chosen, four times the training
)

var presetNames = []string{"standard", "quick", "thorough"}

// String returns the name.
func (p Preset) String() string { return presetNames[p] }

// MarshalText returns the name.
func (p Preset) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name.
func (p *Preset) UnmarshalText(text []byte) error { return choose(p, presetNames, text) }

// Dequantize says whether levels are spread by uniform noise of one step.
type Dequantize int

// When levels are spread.
const (
	DequantizeImages Dequantize = iota // grey images that are not binarised
	DequantizeAlways
	DequantizeNever
)

var dequantizeNames = []string{"auto", "yes", "no"}

// String returns the name.
func (d Dequantize) String() string { return dequantizeNames[d] }

// MarshalText returns the name.
func (d Dequantize) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a name; true and false are other names of yes and no.
func (d *Dequantize) UnmarshalText(text []byte) error {
	if yes, err := strconv.ParseBool(string(text)); err == nil {
		*d = DequantizeNever
		if yes {
			*d = DequantizeAlways
		}
		return nil
	}
	return choose(d, dequantizeNames, text)
}

// choose sets a choice by its name.
func choose[T ~int](to *T, names []string, text []byte) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(names, ", "))
	}
	*to = T(i)
	return nil
}

// ColumnTypes gives columns types, by name, number or pattern.
type ColumnTypes map[string]dataset.ColumnType

// ParseColumnTypes reads COLUMN=TYPE,COLUMN=TYPE. A name may have = in it, but no comma.
func ParseColumnTypes(text string) (ColumnTypes, error) {
	types := make(ColumnTypes)
	for part := range strings.SplitSeq(text, ",") {
		at := strings.LastIndexByte(part, '=')
		if at < 1 {
			return nil, fmt.Errorf("%q is not COLUMN=TYPE, such as sex=categorical", part)
		}
		var t dataset.ColumnType
		if err := t.UnmarshalText([]byte(strings.TrimSpace(part[at+1:]))); err != nil {
			return nil, err
		}
		name := strings.TrimSpace(part[:at])
		if other, twice := types[name]; twice && other != t {
			return nil, fmt.Errorf("%q is given the types %v and %v", name, other, t)
		}
		types[name] = t
	}
	return types, nil
}

// String formats types as ParseColumnTypes reads them, sorted by name.
func (t ColumnTypes) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		parts = append(parts, name+"="+t[name].String())
	}
	return strings.Join(parts, ",")
}

// Auto is a choice that may be left to the data. The zero value leaves it.
type Auto[T encoding.TextMarshaler] struct {
	Value T
	Given bool
}

// Given returns a choice that is made.
func Given[T encoding.TextMarshaler](value T) Auto[T] { return Auto[T]{value, true} }

// String returns the name of the choice, or auto.
func (a Auto[T]) String() string {
	text, _ := a.MarshalText()
	return string(text)
}

// MarshalText returns the name of the choice, or auto.
func (a Auto[T]) MarshalText() ([]byte, error) {
	if !a.Given {
		return []byte("auto"), nil
	}
	return a.Value.MarshalText()
}

// UnmarshalText reads auto or the name of a choice.
func (a *Auto[T]) UnmarshalText(text []byte) error {
	a.Given = string(text) != "auto"
	if !a.Given {
		return nil
	}
	value, ok := any(&a.Value).(encoding.TextUnmarshaler)
	if !ok {
		panic("compare: a choice that has no names")
	}
	return value.UnmarshalText(text)
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

// MarshalText is String.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is [ParseRange].
func (r *Range) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRange(string(text))
	return err
}
