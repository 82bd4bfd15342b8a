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
)

// MaxUnpacked is the number of bytes that a compressed file (gzip, .npz or
// .parquet) may unpack to, and that its values may take as float64. It keeps a
// small file from filling the memory; larger data are read from an
// uncompressed file, or in part, with Options.Limit. For a file of less than 8
// MB it is less: 128 times the size of the file, or 64 MB if that is more.
const MaxUnpacked = 1 << 30

// What a compressed file may unpack to in any case, and by its size: tables of
// numbers shrink to a third or, if most are 0, to a hundredth.
const (
	leastUnpacked = 1 << 26
	mostRatio     = 128
)

// unpackLimit is the bound for a file of the given size in bytes.
func unpackLimit(size int64) int64 {
	return min(MaxUnpacked, max(leastUnpacked, min(size, MaxUnpacked)*mostRatio))
}

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
		unzip, err := newGunzip(raw)
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
	case errors.Is(err, errGarbage):
		return fmt.Errorf("dataset: %s: %w: %w; cut off what does not belong to the file, or get it again", in.path, err, ErrFormat)
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

// holds reports whether so many bytes may be held for the contents.
func (in *input) holds(bytes int64) bool { return !in.compressed || bytes <= in.limit }

// wrap gives an error of a reader the name of the file, and says in the
// package's terms what failed underneath.
func (in *input) wrap(err error) error {
	for _, known := range []error{ErrFormat, ErrTruncated, ErrEmpty, ErrText, ErrTooLarge} {
		if errors.Is(err, known) && !errors.Is(err, errBound) {
			return fmt.Errorf("dataset: %s: %w", in.path, err)
		}
	}
	return in.fail(err)
}

// errBound says that a bound on bytes was met.
var errBound = fmt.Errorf("bound on unpacked bytes: %w", ErrTooLarge)

// errGarbage says that something follows the gzip data.
var errGarbage = errors.New("something that is not gzip follows the gzip data")

// gunzip unpacks the members of a gzip file. Zeros may follow them, as on
// tapes; anything else is errGarbage.
type gunzip struct {
	raw *bufio.Reader
	zip *gzip.Reader
}

func newGunzip(raw *bufio.Reader) (*gunzip, error) {
	zip, err := gzip.NewReader(raw)
	if err != nil {
		return nil, err
	}
	zip.Multistream(false)
	return &gunzip{raw, zip}, nil
}

func (g *gunzip) Read(p []byte) (int, error) {
	for {
		n, err := g.zip.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil // the end of a member is not that of the file
			}
			return n, err
		}
		if err := g.nextMember(); err != nil {
			return 0, err
		}
	}
}

// nextMember goes on to the next member, or returns io.EOF.
func (g *gunzip) nextMember() error {
	magic, err := g.raw.Peek(2)
	if string(magic) == "\x1f\x8b" {
		if err := g.zip.Reset(g.raw); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		g.zip.Multistream(false)
		return nil
	}
	if len(magic) == 0 {
		return err
	}
	for {
		b, err := g.raw.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errGarbage
		}
	}
}

// bounded fails with errBound after left bytes.
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
		return 0, errBound
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
