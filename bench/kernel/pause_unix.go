//go:build unix

package main

import "syscall"

// pause takes the processors away from b's threads, which spin for a while
// after a product and would slow down whoever is next.
func (b *openBLAS) pause() { b.command.Process.Signal(syscall.SIGSTOP) }

// wake undoes pause.
func (b *openBLAS) wake() { b.command.Process.Signal(syscall.SIGCONT) }
