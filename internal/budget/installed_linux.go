package budget

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// installed returns the memory of the machine or, where that is less, of the group of
// processes that this one belongs to, as in a container.
func installed() float64 {
	memory := float64(elsewhere)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		memory = float64(info.Totalram) * float64(info.Unit)
	}
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err == nil && limit > 0 {
			memory = min(memory, limit)
		}
	}
	return memory
}
