package dataset

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"path/filepath"
	"strings"
)

// MaxUnpacked is the number of bytes that a compressed file (gzip, or an array
// inside .npz or .parquet) may unpack to. It keeps a small file from filling
// the memory; larger data are read from an uncompressed file.
const MaxUnpacked = 1 << 30

// input is a file being read: unpacked if it was gzipped, fingerprinted on
// the way.
type input struct {
	path       string // for messages
	size       int64  // bytes on disk
	compressed bool
	reader     *bufio.Reader
	sum        hash.Hash
}

// newInput starts reading r, which holds size bytes and is called path. Gzip
// is recognised by its first bytes, whatever the name.
func newInput(r io.Reader, size int64, path string) (*input, error) {
	in := &input{path: path, size: size, sum: sha256.New()}
	raw := bufio.NewReaderSize(r, 1<<16)
	magic, err := raw.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, in.fail(err)
	}
	contents := io.Reader(raw)
	if string(magic) == "\x1f\x8b" {
		in.compressed = true
		unzip, err := gzip.NewReader(raw)
		if err != nil {
			return nil, in.fail(err)
		}
		contents = &bounded{r: unzip, left: MaxUnpacked}
	}
	in.reader = bufio.NewReaderSize(io.TeeReader(contents, in.sum), 1<<16)
	return in, nil
}

// fingerprint reads what is left of the contents and returns the SHA-256 of
// all of them, in hexadecimal.
func (in *input) fingerprint() (string, error) {
	if _, err := io.Copy(io.Discard, in.reader); err != nil {
		return "", in.fail(err)
	}
	return hex.EncodeToString(in.sum.Sum(nil)), nil
}

// readAll returns the rest of the contents.
func (in *input) readAll() ([]byte, error) {
	data, err := io.ReadAll(in.reader)
	if err != nil {
		return nil, in.fail(err)
	}
	return data, nil
}

// fail says in the package's terms why reading the file failed.
func (in *input) fail(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("dataset: %s: %w; get the whole file again", in.path, ErrTruncated)
	case errors.Is(err, ErrTooLarge):
		return fmt.Errorf("dataset: %s unpacks to more than %d MiB: %w; unpack it first if that is its true size", in.path, MaxUnpacked>>20, ErrTooLarge)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("dataset: %s: damaged gzip (%w): %w; get the file again", in.path, err, ErrFormat)
	}
	return fmt.Errorf("dataset: %s: %w", in.path, err)
}

// bounded fails with ErrTooLarge after left bytes.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, ErrTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// fileFormat is a format that can be read.
type fileFormat int

const (
	formatText fileFormat = iota
	formatIDX
	formatNPY
	formatNPZ
	formatParquet
)

// formatOf decides by the name of a file, and by its first bytes where the
// name says nothing.
func formatOf(name string, head []byte) fileFormat {
	base := strings.ToLower(path.Base(filepath.ToSlash(name)))
	base = strings.TrimSuffix(base, ".gz")
	switch path.Ext(base) {
	case ".csv", ".tsv", ".txt", ".dat", ".data":
		return formatText
	case ".npy":
		return formatNPY
	case ".npz":
		return formatNPZ
	case ".parquet":
		return formatParquet
	}
	if strings.Contains(base, "-ubyte") || strings.Contains(base, "idx") {
		return formatIDX
	}
	switch has := func(magic string) bool { return strings.HasPrefix(string(head), magic) }; {
	case has("\x93NUMPY"):
		return formatNPY
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return formatNPZ
	case has("PAR1"):
		return formatParquet
	case has("\x00\x00"):
		return formatIDX
	}
	return formatText
}
