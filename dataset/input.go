package dataset

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// MaxUnpacked is the number of bytes that a compressed file (gzip, .npz or
// .parquet) may unpack to, and that its values may take as float64. It keeps a
// small file from filling the memory; larger data are read from an
// uncompressed file, or in part, with Options.Limit.
const MaxUnpacked = 1 << 30

// maxLine is the longest line of a text file, in bytes: a million columns.
const maxLine = 1 << 24

// input is a file being read: unpacked if it was gzipped, fingerprinted on
// the way.
type input struct {
	path       string // for messages
	size       int64  // bytes on disk
	compressed bool
	limit      int64 // bytes it may unpack to
	reader     *bufio.Reader
	sum        hash.Hash
}

// newInput starts reading r, which holds size bytes and is called path. Gzip
// is recognised by its first bytes, whatever the name.
func newInput(r io.Reader, size int64, path string, limit int64) (*input, error) {
	in := &input{path: path, size: size, limit: limit, sum: sha256.New()}
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
		contents = &bounded{r: unzip, left: limit}
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
		return in.tooLarge()
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("dataset: %s: damaged gzip (%w): %w; get the file again", in.path, err, ErrFormat)
	}
	return fmt.Errorf("dataset: %s: %w", in.path, err)
}

// tooLarge says that a compressed file holds too much.
func (in *input) tooLarge() error {
	return fmt.Errorf("dataset: %s unpacks to more than %d bytes: %w for a compressed file; unpack it first if that is its true size", in.path, in.limit, ErrTooLarge)
}

// fits reports whether a number of values may be held.
func (in *input) fits(values int64) bool { return !in.compressed || values <= in.limit/8 }

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

// lines passes text on and fails with errLongLine after a line of more than
// maxLine bytes, which no table has.
type lines struct {
	r      io.Reader
	length int
}

var errLongLine = errors.New("line is too long")

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if last := bytes.LastIndexByte(p[:n], '\n'); last >= 0 {
		l.length = n - 1 - last
	} else if l.length += n; l.length > maxLine {
		return 0, errLongLine
	}
	return n, err
}
