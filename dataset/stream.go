package dataset

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Stream is a file of rows that need not fit into memory. Opening it reads the file
// once, checks every row, draws a sample, and keeps the rows as numbers in a
// temporary file of N·D·8 bytes, which is read again as often as needed: at the
// speed of a disk, not of a parser.
//
// It hands the rows out in their order, a chunk at a time, by Rewind and Next, as
// gmm.Rows wants them.
type Stream struct {
	// Sample holds rows that were drawn without replacement, in the order of
	// the file: all of them, if there are not more than were asked for. Its
	// Row gives the number of a row in the file.
	Sample *Dataset

	rows, dim int
	spool     *os.File
	reader    *bufio.Reader
	buffer    []byte // of a chunk
}

// streamBuffer is the size of reads and writes in the temporary file, in bytes.
const streamBuffer = 1 << 20

// OpenStream opens a text file or a NumPy array in row-major order, gzipped or not,
// and draws a sample of so many rows (≥ 1) by the seed. The caller closes the stream.
// Options.Limit bounds the rows that are read at all; the column that Options.Label
// names is left out; Options.Missing and
// Options.Weights are refused.
//
// Errors are those of [Open]; one that wraps [ErrFormat] says that a file is of a
// format that cannot be read in pieces. If ctx ends, its error is returned. Memory is
// that of the sample.
func OpenStream(ctx context.Context, path string, sample int, seed uint64, opt Options) (_ *Stream, err error) {
	if sample < 1 {
		panic("dataset: a sample of no rows")
	}
	if opt.Missing {
		return nil, fmt.Errorf("dataset: %s: rows with missing values cannot be streamed: %w; read the file whole", path, ErrMissing)
	}
	if opt.Weights != "" {
		return nil, fmt.Errorf("dataset: %s: rows with weights cannot be streamed: %w; read the file whole", path, ErrWeights)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	in, err := newInput(file, 0, path, math.MaxInt64)
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
	s := &Stream{spool: spool, reader: bufio.NewReaderSize(spool, streamBuffer)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	w := &streamWriter{
		ctx: ctx, path: path, most: sample,
		random: rand.New(density.NewSource(seed, "dataset.stream")),
		to:     bufio.NewWriterSize(spool, streamBuffer),
	}
	var columns []string
	switch formatOf(path, head) {
	case formatText:
		columns, err = streamText(in, opt, w)
	case formatNPY:
		columns, err = streamNPY(in, opt, w)
	default:
		err = fmt.Errorf("dataset: %s is of a format that is not read in pieces: %w; save it as .csv, or as .npy", path, ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	if err := w.to.Flush(); err != nil {
		return nil, w.full(err)
	}
	sum, err := in.fingerprint()
	if err != nil {
		return nil, err
	}
	s.Sample = w.sample(columns)
	s.Sample.Name, s.Sample.File, s.Sample.SHA256 = baseName(path), path, sum
	s.rows, s.dim = w.rows, len(columns)
	return s, s.Rewind()
}

// Rows returns N, the number of rows of the file.
func (s *Stream) Rows() int { return s.rows }

// Dim returns D, the number of columns.
func (s *Stream) Dim() int { return s.dim }

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
func (s *Stream) Next(dst *mat.Dense) (int, error) {
	n, d := dst.Dims()
	if d != s.dim {
		panic("dataset: dimension mismatch")
	}
	width := 8 * d
	if len(s.buffer) < n*width {
		s.buffer = make([]byte, n*width)
	}
	have, err := io.ReadFull(s.reader, s.buffer[:n*width])
	rows := have / width
	for i := range rows {
		row := dst.RawRowView(i)
		for j := range row {
			row[j] = math.Float64frombits(binary.LittleEndian.Uint64(s.buffer[i*width+8*j:]))
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
	return errors.Join(err, os.Remove(s.spool.Name()))
}

// streamWriter takes in the rows of a file.
type streamWriter struct {
	ctx    context.Context
	path   string
	to     *bufio.Writer
	random *rand.Rand
	rows   int
	number []byte

	most   int // rows of the sample
	values []float64
	kept   []int // row of the file of each row of the sample
	lines  []int32
}

// row writes a row, and keeps it in the sample or does not: by Vitter's algorithm R
// (1985), under which every set of rows is equally likely at any time.
func (w *streamWriter) row(row []float64, line int32) error {
	if w.rows%4096 == 0 && w.ctx.Err() != nil {
		return fmt.Errorf("dataset: %w", w.ctx.Err())
	}
	if w.number == nil {
		w.number = make([]byte, 8*len(row))
	}
	for j, v := range row {
		binary.LittleEndian.PutUint64(w.number[8*j:], math.Float64bits(v))
	}
	if _, err := w.to.Write(w.number); err != nil {
		return w.full(err)
	}
	if w.rows < w.most {
		w.values = append(w.values, row...)
		w.kept, w.lines = append(w.kept, w.rows), append(w.lines, line)
	} else if i := w.random.IntN(w.rows + 1); i < w.most {
		copy(w.values[i*len(row):], row)
		w.kept[i], w.lines[i] = w.rows, line
	}
	w.rows++
	return nil
}

// full says that the temporary file cannot be written.
func (w *streamWriter) full(err error) error {
	return fmt.Errorf("dataset: row %d of %s, in the temporary file: %w; set TMPDIR to a folder with room for all numbers at 8 bytes each", w.rows+1, w.path, err)
}

// sample returns the rows that were drawn, in the order of the file.
func (w *streamWriter) sample(columns []string) *Dataset {
	order := make([]int, len(w.kept))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return w.kept[a] - w.kept[b] })
	d := len(columns)
	x := mat.NewDense(len(order), d, nil)
	out := &Dataset{X: x, Columns: columns, rows: make([]int, len(order))}
	lines := make(map[int]int32, len(order))
	for to, from := range order {
		x.SetRow(to, w.values[from*d:(from+1)*d])
		out.rows[to] = w.kept[from]
		lines[w.kept[from]] = w.lines[from]
	}
	if w.lines[0] > 0 {
		out.sampled = lines
	}
	return out
}

// streamText reads the rows of a text file.
func streamText(in *input, opt Options, w *streamWriter) ([]string, error) {
	t, err := newTable(in, opt)
	if err != nil {
		return nil, err
	}
	t.each = w.row
	if err := t.read(opt); err != nil {
		return nil, err
	}
	return t.columns, nil
}
