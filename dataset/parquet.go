//go:build !js && !noparquet

package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"gonum.org/v1/gonum/mat"
)

// readParquet reads a flat table of numbers. Columns of text, of dates, of
// lists are refused by name, and so is a missing value.
func readParquet(in *input, opt Options) (d *Dataset, err error) {
	raw, err := in.readAll()
	if err != nil {
		return nil, err
	}
	// What a damaged file makes the reader underneath panic on is an error.
	defer func() {
		if r := recover(); r != nil {
			d, err = nil, fmt.Errorf("dataset: %s: damaged Parquet file: %w; write the file again", in.path, ErrFormat)
		}
	}()
	if len(raw) < 12 || !bytes.HasPrefix(raw, []byte("PAR1")) {
		return nil, fmt.Errorf("dataset: %s does not begin as a Parquet file: %w; name the file by its true format", in.path, ErrFormat)
	}
	if !bytes.HasSuffix(raw, []byte("PAR1")) {
		return nil, fmt.Errorf("dataset: %s does not end as a Parquet file: %w; get the whole file again", in.path, ErrTruncated)
	}
	file, err := openParquet(raw, in.limit)
	if err != nil {
		if errors.Is(err, ErrTooLarge) {
			return nil, fmt.Errorf("dataset: %s unpacks to more than %d bytes: %w for a compressed file; save the data as .npy if that is their true size", in.path, in.limit, ErrTooLarge)
		}
		return nil, fmt.Errorf("dataset: %s: %w; write the file again", in.path, err)
	}
	t, err := newParquetTable(in, file, opt)
	if err != nil {
		return nil, err
	}
	for _, group := range file.RowGroups() {
		if err := t.readGroup(group, opt.Limit); err != nil {
			if errors.Is(err, errParquet) {
				return nil, fmt.Errorf("dataset: %s: %w: %w; write the file again", in.path, err, ErrFormat)
			}
			return nil, err
		}
	}
	return t.dataset()
}

// errParquet marks an error of the reader underneath.
var errParquet = errors.New("damaged Parquet file")

// parquetTable is the state of reading a Parquet file.
type parquetTable struct {
	in      *input
	leaves  []*parquet.Column
	names   []string // of all columns
	label   int      // column of the labels, or −1
	values  []float64
	classes []string
	rows    int
	step    float64 // 1 while all columns are of whole numbers
}

func newParquetTable(in *input, file *parquet.File, opt Options) (*parquetTable, error) {
	path, most := in.path, in.limit/8
	t := &parquetTable{in: in, leaves: file.Root().Columns(), step: 1}
	for _, column := range t.leaves {
		t.names = append(t.names, column.Name())
	}
	var err error
	if t.label, err = labelColumn(t.names, opt.Label); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	width := len(t.leaves)
	if t.label >= 0 {
		width--
	}
	if width == 0 || file.NumRows() == 0 {
		return nil, fmt.Errorf("dataset: %s holds %s of %s: %w; write at least one", path, count(int(file.NumRows()), "row"), count(width, "column"), ErrEmpty)
	}
	for j, column := range t.leaves {
		if !column.Leaf() || column.Repeated() {
			return nil, fmt.Errorf("dataset: %s, %s holds lists or groups: %w; write one plain column for each number", path, columnPlace(t.names, j), ErrText)
		}
		if j == t.label {
			continue
		}
		kind := parquetKind(column)
		if kind == notNumber {
			return nil, fmt.Errorf("dataset: %s, %s holds values of type %s: %w; convert the column to numbers or remove it",
				path, columnPlace(t.names, j), column.Type(), ErrText)
		}
		if kind == floating {
			t.step = 0
		}
	}
	if total := file.NumRows(); total < 0 || total > most/int64(width) && (opt.Limit <= 0 || int64(opt.Limit) > most/int64(width)) {
		return nil, fmt.Errorf("dataset: %s promises %d rows of %s: %w; save them as .npy, or read fewer rows", path, total, count(width, "column"), ErrTooLarge)
	}
	return t, nil
}

// numberKind says how the values of a Parquet column stand for numbers.
type numberKind int

const (
	notNumber numberKind = iota
	floating
	signed
	unsigned
)

// parquetKind returns the kind of a column. Dates, times and decimals are
// integers in a unit that a density should not depend on by accident, so they
// are no numbers here.
func parquetKind(column *parquet.Column) numberKind {
	kind := signed
	if logical := column.Type().LogicalType(); logical != nil && logical.Value != nil {
		integer, ok := logical.Value.(*format.IntType)
		if !ok {
			return notNumber
		}
		if !integer.IsSigned {
			kind = unsigned
		}
	}
	switch column.Type().Kind() {
	case parquet.Boolean, parquet.Int32, parquet.Int64:
		return kind
	case parquet.Float, parquet.Double:
		return floating
	}
	return notNumber
}

// readGroup appends the rows of one row group, up to limit rows in all.
func (t *parquetTable) readGroup(group parquet.RowGroup, limit int) error {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 64)
	for limit <= 0 || t.rows < limit {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			if limit > 0 && t.rows == limit {
				return nil
			}
			if err := t.row(row); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("row %d: %w: %w", t.rows+1, err, errParquet)
		}
		if n == 0 {
			return fmt.Errorf("row %d: no progress: %w", t.rows+1, errParquet)
		}
	}
	return nil
}

func (t *parquetTable) row(row parquet.Row) error {
	t.rows++
	if len(row) != len(t.leaves) {
		return fmt.Errorf("row %d has %d of %d columns: %w", t.rows, len(row), len(t.leaves), errParquet)
	}
	if int64(len(t.values)) > t.in.limit/8 {
		return fmt.Errorf("dataset: %s holds more than %d values: %w; save them as .npy, or read fewer rows", t.in.path, t.in.limit/8, ErrTooLarge)
	}
	for j, value := range row {
		if value.IsNull() {
			return fmt.Errorf("dataset: %s, row %d, %s is empty: %w; fill the value in or remove the row", t.in.path, t.rows, columnPlace(t.names, j), ErrMissing)
		}
		if j == t.label {
			t.classes = append(t.classes, value.String())
			continue
		}
		t.values = append(t.values, parquetNumber(value, parquetKind(t.leaves[j])))
	}
	return nil
}

func parquetNumber(value parquet.Value, kind numberKind) float64 {
	switch value.Kind() {
	case parquet.Boolean:
		if value.Boolean() {
			return 1
		}
		return 0
	case parquet.Int32:
		if kind == unsigned {
			return float64(value.Uint32())
		}
		return float64(value.Int32())
	case parquet.Int64:
		if kind == unsigned {
			return float64(value.Uint64())
		}
		return float64(value.Int64())
	case parquet.Float:
		return float64(value.Float())
	}
	return value.Double()
}

// dataset makes a dataset of the rows that were read.
func (t *parquetTable) dataset() (*Dataset, error) {
	columns := t.names
	if t.label >= 0 {
		columns = slices.Delete(slices.Clone(t.names), t.label, t.label+1)
	}
	if t.rows == 0 {
		return nil, fmt.Errorf("dataset: %s: %w; write at least one row", t.in.path, ErrEmpty)
	}
	d := &Dataset{X: mat.NewDense(t.rows, len(columns), t.values), Columns: columns, Step: t.step}
	if t.label >= 0 {
		var err error
		if d.Labels, d.LabelNames, err = indexLabels(t.classes); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", t.in.path, err)
		}
	}
	return d, nil
}
