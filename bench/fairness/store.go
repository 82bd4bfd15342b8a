package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"likely/internal/wholefile"
)

// store keeps what was computed by name, each in a file of a folder; "": nothing is kept.
type store struct{ folder string }

// keep returns in to what was kept under a name, or computes and keeps it. fresh says
// which.
func keep[T any](s store, name string, compute func() (T, error)) (got T, fresh bool, err error) {
	path := filepath.Join(s.folder, name+".json")
	if s.folder != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			if err = json.Unmarshal(text, &got); err != nil {
				return got, false, fmt.Errorf("--state: %s: %w; remove it", path, err)
			}
			return got, false, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return got, false, err
		}
	}
	if got, err = compute(); err != nil {
		return got, true, fmt.Errorf("%s: %w", name, err)
	}
	if s.folder == "" {
		return got, true, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return got, true, err
	}
	return got, true, wholefile.Write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(got) })
}
