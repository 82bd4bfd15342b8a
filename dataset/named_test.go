package dataset

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// mustOpen opens a known dataset and skips the test if its files are not on
// this machine.
func mustOpen(t testing.TB, name string, opt Options) (train, test *Dataset) {
	t.Helper()
	entry, err := Info(name)
	require.NoError(t, err)
	if len(entry.Files) > 0 && entry.Folder == "" {
		t.Skipf("%s is not on this machine: set LIKELY_DATA to the folder that holds %s/", name, name)
	}
	train, test, err = OpenPair(name, opt)
	require.NoError(t, err)
	return train, test
}

// sum adds up a column.
func sum(x *mat.Dense, col int) float64 { return mat.Sum(x.ColView(col)) }

// The column sums are those of the published data.
func TestEmbeddedSums(t *testing.T) {
	for name, want := range map[string][]float64{
		"faithful": {948.677, 19284},
		"iris":     {876.5, 458.6, 563.7, 179.9},
		"galaxies": {1707910},
		"diabetes": {17688, 78414, 26987},
	} {
		d, _ := mustOpen(t, name, Options{})
		require.Equal(t, len(want), d.Dim(), name)
		for j, s := range want {
			require.InEpsilon(t, s, sum(d.X, j), 1e-12, "%s, column %d", name, j+1)
		}
	}
}

// Every entry of the catalogue says what the data turn out to be.
func TestCatalogIsTrue(t *testing.T) {
	for _, entry := range List() {
		t.Run(entry.Name, func(t *testing.T) {
			if testing.Short() && len(entry.Files) > 0 {
				t.Skip("reads a large file")
			}
			d, test := mustOpen(t, entry.Name, Options{})
			require.Equal(t, entry.Name, d.Name)
			require.Equal(t, entry.Rows, d.Rows())
			require.Equal(t, entry.Dim, d.Dim())
			require.Len(t, d.Columns, d.Dim())
			require.NotEmpty(t, d.Source)
			require.NotEmpty(t, d.Licence)
			require.NotEmpty(t, entry.Title)
			require.Equal(t, density.Continuous, d.Measure)
			require.Equal(t, entry.options.Missing, d.Missing() > 0)
			if !entry.options.Missing {
				require.NoError(t, density.CheckFinite(d.X))
			}
			if !entry.Synthetic {
				require.Equal(t, entry.SHA256, d.SHA256)
			}
			if entry.TestRows > 0 {
				require.Equal(t, entry.TestRows, test.Rows())
				require.Len(t, test.Labels, test.Rows())
				require.Equal(t, d.Height, test.Height)
			} else {
				require.Nil(t, test)
			}
			if d.IsImage() {
				require.Equal(t, d.Dim(), d.Height*d.Width)
				require.Equal(t, d.Lo, mat.Min(d.X))
				require.Equal(t, d.Hi, mat.Max(d.X))
			}
		})
	}
}

// Names of the embedded files and of the catalogue belong together, so that
// nothing is carried along unused.
func TestEmbeddedFilesAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, entry := range catalog {
		if entry.Embedded {
			used["data/"+entry.file] = true
		}
	}
	require.NoError(t, fs.WalkDir(embedded, "data", func(path string, file fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !file.IsDir() {
			require.True(t, used[path], path)
			delete(used, path)
		}
		return nil
	}))
	require.Empty(t, used)
}

func TestIrisLabels(t *testing.T) {
	d, _ := mustOpen(t, "iris", Options{})
	require.Equal(t, []string{"setosa", "versicolor", "virginica"}, d.LabelNames)
	for i, label := range d.Labels {
		require.Equal(t, i/50, label)
	}
	// The petals of setosa are the short ones, so the labels lie right.
	for i := range d.Rows() {
		require.Equal(t, d.Labels[i] == 0, d.X.At(i, 2) < 2.5, "row %d", i)
	}
}

// UCI counts 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 digits of each
// class in the test part.
func TestDigitsLabels(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	counts := make([]int, 10)
	for _, label := range d.Labels {
		counts[label]++
	}
	require.Equal(t, []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, counts)
	require.Equal(t, []float64{1, 0, 16, 8, 8}, []float64{d.Step, d.Lo, d.Hi, float64(d.Height), float64(d.Width)})
	require.Equal(t, []int{0, 32, 39}, d.ConstantColumns())
}

