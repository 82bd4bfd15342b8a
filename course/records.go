package course

import "embed"

// records holds the outcome of the last full run of each study; bench/course writes
// it anew.
//
//go:embed records
var records embed.FS
