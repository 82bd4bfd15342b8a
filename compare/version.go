package compare

import (
	"runtime"
	"runtime/debug"

	"likely/results"
)

// CurrentVersion describes the running program: the module's version or, for a
// build from a checkout, the commit it was built from.
func CurrentVersion() results.Version {
	v := results.Version{Likely: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Likely = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v.Likely == "devel" {
			v.Likely += "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
