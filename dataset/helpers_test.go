package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// idxFile builds an IDX file from a type code, dimensions and raw values.
func idxFile(code byte, shape []uint32, values []byte) []byte {
	file := []byte{0, 0, code, byte(len(shape))}
	for _, s := range shape {
		file = binary.BigEndian.AppendUint32(file, s)
	}
	return append(file, values...)
}

// gzipped compresses a file.
func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// readBytes reads the contents of a file called name.
func readBytes(name string, data []byte, opt Options) (*Dataset, error) {
	d, _, err := read(bytes.NewReader(data), int64(len(data)), name, opt, false)
	return d, err
}

// tempFile writes a file into a folder of the test and returns its path.
func tempFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// npyFile builds a NumPy file, version 1.0, from the type, the order, the
// shape as Python writes it and the raw values.
func npyFile(kind string, fortran bool, shape string, values []byte) []byte {
	order := "False"
	if fortran {
		order = "True"
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", kind, order, shape)
	for (10+len(header)+1)%64 != 0 {
		header += " "
	}
	header += "\n"
	file := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	return append(append(file, header...), values...)
}

// heapPeak runs f and returns the largest heap in use that was seen, in bytes.
func heapPeak(f func()) uint64 {
	runtime.GC()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		var stats runtime.MemStats
		for {
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapInuse)
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	return <-peak
}
