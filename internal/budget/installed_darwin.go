package budget

import "golang.org/x/sys/unix"

func installed() float64 {
	if bytes, err := unix.SysctlUint64("hw.memsize"); err == nil {
		return float64(bytes)
	}
	return elsewhere
}
