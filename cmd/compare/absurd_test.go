//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"likely/compare"
	"likely/density"
	"likely/internal/oneline"
)

// everyRun makes TestAbsurdRuns run all that is accepted: go test -run AbsurdRuns
// ./cmd/compare -timeout 3h -args -absurd.
var everyRun = flag.Bool("absurd", false, "run everything that absurd flags do not refuse, instead of a sample")

// absurd are values that no flag with a number is meant for, or hardly any.
var absurd = []string{
	"", " ", "x", "NaN", "Inf", "-Inf", "-0", "-1", "0", "1", "1.5", "1e9", "0x10", "1_000", "٣", "1\n2", "1,2", "\x00", "\xff",
	"-1000000000", "1000000000", "2147483648", "4294967296", "1000000000000", "4611686018427387904",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "18446744073709551616",
	"1e-320", "1e-400", "1e308", "-1e308", "1e400", "0.9999999999999999", "1e-9", strings.Repeat("9", 10000), strings.Repeat("1,", 500) + "1",
}

// parametrised finds the choices of a flag that have a number, such as mixture:K.
var parametrised = regexp.MustCompile(`\b([a-z][a-z-]*):[A-Z0-9]`)

// absurdities returns what a flag is to be given.
func absurdities(flag *pflag.Flag) []string {
	list := slices.Clone(absurd)
	for _, choice := range parametrised.FindAllStringSubmatch(flag.Usage, -1) {
		for _, v := range absurd {
			list = append(list, choice[1]+":"+v)
		}
	}
	if strings.Contains(flag.Usage, "range") {
		for _, v := range absurd {
			list = append(list, v+"-"+v, "1-"+v)
		}
	}
	return list
}

// resolved gives one flag of run a value, and returns the error, as it is printed too.
func resolved(flag, value string) (text string, err error) {
	var f runFlags
	cmd := &cobra.Command{Use: "run"}
	f.register(cmd.Flags())
	if err = cmd.ParseFlags([]string{"--" + flag + "=" + value}); err != nil {
		err = flagError(cmd, err)
	} else {
		err = f.resolve(cmd, nil)
	}
	if err == nil {
		return "", nil
	}
	return oneline.Text(density.ErrorIn(err, density.Flag(f.book.names))), err
}

// elsewhere are flags whose value is judged where files and columns are known.
var elsewhere = []string{"test", "columns", "drop", "label", "missing-values", "weights", "out", "from"}

// eachAbsurdity calls f with every value of every flag of run that settings judge.
func eachAbsurdity(f func(flag, value string)) {
	var flags runFlags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.register(set)
	set.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(elsewhere, flag.Name) {
			for _, value := range absurdities(flag) {
				f(flag.Name, value)
			}
		}
	})
}

// Whatever a flag of run is given is a setting, or wrong usage in one short line with
// the flag and what it wants; nothing panics.
func TestAbsurdFlags(t *testing.T) {
	remedy := regexp.MustCompile(`\b(want|give|use|add|set|leave|choose|such as|one of|known are|neither)\b`)
	refused, accepted := 0, 0
	eachAbsurdity(func(flag, value string) {
		text, err := resolved(flag, value)
		if err == nil {
			accepted++
			return
		}
		refused++
		if !errors.Is(err, compare.ErrUsage) || !strings.Contains(text, "--"+flag) || !remedy.MatchString(text) ||
			len(text) > 400 || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, "Settings.") {
			t.Errorf("--%s=%.60q: %s", flag, value, text)
		}
	})
	t.Logf("%d refused, %d accepted", refused, accepted)
	require.Greater(t, refused, 1000)
	require.Greater(t, accepted, 100)
}

// What is accepted runs, or is refused once the rows are known: within little memory,
// without a panic, and it can be interrupted.
func TestAbsurdRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the command many times")
	}
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 1))
	var numbers, bits strings.Builder
	numbers.WriteString("a,b\n")
	bits.WriteString("a,b,c\n")
	for range 60 {
		x := rng.NormFloat64()
		fmt.Fprintf(&numbers, "%.4f,%.4f\n", x, x+rng.NormFloat64())
		fmt.Fprintf(&bits, "%d,%d,%d\n", rng.IntN(2), rng.IntN(2), rng.IntN(5))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "numbers.csv"), []byte(numbers.String()), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bits.csv"), []byte(bits.String()), 0o644))

	var cases [][2]string
	eachAbsurdity(func(flag, value string) {
		if _, err := resolved(flag, value); err == nil && flag != "open" && flag != "seed" {
			cases = append(cases, [2]string{flag, value})
		}
	})
	if !*everyRun {
		rng.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		cases = cases[:4]
	}
	ends := map[int]int{}
	for _, c := range cases {
		code := absurdRun(t, dir, c[0], c[1])
		ends[code]++
	}
	t.Logf("%d runs, by exit code: %v", len(cases), ends)
}

// absurdRun runs the command with one flag, interrupts it if it goes on, and returns its
// exit code.
func absurdRun(t *testing.T, dir, flag, value string) int {
	args := []string{"numbers.csv", "--quiet", "--folds=none", "--preset=quick", "--vae-epochs=2", "--made-epochs=2", "--eval-samples=50", "--out=out"}
	if prefix, _, _ := strings.Cut(flag, "-"); prefix == "lcm" || prefix == "tree" {
		args[0] = "bits.csv"
	}
	// pflag takes the last of equal flags.
	args = append(args, "--"+flag+"="+value)
	if flag == "vae-freedom" {
		args = append(args, "--vae-likelihood=student-t")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1", "GOMEMLIMIT=1GiB")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	text := string(out)
	code := cmd.ProcessState.ExitCode()
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	what := fmt.Sprintf("--%s=%.60q ended with %d after %v, %d MB: %.3000s", flag, value, code, cmd.ProcessState.UserTime(), used.Maxrss>>10, text)
	if *everyRun {
		t.Logf("%.200s", what)
	}
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "panic") || !slices.Contains([]int{exitOK, exitFailed, exitUsage, exitInterrupted}, code) || used.Maxrss>>10 > 1200 {
		t.Errorf("%v: %s", err, what)
	}
	return code
}
