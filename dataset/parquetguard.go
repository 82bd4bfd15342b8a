//go:build !js && !noparquet

package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet reader allocates what the lengths in a file ask for. The checks
// here hold these lengths against the file before it sees them: those in the
// metadata against the bytes that are there, those of the pages against a
// bound. Both are written in Thrift's compact protocol, which describes itself
// well enough to be walked without knowing the fields:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

// guardFooter checks the metadata at the end of a Parquet file.
func guardFooter(raw []byte) error {
	length := int64(binary.LittleEndian.Uint32(raw[len(raw)-8:]))
	start := int64(len(raw)) - 8 - length
	if start < 4 {
		return fmt.Errorf("metadata of %d bytes do not fit into the file: %w", length, ErrTruncated)
	}
	w := thriftWalk{data: raw[start : len(raw)-8]}
	return w.structure(0)
}

// parquetPage is a page in a file: its header, and where its contents lie.
type parquetPage struct {
	header   format.PageHeader
	at       int64 // of the header
	from, to int64
}

// guardPages checks the headers of all pages: they lie in the file, and their
// contents, unpacked, take at most limit bytes and hold at most limit/8
// values a column. It returns the pages of each column of each row group, and
// whether there is something that the reader underneath takes for damage and
// is none: a page without values, or contents of no bytes that are said to be
// compressed, or something behind the last page, such as a copy of the
// column's metadata.
func guardPages(raw []byte, metadata *format.FileMetaData, limit int64) (pages [][][]parquetPage, odd bool, err error) {
	var unpacked int64
	for _, group := range metadata.RowGroups {
		var columns [][]parquetPage
		for _, chunk := range group.Columns {
			column, strange, err := guardChunk(raw, &chunk.MetaData, limit, &unpacked)
			if err != nil {
				return nil, false, err
			}
			columns, odd = append(columns, column), odd || strange
		}
		pages = append(pages, columns)
	}
	return pages, odd, nil
}

// guardChunk checks the pages of one column of a row group, up to the number
// of values that it has.
func guardChunk(raw []byte, chunk *format.ColumnMetaData, limit int64, unpacked *int64) (pages []parquetPage, odd bool, err error) {
	var protocol thrift.CompactProtocol
	at, size := chunk.DataPageOffset, chunk.TotalCompressedSize
	if dictionary := chunk.DictionaryPageOffset; dictionary > 0 && dictionary < at {
		at = dictionary
	}
	if at < 4 || size < 0 || at > int64(len(raw)) || size > int64(len(raw))-at {
		return nil, false, fmt.Errorf("a column lies outside the file: %w", ErrTruncated)
	}
	var total int64
	for end := at + size; at < end; {
		if total >= chunk.NumValues && chunk.NumValues > 0 {
			return pages, true, nil
		}
		w := thriftWalk{data: raw[at:end]}
		if err := w.structure(0); err != nil {
			return nil, false, err
		}
		page := parquetPage{at: at, from: at + int64(w.at)}
		header := &page.header
		if err := thrift.Unmarshal(&protocol, raw[at:page.from], header); err != nil {
			return nil, false, fmt.Errorf("page header: %w: %w", err, ErrFormat)
		}
		packed, values := int64(header.CompressedPageSize), pageValues(header)
		if packed < 0 || packed > end-page.from || header.UncompressedPageSize < 0 || values < 0 {
			return nil, false, fmt.Errorf("a page lies outside the file: %w", ErrTruncated)
		}
		if *unpacked += int64(header.UncompressedPageSize); *unpacked > limit || values > limit/8 {
			return nil, false, errPageSize
		}
		at = page.from + packed
		page.to = at
		if header.DictionaryPageHeader.Valid {
			pages = append(pages, page)
			continue
		}
		total += values
		if values == 0 {
			odd = true
			continue
		}
		if v2 := &header.DataPageHeaderV2; v2.Valid && packed == int64(v2.V.DefinitionLevelsByteLength)+int64(v2.V.RepetitionLevelsByteLength) && !(v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V) {
			v2.V.IsCompressed = thrift.Null[bool]{V: false, Valid: true}
			odd = true
		}
		pages = append(pages, page)
	}
	return pages, odd, nil
}

