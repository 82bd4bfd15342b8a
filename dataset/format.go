package dataset

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// fileFormat is a format of files that can be read. A new one is a file of its own
// and a line in [formats].
type fileFormat struct {
	name string
	// endings are those of the names of its files, without a .gz after them.
	endings []string
	// named recognises names that no ending can tell; may be nil.
	named func(base string) bool
	// magic are the beginnings of its files, which decide where the name says
	// nothing.
	magic []string
	// read reads the contents. Where wantTest is set and they hold test rows of
	// their own, these are returned too.
	read func(in *input, opt Options, wantTest bool) (train, test *Dataset, err error)
	// stream hands the rows to w one by one; nil: the format is not read in
	// pieces.
	stream func(in *input, opt Options, w *streamWriter) error
}

// formats returns what can be read. Text is the last: it takes what nothing
// else recognises.
func formats() []fileFormat {
	return []fileFormat{
		{name: "NPY", endings: []string{".npy"}, magic: []string{"\x93NUMPY"}, read: alone(readNPY), stream: streamNPY},
		{name: "NPZ", endings: []string{".npz"}, magic: []string{"PK\x03\x04", "PK\x05\x06"}, read: readNPZ},
		{name: "Parquet", endings: []string{".parquet"}, magic: []string{"PAR1"}, read: alone(readParquet)},
		{name: "IDX", named: idxName, magic: []string{"\x00\x00"}, read: alone(readIDX)},
		{name: "text", endings: []string{".csv", ".tsv", ".txt", ".dat", ".data"}, read: alone(readText), stream: streamText},
	}
}

// alone is the reader of a format whose files have no test rows in them.
func alone(read func(*input, Options) (*Dataset, error)) func(*input, Options, bool) (*Dataset, *Dataset, error) {
	return func(in *input, opt Options, _ bool) (*Dataset, *Dataset, error) {
		d, err := read(in, opt)
		return d, nil, err
	}
}

// formatOf decides by the name of a file, and by its first bytes where the
// name says nothing.
func formatOf(name string, head []byte) fileFormat {
	base := strings.ToLower(path.Base(filepath.ToSlash(name)))
	base = strings.TrimSuffix(base, ".gz")
	known := formats()
	for _, f := range known {
		if slices.Contains(f.endings, path.Ext(base)) || f.named != nil && f.named(base) {
			return f
		}
	}
	for _, f := range known {
		if slices.ContainsFunc(f.magic, func(magic string) bool { return strings.HasPrefix(string(head), magic) }) {
			return f
		}
	}
	return known[len(known)-1]
}

// idxName recognises the names that files of MNIST's kind have.
func idxName(base string) bool {
	return strings.Contains(base, "-ubyte") || strings.Contains(base, "idx")
}
