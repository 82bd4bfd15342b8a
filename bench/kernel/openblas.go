package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// openBLAS is the program of the module beside this one, built and running.
type openBLAS struct {
	dir     string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func startOpenBLAS() (*openBLAS, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "likely").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot find this module's folder: %w", err)
	}
	dir, err := os.MkdirTemp("", "likely-bench")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "openblas")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join(strings.TrimSpace(string(root)), "bench", "kernel", "openblas")
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off")
	if message, err := build.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("cannot build its program: %s", bytes.TrimSpace(message))
	}
	b := &openBLAS{dir: dir, command: exec.Command(program)}
	b.command.Stderr = os.Stderr
	in, err := b.command.StdinPipe()
	if err == nil {
		var out io.Reader
		out, err = b.command.StdoutPipe()
		b.in, b.out = in, bufio.NewScanner(out)
	}
	if err == nil {
		err = b.command.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return b, nil
}

func (b *openBLAS) time(precision string, s shape, transA, transB bool, calls int) (time.Duration, error) {
	b.wake()
	flag := map[bool]int{true: 1}
	if _, err := fmt.Fprintln(b.in, strings.TrimPrefix(precision, "float"), flag[transA], flag[transB], s.m, s.n, s.k, calls, runtime.GOMAXPROCS(0)); err != nil {
		return 0, err
	}
	if !b.out.Scan() {
		return 0, fmt.Errorf("the OpenBLAS program ended: %v", b.out.Err())
	}
	var seconds float64
	if _, err := fmt.Sscan(b.out.Text(), &seconds); err != nil {
		return 0, err
	}
	b.pause()
	return time.Duration(seconds * float64(time.Second)), nil
}

func (b *openBLAS) stop() {
	b.wake()
	b.in.Close()
	b.command.Wait()
	os.RemoveAll(b.dir)
}
