// Command page builds and serves a page on which a Gaussian mixture and a variational
// autoencoder are fitted to the same points, half a step at a time. The page is static:
// our own packages run in the browser as WebAssembly.
//
//	go run ./cmd/page build DIR
//	go run ./cmd/page serve
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

const usage = `usage:
  page build DIR                     write the page into a folder that any web server serves
  page serve [--addr HOST:PORT]      build it, and serve it on this machine

build needs the Go toolchain and the sources: run it in the repository.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run returns the exit code: 0 fine, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string) int {
	err := errUsage
	switch {
	case len(args) == 2 && args[0] == "build":
		if err = build(ctx, args[1]); err == nil {
			fmt.Printf("written to %s\n", args[1])
		}
	case len(args) > 0 && args[0] == "serve":
		err = serve(ctx, args[1:])
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	fmt.Fprintf(os.Stderr, "page: %v\n", err)
	return 1
}

var errUsage = errors.New("wrong usage")

// serve builds the page into a temporary folder and serves it until ctx ends.
func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "localhost:8080", "where to listen")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	dir, err := os.MkdirTemp("", "likely-page")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return fmt.Errorf("--addr: %w; give another port", err)
	}
	defer listener.Close()
	fmt.Fprintln(os.Stderr, "building …")
	if err := build(ctx, dir); err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	server := &http.Server{Handler: http.FileServer(http.Dir(filepath.Clean(dir))), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
