package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"likely/density"
	"likely/internal/oneline"
)

// flagError says what a flag wants that has been given something else.
func flagError(_ *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usageError(errors.New(abridged(err.Error())))
	}
	name := "--" + bad.GetFlag().Name
	// A type that reads itself knows its setting, not what the flag is called.
	want := density.ErrorIn(bad.Unwrap(), func(_, value string) string { return strings.TrimSpace(name + " " + value) })
	var number *strconv.NumError
	if errors.As(err, &number) {
		want = wanted(bad.GetFlag().Value.Type(), number)
	}
	if !strings.Contains(want, name) {
		want = name + ": " + want
	}
	return usageError(errors.New(abridged(want)))
}

// wanted describes the numbers that a flag takes.
func wanted(kind string, err *strconv.NumError) string {
	text, outside := strconv.Quote(err.Num), errors.Is(err, strconv.ErrRange)
	switch {
	case kind == "uint64":
		return fmt.Sprintf("%s: want a whole number from 0 to %d", text, uint64(math.MaxUint64))
	case kind == "int" && outside:
		return fmt.Sprintf("%s: want a whole number of at most %d", text, math.MaxInt)
	case kind == "int":
		return text + ": want a whole number, such as 10"
	case kind == "bool":
		return text + ": want true or false"
	case outside:
		return text + ": want a number of at most 1.8e308"
	}
	return text + ": want a number, such as 0.1"
}

// words are what a message shows of what was typed, which has any length.
var words = regexp.MustCompile(`[^\s"]+`)

func abridged(message string) string { return words.ReplaceAllStringFunc(message, oneline.Short) }
