//go:build !unix

package main

import "time"

// pause waits until b's threads, which spin for a while after a product, have
// gone to sleep.
func (b *openBLAS) pause() { time.Sleep(100 * time.Millisecond) }

// wake undoes pause.
func (b *openBLAS) wake() {}
