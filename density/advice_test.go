package density

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A warning speaks of settings in the words of its reader, and of log-densities in
// the units of its reader.
func TestWarningInWords(t *testing.T) {
	flags := Flag(map[string]string{"Floor": "floor", "Norm": "vae-norm"})
	w := Warning{Text: "3 of {4} starts at {nats} nats; a larger {Floor}, {Norm=layer} or a smaller {Rate} would help", LogProb: -5.25}
	require.Equal(t, "3 of {4} starts at -5.25 nats; a larger Settings.Floor, Settings.Norm layer or a smaller Settings.Rate would help", w.String())
	require.Equal(t, "3 of {4} starts at -3 nats; a larger --floor, --vae-norm layer or a smaller Settings.Rate would help", w.In(flags, 2.25))
	require.Equal(t, []string{"Floor", "Norm", "Rate"}, w.Settings())
	require.Empty(t, Warnf("%d rows", 3).Settings())

	w = Warnf("fewer than %d rows: a smaller {Components} or {Floor}", 3)
	renamed := w.Renamed(map[string]string{"Components": "Prior=ex-post:K", "Floor": "gmm.Floor"})
	require.Equal(t, "fewer than 3 rows: a smaller Settings.Prior ex-post:K or gmm.Settings.Floor", renamed.String())
	require.Equal(t, []string{"Prior", "gmm.Floor"}, renamed.Settings())
	require.Equal(t, "fewer than 3 rows: a smaller Settings.Components or Settings.Floor", w.String(), "a copy was renamed")
	require.Equal(t, "{B=v}", rename("{A=v}", map[string]string{"A": "B"}))
}

// What is no gap is left as it is, and nothing is lost.
func TestGapsKeepText(t *testing.T) {
	for _, text := range []string{"", "{", "}", "{}", "{ {x}", "a{b", "a{b}c", "{nats", "{=x}", "{.}", "{a.b}", "}{"} {
		require.Equal(t, text, Warning{Text: text}.String())
		require.Empty(t, named(text))
		require.Equal(t, text, rename(text, map[string]string{"": "Z", "a": "Z"}))
	}
}

func TestSettingErrorInWords(t *testing.T) {
	kind := errors.New("training diverged")
	flags := Flag(map[string]string{"Rate": "vae-rate", "Epochs": "vae-epochs"})
	err := SettingErrorf(kind, "vae: epoch %d: {err}; a smaller {Rate} would help", 3)
	require.ErrorIs(t, err, kind)
	require.EqualError(t, err, "vae: epoch 3: training diverged; a smaller Settings.Rate would help")
	require.Equal(t, []string{"Rate"}, err.Settings())
	require.Equal(t, "vae: epoch 3: training diverged; a smaller --vae-rate would help", err.In(flags))

	// Through any number of wrappers, one or several errors wide.
	outer := SettingErrorf(fmt.Errorf("seed 1: %w", err), "fit: {err}; or fewer {Epochs}")
	wide := fmt.Errorf("digits: %w (%w)", outer, errors.New("Settings.Rate of another kind"))
	require.Equal(t, "digits: fit: seed 1: vae: epoch 3: training diverged; a smaller --vae-rate would help; or fewer --vae-epochs (Settings.Rate of another kind)", ErrorIn(wide, flags))
	require.Equal(t, wide.Error(), ErrorIn(wide, Field))
	twice := errors.Join(err, errors.New(err.Error()), err)
	require.Equal(t, err.In(flags)+"\n"+err.Error()+"\n"+err.In(flags), ErrorIn(twice, flags))
	require.Equal(t, "plain", ErrorIn(errors.New("plain"), flags))
	require.EqualError(t, SettingErrorf(nil, "{Rate} is 0{err}"), "Settings.Rate is 0{err}")
}
