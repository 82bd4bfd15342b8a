//go:build !js

package vae

import (
	"encoding/gob"
	"io"
)

func newCheckpointEncoder(w io.Writer) *gob.Encoder { return gob.NewEncoder(w) }

func newCheckpointDecoder(r io.Reader) *gob.Decoder { return gob.NewDecoder(r) }
