package main

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"compare": main})
}

// asCommand makes the test binary behave as the command.
const asCommand = "LIKELY_TEST_AS_COMMAND"

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(cond string) (bool, error) {
			if cond == "short" {
				return testing.Short(), nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"json":       checkJSON,
			"sameresult": sameResults,
			"oneline":    oneLineOnStderr,
			"usage":      wrongUsage,
			"emptydir":   emptyFolder,
		},
	})
}

// checkJSON compares a number in a JSON file, given by a dotted path, with an
// expected value: json FILE PATH VALUE TOLERANCE. An optional last argument
// multiplies the number first (a mean into a total). With a PATH alone it only
// asks for the value to be there, and negated, not to be.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	var tree any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &tree))
	value, found := lookup(tree, args[1])
	if len(args) == 2 {
		if found == neg {
			ts.Fatalf("%s in %s: found is %v", args[1], args[0], found)
		}
		return
	}
	if !found {
		ts.Fatalf("%s is not in %s", args[1], args[0])
	}
	number, isNumber := value.(float64)
	if !isNumber {
		if (value == args[2]) == neg {
			ts.Fatalf("%s is %v, want %s", args[1], value, args[2])
		}
		return
	}
	parse := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		ts.Check(err)
		return v
	}
	want, tolerance, factor := parse(args[2]), parse(args[3]), 1.0
	if len(args) > 4 {
		factor = parse(args[4])
	}
	if ok := math.Abs(number*factor-want) <= tolerance; ok == neg {
		ts.Fatalf("%s is %.10g, want %.10g ± %g", args[1], number*factor, want, tolerance)
	}
}

// lookup follows a dotted path such as models.0.test.nats.
func lookup(tree any, path string) (any, bool) {
	for step := range strings.SplitSeq(path, ".") {
		switch node := tree.(type) {
		case map[string]any:
			next, ok := node[step]
			if !ok {
				return nil, false
			}
			tree = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node) {
				return nil, false
			}
			tree = node[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// sameResults asks two results files to be equal to the last bit, timings and
// version aside.
func sameResults(ts *testscript.TestScript, neg bool, args []string) {
	var texts [2]string
	for i, file := range args[:2] {
		var tree map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &tree))
		delete(tree, "version")
		for _, m := range tree["models"].([]any) {
			delete(m.(map[string]any), "fit_seconds")
			delete(m.(map[string]any), "fit_examples_per_second")
		}
		text, err := json.MarshalIndent(tree, "", " ")
		ts.Check(err)
		texts[i] = string(text)
	}
	if (texts[0] == texts[1]) == neg {
		ts.Fatalf("%s and %s: equal is %v\n%s\n%s", args[0], args[1], !neg, texts[0], texts[1])
	}
}

// oneLineOnStderr asks standard error to be one line that matches every
// argument.
func oneLineOnStderr(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("stderr")
	if strings.Count(text, "\n") != 1 {
		ts.Fatalf("want one line, got %q", text)
	}
	for _, want := range args {
		if !strings.Contains(text, want) {
			ts.Fatalf("%q does not contain %q", text, want)
		}
	}
}

// emptyFolder asks a folder to hold nothing, hidden files included, or not to
// exist.
func emptyFolder(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	if err != nil && !os.IsNotExist(err) {
		ts.Fatalf("%v", err)
	}
	if len(entries) > 0 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}

// wrongUsage runs a command that must end as wrong usage, in one line that names
// the flag: usage FLAG COMMAND….
func wrongUsage(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if neg || !errors.As(err, &exit) || exit.ExitCode() != 2 {
		ts.Fatalf("%v ended with %v, want exit code 2", args[1:], err)
	}
	if text := ts.ReadFile("stderr"); !strings.Contains(text, args[0]) || strings.Count(text, "\n") != 1 {
		ts.Fatalf("this is not one line about %s: %s", args[0], text)
	}
}
