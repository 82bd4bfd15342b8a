package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// plainInterval is how often progress is reported where there is no terminal, beside a
// line for each task when it begins.
const plainInterval = 5 * time.Second

// progress shows how far the work has come: a bar on a terminal, a plain line
// now and then elsewhere.
type progress struct {
	w        io.Writer
	terminal bool

	mu   sync.Mutex
	task string
	seen map[string]bool // tasks that have had their line
	last time.Time
	bar  *progressbar.ProgressBar
}

// newProgress returns the progress display on w. It is a bar only when w is a
// terminal.
func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, seen: make(map[string]bool), terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// Step implements compare.Progress.
func (p *progress) Step(task string, done, total int, note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		p.draw(task, done, total, note)
		return
	}
	now := time.Now()
	if !p.seen[task] { // a search goes to and fro between its tasks
		p.seen[task], p.last = true, now
		fmt.Fprintf(p.w, "%s …\n", task)
		return
	}
	if now.Sub(p.last) < plainInterval {
		return
	}
	p.last = now
	if total > 0 {
		fmt.Fprintf(p.w, "%s: %d of %d", task, done, total)
	} else {
		fmt.Fprintf(p.w, "%s: %d", task, done)
	}
	if note != "" {
		fmt.Fprintf(p.w, ", %s", note)
	}
	fmt.Fprintln(p.w)
}

func (p *progress) draw(task string, done, total int, note string) {
	if task != p.task || p.bar == nil {
		p.clear()
		if total <= 0 {
			total = -1
		}
		p.task = task
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(task),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionEnableColorCodes(false),
		)
	}
	if note != "" {
		p.bar.Describe(task + ": " + note)
	}
	p.bar.Set(done) // an error here could only be one of the terminal
}

// Done clears the display.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
}
