//go:build race

package vae

// raceEnabled tells tests that count allocations that the detector makes some.
const raceEnabled = true
