package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"likely/dataset"
	"likely/internal/wholefile"
)

//go:embed static
var static embed.FS

// setRows is the number of points of each set that the page offers.
const setRows = 200

// sets are the data sets that the page offers.
var sets = []string{"moons", "pinwheel", "eight-gaussians", "rings", "spirals", "faithful"}

// build writes the page into a folder, which it makes. Files of these names are
// replaced, each whole or not at all.
func build(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(name string, content []byte) error {
		return wholefile.Write(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		})
	}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := static.ReadFile("static/" + entry.Name())
		if err != nil {
			return err
		}
		if err := write(entry.Name(), content); err != nil {
			return err
		}
	}
	points, err := setPoints()
	if err != nil {
		return err
	}
	if err := write("sets.json", points); err != nil {
		return err
	}
	glue, err := wasmGlue(ctx)
	if err != nil {
		return err
	}
	if err := write("wasm_exec.js", glue); err != nil {
		return err
	}
	wasm, err := buildWorker(ctx)
	if err != nil {
		return err
	}
	return write("lab.wasm.gz", wasm)
}

// setPoints returns the points of the sets, rounded as they are drawn.
func setPoints() ([]byte, error) {
	all := make(map[string][][2]float64)
	for _, name := range sets {
		d, err := dataset.Open(name)
		if err != nil {
			return nil, err
		}
		for i := range min(d.Rows(), setRows) {
			row := d.X.RawRowView(i)
			all[name] = append(all[name], [2]float64{math.Round(row[0]*1e4) / 1e4, math.Round(row[1]*1e4) / 1e4})
		}
	}
	return json.Marshal(all)
}

// wasmGlue returns the script of the Go distribution that its WebAssembly needs.
func wasmGlue(ctx context.Context) ([]byte, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w; the page is built by the Go toolchain", err)
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
}

// buildWorker compiles what computes, and compresses it. Functions are inlined only where
// the time goes: elsewhere that would cost a tenth of the size.
func buildWorker(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "likely-wasm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "lab.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-gcflags=all=-l", "-gcflags=likely/internal/...=", "-gcflags=likely/cmd/page/lab=",
		"-ldflags=-s -w", "-o", name, "likely/cmd/page/worker")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	wasm, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(wasm); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
