package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"codeberg.org/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/gmm"
	"likely/gmm/sklearn"
)

var background = context.Background()

// work runs EM on a table of rows from the parameters in a file and prints its
// figures: this side's equal of sklearn_em.py.
func work(family string, files []string, iterations int) error {
	switch {
	case family == "stream" && len(files) == 1:
		return workStream(files[0], iterations)
	case len(files) != 2:
		return fmt.Errorf("a worker needs two files, not %d", len(files))
	}
	data, err := dataset.Open(files[0])
	if err != nil {
		return err
	}
	start, err := readStart(files[1], family)
	if err != nil {
		return err
	}
	covariance, err := gmm.ParseCovariance(family)
	if err != nil {
		return err
	}
	e, err := gmm.NewEM(data.X, start.Responsibilities(nil, data.X), gmm.Settings{Components: components, Covariance: covariance, Floor: -1})
	if err != nil {
		return err
	}
	var f figures
	for range iterations {
		begin := time.Now()
		if err := e.Step(background); err != nil {
			return err
		}
		f.Seconds = append(f.Seconds, time.Since(begin).Seconds())
	}
	f.Nats = e.LogLik()
	if f.Peak, err = peak(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

func readStart(path, family string) (*gmm.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return sklearn.Read(f, info.Size(), family)
}

func writeTable(path string, x *mat.Dense) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := npy.Write(f, x); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// peak returns the most memory that this process has held, in kilobytes, or 0
// where the system does not tell.
func peak() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		return 0, nil
	}
	var kilobytes int
	_, err = fmt.Sscan(rest, &kilobytes)
	return kilobytes, err
}
