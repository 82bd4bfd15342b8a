package compare

// presets say how much work to spend where no flag does.
var presets = map[string]func(*Config, func(flag string) bool){
	"quick": func(c *Config, given func(string) bool) {
		setUnless(given("gmm-starts"), &c.GMM.Starts, 3)
		setUnless(given("gmm-split-merge"), &c.GMM.SplitMerge, 0)
		setUnless(given("vae-epochs"), &c.VAE.Effort, 0.25)
		setUnless(given("eval-samples"), &c.EvalSamples, 300)
	},
	"standard": func(*Config, func(string) bool) {},
	"thorough": func(c *Config, given func(string) bool) {
		setUnless(given("gmm-starts"), &c.GMM.Starts, 50)
		setUnless(given("gmm-components"), &c.GMM.Components, Range{1, 10})
		setUnless(given("gmm-split-merge"), &c.GMM.SplitMerge, 5)
		setUnless(given("vae-epochs"), &c.VAE.Effort, 4)
		setUnless(given("eval-samples"), &c.EvalSamples, 10000)
		setUnless(given("eval-gap-rows"), &c.GapRows, 20)
	},
}

// ApplyPreset sets what the preset says except where given reports that a flag
// says otherwise.
func (c *Config) ApplyPreset(name string, given func(flag string) bool) error {
	apply, known := presets[name]
	if !known {
		return usagef("--preset %q: want quick, standard or thorough", name)
	}
	c.Preset = name
	apply(c, given)
	return nil
}

func setUnless[T any](given bool, field *T, value T) {
	if !given {
		*field = value
	}
}
