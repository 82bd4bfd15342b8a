//go:build !js && !noparquet

package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
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
	opt     Options
	leaves  []*parquet.Column
	kinds   []numberKind
	names   []string // of all columns
	choice  *choice
	codes   missingCodes
	levels  []*parquetLevels // of the columns of text; nil for others
	values  []float64
	classes []string
	groups  []string
	rows    int
	held    int64   // bytes
	step    float64 // 1 while all columns are of whole numbers
	large   tally   // rows with whole numbers beyond 2⁵³
}

// parquetLevels collects the texts of a column.
type parquetLevels struct {
	names []string
	codes map[string]int
}

func newParquetTable(in *input, file *parquet.File, opt Options) (*parquetTable, error) {
	path, most := in.path, in.limit/8
	t := &parquetTable{in: in, opt: opt, leaves: file.Root().Columns(), step: 1, codes: newMissingCodes(opt.MissingValues)}
	for _, column := range t.leaves {
		t.names = append(t.names, column.Name())
	}
	if len(t.leaves) == 0 || file.NumRows() == 0 {
		return nil, fmt.Errorf("dataset: %s holds %s of %s: %w; write at least one", path, count(int(file.NumRows()), "row"), count(len(t.leaves), "column"), ErrEmpty)
	}
	var err error
	if t.choice, err = choose(t.names, true, opt); err == nil {
		err = t.choice.checkNames(t.names)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	t.kinds, t.levels = make([]numberKind, len(t.leaves)), make([]*parquetLevels, len(t.leaves))
	for j, column := range t.leaves {
		if !column.Leaf() || column.Repeated() {
			return nil, fmt.Errorf("dataset: %s, %s holds lists or groups: %w; write one plain column for each number", path, columnPlace(t.names, j), ErrText)
		}
		if t.choice.roles[j] != roleValue {
			continue
		}
		switch t.kinds[j] = parquetKind(column); {
		case t.kinds[j] == text && (opt.categories() && opt.Like == nil || opt.Like.levelsOf(t.names[j]) != nil):
			t.levels[j] = &parquetLevels{codes: map[string]int{}}
			t.step = 0
		case t.kinds[j] == text, t.kinds[j] == notNumber:
			return nil, optionErrorf("dataset: %s, %s holds values of type %s: %w; convert the column to numbers, or leave it out (%s)",
				path, columnPlace(t.names, j), column.Type(), ErrText, dropGap(t.names[j], j))
		case t.kinds[j] == floating:
			t.step = 0
		}
	}
	width := len(t.choice.columns)
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
	text
)

// parquetKind returns the kind of a column. Dates, times and decimals are
// integers in a unit that a density should not depend on by accident, so they
// are no numbers here.
func parquetKind(column *parquet.Column) numberKind {
	kind := signed
	if logical := column.Type().LogicalType(); logical != nil && logical.Value != nil {
		switch logical := logical.Value.(type) {
		case *format.IntType:
			if !logical.IsSigned {
				kind = unsigned
			}
		case *format.StringType, *format.EnumType:
			return text
		default:
			return notNumber
		}
	}
	switch column.Type().Kind() {
	case parquet.Boolean, parquet.Int32, parquet.Int64:
		return kind
	case parquet.Float, parquet.Double:
		return floating
	case parquet.ByteArray:
		return text
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
	if t.held += int64(8 * len(t.choice.columns)); t.held > t.in.limit {
		return fmt.Errorf("dataset: %s holds more than %d bytes of values: %w; save them as .npy, or read fewer rows", t.in.path, t.in.limit, ErrTooLarge)
	}
	for j, value := range row {
		switch role := t.choice.roles[j]; {
		case role != roleValue && role != roleLabel && role != roleGroup:
		case value.IsNull() && (role != roleValue || !t.opt.gaps()):
			return fmt.Errorf("dataset: %s, row %d, %s is empty: %w; fill the value in or remove the row", t.in.path, t.rows, columnPlace(t.names, j), ErrMissing)
		case role == roleLabel:
			t.classes = append(t.classes, value.String())
			t.held += int64(16 + len(t.classes[len(t.classes)-1]))
		case role == roleGroup:
			t.groups = append(t.groups, value.String())
			t.held += int64(16 + len(t.groups[len(t.groups)-1]))
		case value.IsNull():
			t.values = append(t.values, math.NaN())
		case t.levels[j] != nil:
			if err := t.level(j, value.String()); err != nil {
				return err
			}
		default:
			v := parquetNumber(value, t.kinds[j])
			if math.Abs(v) >= 1<<53 && t.kinds[j] != floating {
				t.large.add(t.rows)
			}
			if t.codes.number(v) {
				v = math.NaN()
			}
			t.values = append(t.values, v)
		}
	}
	return nil
}

// level takes in a text as a level. Levels of other data are looked up when
// all have been read.
func (t *parquetTable) level(j int, name string) error {
	if t.codes.text(name) {
		t.values = append(t.values, math.NaN())
		return nil
	}
	l := t.levels[j]
	code, known := l.codes[name]
	if !known {
		if len(l.names) == maxCategories {
			return optionErrorf("dataset: %s: %s holds more than %d different texts: %w; categories have few values that repeat; leave the column out (%s)",
				t.in.path, columnPlace(t.names, j), maxCategories, ErrText, dropGap(t.names[j], j))
		}
		code = len(l.names)
		l.names = append(l.names, name)
		l.codes[name] = code
		t.held += int64(64 + 2*len(name))
	}
	t.values = append(t.values, float64(code))
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
	if t.rows == 0 {
		return nil, fmt.Errorf("dataset: %s: %w; write at least one row", t.in.path, ErrEmpty)
	}
	d := &Dataset{X: mat.NewDense(t.rows, len(t.choice.columns), t.values), Columns: t.choice.columns, Step: t.step, choice: t.choice, Notes: t.choice.notes, File: t.in.path}
	at := 0
	for j, levels := range t.levels {
		if t.choice.roles[j] != roleValue {
			continue
		}
		if levels != nil {
			if err := t.finishLevels(d, j, at, levels.names); err != nil {
				return nil, err
			}
		}
		at++
	}
	if t.large.count > 0 {
		d.Notes = append(d.Notes, t.large.note(NotePrecision, "", "%d whole numbers beyond 2^53, the first in row %d, are not held digit by digit, and different ones may be equal", t.large.count, t.large.lines[0]))
	}
	if t.choice.label >= 0 {
		var err error
		if d.Labels, d.LabelNames, err = indexLabels(t.classes); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", t.in.path, err)
		}
	}
	if t.choice.group >= 0 {
		texts := t.groups
		if t.choice.group == t.choice.label {
			texts = t.classes
		}
		if err := d.setGroups(texts); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", t.in.path, err)
		}
	}
	return d, nil
}

