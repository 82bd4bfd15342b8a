//go:build js

package vae

import (
	"fmt"
	"io"
)

// noCheckpoint says that this program was built without checkpoints, which a browser
// would have to fetch the code of, and has no place for.
type noCheckpoint struct{}

func newCheckpointEncoder(io.Writer) noCheckpoint { return noCheckpoint{} }

func newCheckpointDecoder(io.Reader) noCheckpoint { return noCheckpoint{} }

func (noCheckpoint) Encode(any) error {
	return fmt.Errorf("vae: a browser keeps no checkpoints: %w", ErrCheckpoint)
}

func (n noCheckpoint) Decode(v any) error { return n.Encode(v) }
