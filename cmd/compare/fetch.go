package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"likely/dataset"
	"likely/internal/wholefile"
)

func (a *app) fetchCommand() *cobra.Command {
	var dir, from string
	cmd := &cobra.Command{
		Use:   "fetch NAME",
		Short: "download the files of a dataset that is not built in",
		Long: `Fetch downloads the files of a known dataset into DIR/NAME and checks each
against its published fingerprint; a file that does not match is not kept. Later
runs find them there when LIKELY_DATA=DIR is set, or when DIR is data in the
folder they start in.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := dataset.Info(args[0])
			if err != nil {
				return err
			}
			if len(e.Files) == 0 {
				_, err := fmt.Fprintf(a.out, "%s is built in; there is nothing to fetch\n", e.Name)
				return err
			}
			return a.fetch(cmd.Context(), e, filepath.Join(dir, e.Name), from)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "data", "`DIR` to put the dataset's folder in")
	cmd.Flags().StringVar(&from, "from", "", "`URL` of a mirror that holds the files (default: where they are published)")
	return cmd
}

func (a *app) fetch(ctx context.Context, e dataset.Entry, folder, mirror string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot create %s: %w", folder, err)
	}
	for _, file := range e.Files {
		url := file.URL
		if mirror != "" {
			url = strings.TrimSuffix(mirror, "/") + "/" + file.Name
		}
		path := filepath.Join(folder, file.Name)
		fmt.Fprintf(a.err, "fetching %s\n", url)
		err := wholefile.Write(path, func(w io.Writer) error { return download(ctx, w, url, file.SHA256) })
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.out, "%s is in %s\n", e.Name, folder)
	return err
}

// download copies the gzip file at url to w, and fails unless sum is the SHA-256 of
// what it unpacks to.
func download(ctx context.Context, w io.Writer, url, sum string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%w; try --from with a mirror, or put the file there by hand", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s; try --from with a mirror", url, response.Status)
	}
	// The published fingerprint is of the unpacked contents, because mirrors
	// compress them anew.
	body := io.TeeReader(response.Body, w)
	unpacked, err := gzip.NewReader(body)
	if err != nil {
		return fmt.Errorf("%s is not a gzip file: %w", url, err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, unpacked); err != nil {
		return fmt.Errorf("downloading %s: %w", url, err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return fmt.Errorf("downloading %s: %w", url, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("%s holds data with SHA-256 %s, published is %s: it is damaged or another file", url, got, sum)
	}
	return nil
}
