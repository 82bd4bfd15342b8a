package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/dataset"
)

// A file is kept only if it unpacks to what was published.
func TestFetch(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("images"))
	require.NoError(t, z.Close())
	sum := sha256.Sum256([]byte("images"))
	served := packed.Bytes()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mirror/images.gz" {
			http.NotFound(w, r)
			return
		}
		w.Write(served)
	}))
	defer server.Close()
	var out, errOut bytes.Buffer
	a := &app{out: &out, err: &errOut}
	fetch := func(name, sum string) error {
		e := dataset.Entry{Name: "pictures", Files: []dataset.RemoteFile{{Name: name, URL: "http://127.0.0.1:1/" + name, SHA256: sum}}}
		return a.fetch(t.Context(), e, filepath.Join(t.TempDir(), "pictures"), server.URL+"/mirror/")
	}
	require.NoError(t, fetch("images.gz", hex.EncodeToString(sum[:])))
	require.Contains(t, out.String(), "pictures is in")

	dir := filepath.Join(t.TempDir(), "pictures")
	e := dataset.Entry{Name: "pictures", Files: []dataset.RemoteFile{{Name: "images.gz", SHA256: "0000"}}}
	err := a.fetch(t.Context(), e, dir, server.URL+"/mirror")
	require.ErrorContains(t, err, "damaged or another file")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "a wrong file must not be kept")

	require.ErrorContains(t, fetch("absent.gz", ""), "404")
	served = []byte("<html>sorry</html>")
	require.ErrorContains(t, fetch("images.gz", ""), "not a gzip file")
	served = packed.Bytes()[:packed.Len()-6]
	require.Error(t, fetch("images.gz", hex.EncodeToString(sum[:])))
	require.ErrorContains(t, a.fetch(t.Context(), dataset.Entry{Name: "pictures", Files: []dataset.RemoteFile{{Name: "x", URL: "http://127.0.0.1:1/x"}}}, dir, ""), "--from")
}