func TestGalaxiesAreCorrected(t *testing.T) {
	d, _ := mustOpen(t, "galaxies", Options{})
	require.Equal(t, 26690.0, d.X.At(77, 0))
}

// Mean and standard deviation of the training pixels in units of 255 are the
// constants 0.1307 and 0.3081 that the field normalises MNIST by (0.2860 and
// 0.3530 for Fashion-MNIST).
func TestMNISTMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	for name, want := range map[string][2]float64{"mnist": {0.1307, 0.3081}, "fashion-mnist": {0.2860, 0.3530}} {
		t.Run(name, func(t *testing.T) {
			d, _ := mustOpen(t, name, Options{})
			mean, variance := density.Moments(mat.NewDense(d.Rows()*d.Dim(), 1, d.X.RawMatrix().Data))
			require.InDelta(t, want[0], mean[0]/255, 5e-5)
			require.InDelta(t, want[1], math.Sqrt(variance[0])/255, 5e-5)
		})
	}
}

func TestMNISTLimit(t *testing.T) {
	train, test := mustOpen(t, "mnist", Options{Limit: 10})
	require.Equal(t, []int{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, train.Labels)
	require.Equal(t, []int{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, test.Labels)
	require.Equal(t, 10, test.Rows())
	entry, err := Info("mnist")
	require.NoError(t, err)
	require.Equal(t, entry.SHA256, train.SHA256, "the fingerprint is of the whole file")
}

func TestFilesAreTheirFingerprints(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	for _, entry := range List() {
		if entry.Folder == "" {
			continue
		}
		for _, file := range entry.Files {
			name := filepath.Join(entry.Folder, file.Name)
			if _, err := os.Stat(name); err != nil {
				continue // unpacked copies have no .gz
			}
			d, err := Open(name)
			require.NoError(t, err)
			require.Equal(t, file.SHA256, d.SHA256, name)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for name, want := range map[string]string{
		"irsi":     "did you mean iris?",
		"Minst":    "did you mean mnist?",
		"fashon":   "did you mean fashion-mnist?",
		"faith":    "did you mean faithful?",
		"xyzzyplu": "one of faithful, iris,",
	} {
		_, err := Open(name)
		require.ErrorIs(t, err, ErrUnknown)
		require.ErrorContains(t, err, want)
		_, err = Info(name)
		require.ErrorIs(t, err, ErrUnknown)
	}
	_, err := Open("no/such.csv")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "no/such.csv")
	d, err := Open("IRIS")
	require.NoError(t, err)
	require.Equal(t, "iris", d.Name)
}

// Without its files a dataset says where they are published and where to put
// them.
func TestAbsentDataset(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LIKELY_DATA", "")
	_, err := Open("fashion-mnist")
	require.ErrorIs(t, err, ErrAbsent)
	require.ErrorContains(t, err, "train-images-idx3-ubyte.gz")
	require.ErrorContains(t, err, "LIKELY_DATA=DIR")
	require.ErrorContains(t, err, "http://fashion-mnist")
}

// LIKELY_DATA and ../shared/data are looked up, in this order.
func TestLookup(t *testing.T) {
	root := t.TempDir()
	write := func(folder string, level byte) {
		folder = filepath.Join(root, folder, "mnist")
		require.NoError(t, os.MkdirAll(folder, 0o755))
		file := idxFile(0x08, []uint32{2, 1, 2}, []byte{level, 0, 0, level})
		require.NoError(t, os.WriteFile(filepath.Join(folder, "train-images-idx3-ubyte"), file, 0o644))
	}
	write("shared/data", 1)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "repo/cmd"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "repo/go.mod"), nil, 0o644))
	t.Chdir(filepath.Join(root, "repo/cmd"))
	t.Setenv("LIKELY_DATA", "")
	d, err := Open("mnist")
	require.NoError(t, err)
	require.Equal(t, 1.0, d.X.At(0, 0))

	write("mine", 2)
	t.Setenv("LIKELY_DATA", filepath.Join(root, "mine"))
	d, err = Open("mnist")
	require.NoError(t, err)
	require.Equal(t, 2.0, d.X.At(0, 0))
}
