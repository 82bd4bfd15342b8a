//go:build mutations

package likely

import (
	"encoding/json"
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	allMutations  = flag.Bool("all", false, "all mutations, instead of a sample that the commit chooses")
	onlyMutations = flag.String("only", "", "the mutations whose file and title contain this text, all of them")
	mutationTime  = flag.Duration("for", 100*time.Second, "start none of the sample after this time")
)

// Each mutation, put into the code on its own, makes a test of its package fail. The
// sources are not touched. A sample runs, as many as the time allows, in an order that
// the commit chooses;
//
//	go test -tags mutations -run Mutations -timeout 0 -v . -args -all
//
// runs them all.
func TestMutations(t *testing.T) {
	var list []*mutation
	for _, m := range readMutations(t) {
		if strings.Contains(m.file+": "+m.mistake, *onlyMutations) {
			list = append(list, m)
		}
	}
	require.NotEmpty(t, list)
	all := *allMutations || *onlyMutations != ""
	if !all {
		seed := fnv.New64a()
		if commit, err := exec.Command("git", "rev-parse", "HEAD").Output(); err == nil {
			seed.Write(commit)
		}
		order := rand.New(rand.NewPCG(seed.Sum64(), 1))
		order.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	begin := time.Now()
	waiting := make(chan *mutation, len(list))
	for _, m := range list {
		waiting <- m
	}
	close(waiting)
	dirs := make([]string, runtime.GOMAXPROCS(0))
	for i := range dirs {
		dirs[i] = t.TempDir()
	}
	counts := make(map[string]int)
	var lock sync.Mutex
	var workers sync.WaitGroup
	for _, dir := range dirs {
		workers.Go(func() {
			for m := range waiting {
				if !all && time.Since(begin) > *mutationTime {
					return
				}
				outcome, out := runMutation(t, m, dir)
				lock.Lock()
				counts[outcome]++
				switch outcome {
				case "caught":
				case "hung":
					t.Logf("%s: %s: %s: caught, by a test that did not end", m.at, m.file, m.mistake)
				case "no test ran":
					// A mutation that does not build is a mistake of the table. The whole
					// run is what finds these; a sample passes over them.
					if !all {
						t.Logf("%s: %s: %s: it does not build\n%s", m.at, m.file, m.mistake, out)
						break
					}
					t.Errorf("%s: %s: %s: %s\n%s", m.at, m.file, m.mistake, outcome, out)
				default:
					t.Errorf("%s: %s: %s: %s\n%s", m.at, m.file, m.mistake, outcome, out)
				}
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	t.Logf("of %d mutations: %v", len(list), counts)
	require.NotEmpty(t, counts)
}

// runMutation runs the tests that must notice, with the mutation in place of the code:
// caught, or hung, which is caught too, is as it should be.
func runMutation(t *testing.T, m *mutation, dir string) (outcome, out string) {
	file, err := filepath.Abs(filepath.FromSlash(m.file))
	if err != nil {
		return err.Error(), ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error(), ""
	}
	from, to, err := m.place(string(text))
	if err != nil {
		return "out of date", err.Error()
	}
	changed, config := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		return err.Error(), ""
	}
	if err := os.WriteFile(config, overlay, 0o600); err != nil {
		return err.Error(), ""
	}
	mutated := string(text[:from]) + strings.Join(m.new, "\n") + string(text[to:])
	if err := os.WriteFile(changed, []byte(mutated), 0o600); err != nil {
		return err.Error(), ""
	}
	args := []string{"test", "-count=1", "-short", "-vet=off", "-ldflags=-s -w", "-timeout=60s", "-overlay", config, "-run", m.run, "./" + m.folder()}
	if _, rapid := testsOf(t, m.folder()); rapid {
		args = append(args, "-rapid.nofailfile") // of failures that are meant
	}
	printed, err := exec.Command("go", args...).CombinedOutput()
	out = string(printed)
	switch {
	case err == nil:
		return "no test noticed", out
	case strings.Contains(out, "panic: test timed out"):
		return "hung", out
	case strings.Contains(out, "--- FAIL") || strings.Contains(out, "panic:") || strings.Contains(out, "fatal error:"):
		return "caught", out
	}
	return "no test ran", out
}
