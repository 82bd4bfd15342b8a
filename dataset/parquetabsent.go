//go:build js || noparquet

package dataset

import "fmt"

// readParquet says that this program was built without the Parquet reader,
// which a browser would have to fetch.
func readParquet(in *input, _ Options) (*Dataset, error) {
	return nil, fmt.Errorf("dataset: %s is a Parquet file, which this build does not read: %w; save it as .csv or .npy", in.path, ErrFormat)
}
