// Package bench holds programs that measure this project beside others, and
// programs that repeat published experiments. Each folder is one program; each
// runs the other side as well, so that what it prints are ratios of the same
// minute. docs/performance.md and docs/reproductions.md show what they print.
package bench