// finishLevels puts the texts of a column in order, or gives them the codes of
// other data.
func (t *parquetTable) finishLevels(d *Dataset, j, at int, names []string) error {
	levels, codes := sortLevels(names)
	if known := t.opt.Like.levelsOf(t.names[j]); known != nil {
		levels = known
		for k, name := range names {
			code := slices.Index(known, name)
			codes[k] = float64(code)
			if code < 0 {
				codes[k] = math.NaN()
			}
		}
	} else if n := len(names); n > 1 && (t.choice.types[t.names[j]] != Categorical && 2*n > t.rows || n == t.rows) {
		return optionErrorf("dataset: %s: %s holds %d different texts in %s: %w; categories have few values that repeat; leave the column out (%s)",
			t.in.path, columnPlace(t.names, j), n, count(t.rows, "row"), ErrText, dropGap(t.names[j], j))
	}
	if d.Levels == nil {
		d.Levels = make([][]string, d.Dim())
	}
	d.Levels[at] = levels
	var unseen tally
	for i := range d.Rows() {
		v := d.X.At(i, at)
		if math.IsNaN(v) {
			continue
		}
		d.X.Set(i, at, codes[int(v)])
		if !math.IsNaN(codes[int(v)]) {
			continue
		}
		if !t.opt.UnseenMissing {
			return optionErrorf("dataset: %s: %s is %w: the training data have %s; correct the value, or set {UnseenMissing} to take it for missing",
				d.Where(i, at), quote(names[int(v)]), ErrUnseen, quoteList(levels))
		}
		unseen.add(i + 1)
	}
	if unseen.count > 0 {
		d.Notes = append(d.Notes, Note{Kind: NoteReading, Column: t.names[j], Count: unseen.count,
			Text: fmt.Sprintf("%s: %d values that the training data do not have are taken for missing", columnPlace(t.names, j), unseen.count)})
	}
	return nil
}
