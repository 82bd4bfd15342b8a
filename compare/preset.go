package compare

import "reflect"

// with returns the settings of the bare command at a preset.
func (p Preset) with() Settings {
	c := Default()
	c.Preset = p
	switch p {
	case Quick:
		c.GMM.Starts, c.GMM.SplitMerge = 3, -1
		c.Effort = 0.25
		c.EvalSamples = 300
	case Thorough:
		c.Components = Range{1, 10}
		c.GMM.Starts, c.GMM.SplitMerge = 50, 5
		c.Effort = 4
		c.EvalSamples, c.GapRows = 10000, 20
	}
	return c
}

// decided are the settings that presets decide, by the names that texts of package
// density give them: where a setting stands, and the name that says that it was given.
var decided = []struct {
	name string
	of   func(*Settings) any
}{
	{"Components", func(c *Settings) any { return &c.Components }},
	{"gmm.Starts", func(c *Settings) any { return &c.GMM.Starts }},
	{"gmm.SplitMerge", func(c *Settings) any { return &c.GMM.SplitMerge }},
	{"vae.Epochs", func(c *Settings) any { return &c.Effort }},
	{"EvalSamples", func(c *Settings) any { return &c.EvalSamples }},
	{"GapRows", func(c *Settings) any { return &c.GapRows }},
}

// Apply changes the preset: what the earlier one decided, the new one decides. A setting
// that differs from what the earlier preset says was chosen, and stays, as does one for
// which given, which may be nil, reports so.
func (c *Settings) Apply(p Preset, given func(setting string) bool) {
	earlier, later := c.Preset.with(), p.with()
	for _, one := range decided {
		to := reflect.ValueOf(one.of(c)).Elem()
		chosen := given != nil && given(one.name) || !to.Equal(reflect.ValueOf(one.of(&earlier)).Elem())
		if !chosen {
			to.Set(reflect.ValueOf(one.of(&later)).Elem())
		}
	}
	c.Preset = p
}
