package dataset

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/oneline"
)

// Stream is a file of rows that need not fit into memory. Opening it reads the file
// once, checks every row, draws a sample, and keeps the rows as numbers in a
// temporary file of N·D·8 bytes, which is read again as often as needed: at the
// speed of a disk, not of a parser.
//
// It hands the rows out in their order, a chunk at a time, by Rewind and Next, as
// gmm.Rows wants them, or with their weights by NextWeighted, as gmm.WeightedRows does.
type Stream struct {
	// Sample holds rows that were drawn without replacement, in the order of
	// the file: all of them, if there are not more than were asked for. Its
	// Row gives the number of a row in the file. Its Absent is that of the file.
	Sample *Dataset

	rows, dim int
	weighted  bool
	total     float64
	missing   int
	codes     [][]float64 // of the columns of the file, the values that are levels; nil: none
	kept      []int       // the columns of the file that are handed out; nil: all
	row       []float64
	spool     *os.File
	reader    *bufio.Reader
	buffer    []byte // of a chunk
}

// streamBuffer is the size of reads and writes in the temporary file, in bytes.
const streamBuffer = 1 << 20

// OpenStream opens a text file or a NumPy array in row-major order, gzipped or not,
// and draws a sample of so many rows (≥ 1) by the seed. The caller closes the stream.
// Options.Limit bounds the rows that are read at all; the column that Options.Label
// names is left out. Options.Categories finds the types of the columns of numbers, by all
// rows; text is an error all the same. With Options.Weights rows of weight 0 are never drawn; the stream
// has them, with that weight.
//
// Errors are those of [Open]; one that wraps [ErrFormat] says that a file is of a
// format that cannot be read in pieces. If ctx ends, its error is returned. Memory is
// that of the sample.
func OpenStream(ctx context.Context, path string, sample int, seed uint64, opt Options) (_ *Stream, err error) {
	if sample < 1 {
		panic("dataset: a sample of no rows")
	}
	defer func() { err = oneline.Error(err) }()
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	size := stat.Size()
	in, err := newInput(file, size, path, streamLimit(size))
	if err != nil {
		return nil, err
	}
	head, err := in.reader.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, in.fail(err)
	}
	if len(head) == 0 {
		return nil, fmt.Errorf("dataset: %s is empty: %w; give a file with one example a row", path, ErrEmpty)
	}
	spool, err := os.CreateTemp("", "likely-rows-*")
	if err != nil {
		return nil, fmt.Errorf("dataset: no temporary file for the rows of %s: %w; set TMPDIR to a folder with room", path, err)
	}
	removeSpools()
	s := &Stream{spool: spool, reader: bufio.NewReaderSize(spool, streamBuffer)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	w := &streamWriter{
		ctx: ctx, path: path, most: sample, opt: opt, weightAt: -1,
		random: rand.New(density.NewSource(seed, "dataset.stream")),
		to:     bufio.NewWriterSize(spool, streamBuffer),
	}
	form := formatOf(path, head)
	if form.stream == nil {
		return nil, fmt.Errorf("dataset: %s is a file of %s, which is not read in pieces: %w; save it as .csv, or as .npy", path, form.name, ErrFormat)
	}
	err = form.stream(in, opt, w)
	if err != nil {
		return nil, err
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	sum, err := in.fingerprint()
	if err != nil {
		return nil, err
	}
	s.Sample = w.sample()
	s.Sample.Name, s.Sample.File, s.Sample.SHA256 = baseName(path), path, sum
	if opt.categories() {
		if err := s.typed(w.columnFacts(), opt); err != nil {
			return nil, err
		}
	}
	s.rows, s.dim, s.weighted, s.total, s.missing = w.rows, len(s.Sample.Columns), opt.Weights != "", w.total, w.missing
	return s, s.Rewind()
}

// removeSpools removes the names of all temporary files of rows, so that none is left
// if this process is killed. A file that is open stays until it is closed, as those
// of other processes may be; where a system does not remove an open file, Close does
// it. What is left then belongs to processes that have ended.
func removeSpools() {
	entries, _ := os.ReadDir(os.TempDir()) // what cannot be listed is left alone
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), "likely-rows-") {
			os.Remove(filepath.Join(os.TempDir(), e.Name()))
		}
	}
}

// Rows returns N, the number of rows of the file, those of weight 0 included.
func (s *Stream) Rows() int { return s.rows }

// Dim returns D, the number of columns.
func (s *Stream) Dim() int {
	if s.kept != nil {
		return len(s.kept)
	}
	return s.dim
}

// TotalWeight returns Σw over all rows, their number where they have no weights.
func (s *Stream) TotalWeight() float64 { return s.total }

// Missing returns the number of values that are missing in all rows that count.
func (s *Stream) Missing() int { return s.missing }

// Rewind goes back to the first row.
func (s *Stream) Rewind() error {
	if _, err := s.spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("dataset: the temporary file of %s: %w", s.Sample.File, err)
	}
	s.reader.Reset(s.spool)
	return nil
}

// Next fills the first rows of dst (any number of rows, D columns) and returns their
// number; after the last row it is 0 and the error io.EOF.
func (s *Stream) Next(dst *mat.Dense) (int, error) { return s.NextWeighted(dst, nil) }

// NextWeighted is Next, and fills as many weights, unless that is nil: those of the
// rows, or 1 where they have none.
func (s *Stream) NextWeighted(dst *mat.Dense, weights []float64) (int, error) {
	n, d := dst.Dims()
	if d != s.Dim() {
		panic("dataset: dimension mismatch")
	}
	d = s.dim
	width := 8 * d
	if s.weighted {
		width += 8
	}
	if len(s.buffer) < n*width {
		s.buffer = make([]byte, n*width)
	}
	have, err := io.ReadFull(s.reader, s.buffer[:n*width])
	rows := have / width
	for i := range rows {
		row := dst.RawRowView(i)
		if s.kept != nil {
			s.row = density.Resize(s.row, d)
			row = s.row
		}
		for j := range row {
			row[j] = math.Float64frombits(binary.LittleEndian.Uint64(s.buffer[i*width+8*j:]))
		}
		if s.codes != nil {
			s.encode(row)
		}
		if s.kept != nil {
			to := dst.RawRowView(i)
			for k, j := range s.kept {
				to[k] = row[j]
			}
		}
		if weights != nil {
			weights[i] = 1
			if s.weighted {
				weights[i] = math.Float64frombits(binary.LittleEndian.Uint64(s.buffer[i*width+8*d:]))
			}
		}
	}
	switch {
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return rows, nil
	case errors.Is(err, io.EOF):
		return 0, io.EOF
	}
	return rows, fmt.Errorf("dataset: the temporary file of %s: %w", s.Sample.File, err)
}

// Close removes the temporary file.
func (s *Stream) Close() error {
	err := s.spool.Close()
	if e := os.Remove(s.spool.Name()); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// streamLimit is the number of bytes that a file of the given size may unpack
// to where its rows are not held in memory.
func streamLimit(size int64) int64 { return max(leastUnpacked, size*mostRatio) }

// streamText reads the rows of a text file.
func streamText(in *input, opt Options, w *streamWriter) error {
	t, err := newTable(in, opt)
	if err != nil {
		return err
	}
	t.each = func(row []float64, line int32) error {
		if w.columns == nil {
			w.begin(t.choice)
		}
		return w.row(row, line)
	}
	if err := t.read(); err != nil {
		return err
	}
	w.notes, w.levels = t.notes, t.levels()
	return nil
}
