package compare

// presets say how much work to spend where no setting does. Settings have the names
// that texts of package density give them.
var presets = map[Preset][]struct {
	setting string
	apply   func(*Settings)
}{
	Quick: {
		{"gmm.Starts", func(c *Settings) { c.GMM.Starts = 3 }},
		{"gmm.SplitMerge", func(c *Settings) { c.GMM.SplitMerge = -1 }},
		{"vae.Epochs", func(c *Settings) { c.Effort = 0.25 }},
		{"EvalSamples", func(c *Settings) { c.EvalSamples = 300 }},
	},
	StandardWork: nil,
	Thorough: {
		{"gmm.Starts", func(c *Settings) { c.GMM.Starts = 50 }},
		{"Components", func(c *Settings) { c.Components = Range{1, 10} }},
		{"gmm.SplitMerge", func(c *Settings) { c.GMM.SplitMerge = 5 }},
		{"vae.Epochs", func(c *Settings) { c.Effort = 4 }},
		{"EvalSamples", func(c *Settings) { c.EvalSamples = 10000 }},
		{"GapRows", func(c *Settings) { c.GapRows = 20 }},
	},
}

// Apply sets what a preset says, except where given reports that a setting was chosen.
// given may be nil.
func (c *Settings) Apply(p Preset, given func(setting string) bool) {
	c.Preset = p
	for _, one := range presets[p] {
		if given == nil || !given(one.setting) {
			one.apply(c)
		}
	}
}
