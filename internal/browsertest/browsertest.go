// Package browsertest drives a real browser in tests of pages. Only tests import it.
package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// names are what headless browsers are called; $LIKELY_BROWSER names another one.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Tab is a tab of a browser. It fails its test for anything that a page writes to the
// console as an error, and for every request that leaves this machine.
type Tab struct {
	context.Context

	mu     sync.Mutex
	faults []string
}

// New opens a tab that lives as long as the test, at most the given time. Without a
// browser the test is skipped.
func New(t *testing.T, limit time.Duration) *Tab {
	t.Helper()
	path := find()
	if path == "" {
		t.Skip("no browser: install chromium, or name one in $LIKELY_BROWSER, to run the tests of pages")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute))
	parent, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	tab, err := open(parent, t, options)
	for range 2 { // a browser under load may not come up at once
		if err != nil {
			tab, err = open(parent, t, options)
		}
	}
	if err != nil && strings.Contains(err.Error(), "chrome failed to start") {
		t.Skipf("no browser: %s does not start on this machine (%.200s)", path, err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		require.Empty(t, tab.faults)
	})
	return tab
}

// open starts a browser with one tab.
func open(parent context.Context, t *testing.T, options []chromedp.ExecAllocatorOption) (*Tab, error) {
	allocator, cancel := chromedp.NewExecAllocator(parent, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	tab := &Tab{Context: ctx}
	chromedp.ListenTarget(ctx, tab.listen)
	return tab, chromedp.Run(ctx, network.Enable(), log.Enable(), runtime.Enable())
}

// find returns the path of a browser; "" where there is none.
func find() string {
	if path := os.Getenv("LIKELY_BROWSER"); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// listen collects what a page must not do.
func (tab *Tab) listen(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		tab.faults = append(tab.faults, "exception: "+e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			for _, argument := range e.Args {
				tab.faults = append(tab.faults, fmt.Sprintf("console: %s%s", argument.Value, argument.Description))
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			tab.faults = append(tab.faults, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if !local(e.Request.URL) {
			tab.faults = append(tab.faults, "a request leaves this machine: "+e.Request.URL)
		}
	}
}

// local says whether a request stays on this machine.
func local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "file", "data", "blob", "about":
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Run makes steps; each test that fails says which one.
func (tab *Tab) Run(t *testing.T, steps ...chromedp.Action) {
	t.Helper()
	for i, step := range steps {
		if err := chromedp.Run(tab, step); err != nil {
			t.Fatalf("step %d in the browser: %v", i+1, err)
		}
	}
}

// Text returns what an expression of JavaScript is, as text.
func (tab *Tab) Text(t *testing.T, expression string) string {
	t.Helper()
	var out string
	if err := chromedp.Run(tab, chromedp.Evaluate("String("+expression+")", &out)); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// Number returns what an expression of JavaScript is, as a number.
func (tab *Tab) Number(t *testing.T, expression string) float64 {
	t.Helper()
	var out float64
	if err := chromedp.Run(tab, chromedp.Evaluate("Number("+expression+")", &out)); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// Wait waits until an expression of JavaScript is true.
func (tab *Tab) Wait(t *testing.T, expression string) {
	t.Helper()
	var ok bool
	if err := chromedp.Run(tab, chromedp.Poll("!!("+expression+")", &ok, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatalf("waiting for %s: %v", expression, err)
	}
}

// Shot keeps a picture of the whole page at a width, in the folder that
// $LIKELY_SCREENSHOTS names; without it, it only lays the page out.
func (tab *Tab) Shot(t *testing.T, name string, width int64) {
	t.Helper()
	tab.Run(t, chromedp.EmulateViewport(width, 900))
	// Nothing may stick out to the side.
	require.LessOrEqual(t, tab.Number(t, "document.documentElement.scrollWidth"), float64(width), "%s is wider than %d pixels", name, width)
	folder := os.Getenv("LIKELY_SCREENSHOTS")
	if folder == "" {
		return
	}
	var png []byte
	tab.Run(t, chromedp.FullScreenshot(&png, 100))
	require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, width)), png, 0o644))
}
