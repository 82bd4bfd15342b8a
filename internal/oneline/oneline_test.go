package oneline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"likely/density"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain, 1.5 × µ":       "plain, 1.5 × µ",
		"a\n\x00b":             `a \x00b`,
		"\x1b[31mred":          `\x1b[31mred`,
		"two  spaces\tand tab": "two spaces and tab",
		"bad \xff byte":        `bad \xff byte`,
		"a real � stays":       "a real � stays",
		"quote \"\\":           "quote \"\\",
		"left\u202eright":      `left\u202eright`,
		"\r\n":                 "",
	} {
		require.Equal(t, want, Text(in))
		require.Equal(t, want, Text(want), "done twice")
	}
}

func TestError(t *testing.T) {
	require.NoError(t, Error(nil))
	plain := errors.New("plain  text")
	require.Same(t, plain, Error(plain))

	kind := errors.New("kind")
	err := Error(fmt.Errorf("file (\n\x00): %w", density.SettingErrorf(kind, "{err}; raise {Floor}")))
	require.ErrorIs(t, err, kind)
	require.Equal(t, `file ( \x00): kind; raise Settings.Floor`, err.Error())
	require.Equal(t, `file ( \x00): kind; raise --floor`, density.ErrorIn(err, func(string, string) string { return "--floor" }))
	require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl))
}

// What is shown of a name or a list stays short, and whole letters.
func TestShort(t *testing.T) {
	require.Equal(t, "", Short(""))
	sixty := strings.Repeat("é", 60)
	require.Equal(t, sixty, Short(sixty))
	require.Equal(t, sixty+"…", Short(sixty+"x"))
	require.Equal(t, "", List(nil))
	require.Equal(t, "a, b", List([]string{"a", "b"}))
	require.Equal(t, "1, 2, 3, 4, 5, 6, 7, 8", List(strings.Split("12345678", "")))
	require.Equal(t, "1, 2, 3, 4, 5, 6, 7, "+sixty+"… and 2 more", List(append(strings.Split("1234567", ""), sixty+"x", "9", "10")))
}