// withPages returns the file with the given pages and nothing else.
func withPages(raw []byte, metadata *format.FileMetaData, pages [][][]parquetPage) ([]byte, error) {
	var protocol thrift.CompactProtocol
	out := append(make([]byte, 0, len(raw)), "PAR1"...)
	for g := range metadata.RowGroups {
		group := &metadata.RowGroups[g]
		for c := range group.Columns {
			chunk := &group.Columns[c]
			start := int64(len(out))
			chunk.MetaData.DictionaryPageOffset, chunk.MetaData.DataPageOffset, chunk.FileOffset = 0, start, 0
			chunk.OffsetIndexOffset, chunk.OffsetIndexLength, chunk.ColumnIndexOffset, chunk.ColumnIndexLength = 0, 0, 0, 0
			chunk.MetaData.BloomFilterOffset = 0
			for _, page := range pages[g][c] {
				if page.header.DictionaryPageHeader.Valid {
					chunk.MetaData.DictionaryPageOffset = int64(len(out))
				}
				header, err := thrift.Marshal(&protocol, &page.header)
				if err != nil {
					return nil, fmt.Errorf("page header: %w: %w", err, ErrFormat)
				}
				out = append(append(out, header...), raw[page.from:page.to]...)
				if page.header.DictionaryPageHeader.Valid {
					chunk.MetaData.DataPageOffset = int64(len(out))
				}
			}
			chunk.MetaData.TotalCompressedSize = int64(len(out)) - start
		}
	}
	footer, err := thrift.Marshal(&protocol, metadata)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w: %w", err, ErrFormat)
	}
	out = append(out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...), nil
}

var errPageSize = fmt.Errorf("pages unpack to too much: %w", ErrTooLarge)

// pageValues is the number of values that a page claims to hold.
func pageValues(header *format.PageHeader) int64 {
	most := max(header.DataPageHeader.V.NumValues, header.DataPageHeaderV2.V.NumValues, header.DictionaryPageHeader.V.NumValues)
	least := min(header.DataPageHeader.V.NumValues, header.DataPageHeaderV2.V.NumValues, header.DictionaryPageHeader.V.NumValues)
	if least < 0 {
		return int64(least)
	}
	return int64(most)
}

// openParquet opens a file whose metadata have been checked, and checks its
// pages.
func openParquet(raw []byte, limit int64) (*parquet.File, error) {
	if err := guardFooter(raw); err != nil {
		return nil, err
	}
	open := func(raw []byte) (*parquet.File, error) {
		file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, ErrFormat)
		}
		return file, nil
	}
	file, err := open(raw)
	if err != nil {
		return nil, err
	}
	pages, odd, err := guardPages(raw, file.Metadata(), limit)
	if err != nil || !odd {
		return file, err
	}
	clean, err := withPages(raw, file.Metadata(), pages)
	if err != nil {
		return nil, err
	}
	return open(clean)
}

// thriftWalk walks over one structure and fails where a length goes beyond
// the data.
type thriftWalk struct {
	data []byte
	at   int
}

var errThrift = fmt.Errorf("damaged metadata: %w", ErrFormat)

// Types of a field in the compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftInt16
	thriftInt32
	thriftInt64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// structure walks over the fields of a structure up to its end.
func (w *thriftWalk) structure(depth int) error {
	for {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the number of the field follows
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		if kind := head & 0xf; kind != thriftTrue && kind != thriftFalse {
			if err := w.value(kind, depth); err != nil {
				return err
			}
		}
	}
}

// value walks over a value of the given type. In lists, booleans take a byte.
func (w *thriftWalk) value(kind byte, depth int) error {
	const deepest = 32
	if depth > deepest {
		return errThrift
	}
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftInt16, thriftInt32, thriftInt64:
		_, err := w.varint()
		return err
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		head, err := w.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 0xf {
			if n, err = w.varint(); err != nil {
				return err
			}
		}
		return w.values(n, depth, head&0xf)
	case thriftMap:
		n, err := w.varint()
		if err != nil || n == 0 {
			return err
		}
		head, err := w.byte()
		if err != nil {
			return err
		}
		return w.values(n, depth, head>>4, head&0xf)
	case thriftStruct:
		return w.structure(depth + 1)
	}
	return errThrift
}

// values walks over n times the given types. Every value takes a byte or
// more, so the walk ends with the data, whatever n is.
func (w *thriftWalk) values(n uint64, depth int, kinds ...byte) error {
	for range n {
		for _, kind := range kinds {
			if err := w.value(kind, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if w.at >= len(w.data) {
		return 0, errThrift
	}
	w.at++
	return w.data[w.at-1], nil
}

func (w *thriftWalk) varint() (uint64, error) {
	v, n := binary.Uvarint(w.data[w.at:])
	if n <= 0 {
		return 0, errThrift
	}
	w.at += n
	return v, nil
}

func (w *thriftWalk) skip(n uint64) error {
	if n > math.MaxInt32 || int(n) > len(w.data)-w.at {
		return errThrift
	}
	w.at += int(n)
	return nil
}
