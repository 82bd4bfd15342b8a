// Package budget says how much memory a number that a user types may ask for. It is
// asked before the memory is: what the machine does not have ends a process without a
// message, or the machine.
package budget

import (
	"fmt"
	"math"
	"runtime/debug"
)

// share is the part of the memory that one allocation of a user's may take.
const share = 0.5

// elsewhere is taken for the memory of a machine that does not say, in bytes.
const elsewhere = 8 << 30

// Limit returns the memory that may be asked for, in bytes: half of what the machine
// has, or of GOMEMLIMIT where that is set and less.
func Limit() float64 {
	memory := installed()
	if limit := debug.SetMemoryLimit(-1); limit > 0 && limit < math.MaxInt64 {
		memory = min(memory, float64(limit))
	}
	return share * memory
}

// Most returns how many things of so many bytes each fit into the limit, at least 1.
func Most(bytes float64) int {
	return int(max(1, min(Limit()/max(bytes, 1), 1<<53)))
}

// Check returns an error if so many things of so many bytes each do not fit. Its text
// says what they take, what there is, and the most that fits; the caller names the
// setting.
func Check(count int, bytes float64) error {
	need, limit := float64(count)*bytes, Limit()
	if need <= limit {
		return nil
	}
	return fmt.Errorf("it takes %s of memory, where %s may be taken here; give at most %d", size(need), size(limit), Most(bytes))
}

// size shows a number of bytes in the largest unit of which there is one.
func size(bytes float64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	i := 0
	for bytes >= 1000 && i < len(units)-1 {
		bytes /= 1000
		i++
	}
	return fmt.Sprintf("%.3g %s", bytes, units[i])
}
