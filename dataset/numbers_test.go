package dataset

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		cell string
		v    float64
		form numberForm
	}{
		{"812", 812, formPlain}, {"-1e3", -1000, formPlain}, {"1e-400", 0, formPlain},
		{"1.5", 1.5, formPoint}, {"0.123", 0.123, formPoint}, {"1234.567", 1234.567, formPoint}, {"1.234e5", 123400, formPoint},
		{"1.205", 1.205, formPoint3}, {"-12.345", -12.345, formPoint3},
		{"1,5", 1.5, formDecimal}, {"0,123", 0.123, formDecimal}, {",5", 0.5, formDecimal}, {"1234,567", 1234.567, formDecimal},
		{"1,234,567", 1234567, formGrouped}, {"1,234.5", 1234.5, formGrouped}, {"-1,234,567.89", -1234567.89, formGrouped},
		{"1.234,5", 1234.5, formEuropean}, {"1.234.567", 1234567, formEuropean}, {"1.234.567,5", 1234567.5, formEuropean},
		{"1,205", 1205, formAmbiguous}, {"-812,000", -812000, formAmbiguous},
	} {
		v, form, err := parseNumber(c.cell)
		require.NoError(t, err, c.cell)
		require.Equal(t, c.v, v, c.cell)
		require.Equal(t, c.form, form, c.cell)
	}
	for _, cell := range []string{
		"", "a", "1_012", "0x1p-2", "0X10", "1,2,3", "1,23,456", "1234,567,890", "1.2.3", "1,234.567,8", "1..2", "1,,2", "--1", "12,34.5", "1.234,567.8", "e5", ".", ",",
	} {
		_, _, err := parseNumber(cell)
		require.Error(t, err, cell)
	}
	require.Equal(t, 1.205, asDecimal("1,205"))
}

// What Go writes is read to the last bit and never taken for thousands.
func TestParseNumberRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		format := rapid.SampledFrom([]byte("gfe")).Draw(t, "format")
		got, form, err := parseNumber(strconv.FormatFloat(v, format, -1, 64))
		require.NoError(t, err)
		require.Equal(t, v, got)
		require.Contains(t, []numberForm{formPlain, formPoint, formPoint3}, form)
	})
}

func TestLostDigits(t *testing.T) {
	for cell, lost := range map[string]bool{
		"9007199254740992": false, "9007199254740993": true, "-9007199254740993": true, "00009007199254740994": false,
		"123": false, "9007199254740993.0": false, "1e300": false,
	} {
		v, err := strconv.ParseFloat(cell, 64)
		require.NoError(t, err)
		require.Equal(t, lost, losesDigits(cell, v), cell)
	}
	require.True(t, vanishes("1e-400", 0))
	require.False(t, vanishes("0.00e5", 0))
	require.False(t, vanishes("0e12", 0))
}
