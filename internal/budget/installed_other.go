//go:build !linux && !darwin

package budget

func installed() float64 { return elsewhere }
