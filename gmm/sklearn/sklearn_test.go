package sklearn

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
)

func fitted(t testing.TB, family gmm.Covariance) (*gmm.Model, *mat.Dense) {
	t.Helper()
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	m, _, err := gmm.Fit(context.Background(), d.X, gmm.Settings{Components: 3, Covariance: family, Starts: 1}, density.NewSource(1, "t"))
	require.NoError(t, err)
	return m, d.X
}

func TestRoundTrip(t *testing.T) {
	for _, family := range gmm.Covariances() {
		m, x := fitted(t, family)
		var b bytes.Buffer
		require.NoError(t, Write(&b, m))
		back, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "")
		require.NoError(t, err, family)
		require.InDeltaSlice(t, m.LogProb(nil, x), back.LogProb(nil, x), 1e-10)
		switch family {
		case gmm.Full, gmm.Tied, gmm.Diagonal, gmm.Spherical:
			require.Equal(t, family.String(), back.Family().String())
			require.Equal(t, m.NumParameters(), back.NumParameters())
		}
	}
}

// An independent reader of npz sees the shapes and the precision factors: UUᵀΣ = I,
// with U upper triangular, which a Cholesky factor of Σ⁻¹ would not satisfy.
func TestAttributes(t *testing.T) {
	m, _ := fitted(t, gmm.Full)
	var b bytes.Buffer
	require.NoError(t, Write(&b, m))
	r, err := npz.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Equal(t, []int{3, 4, 4}, r.Header("covariances_.npy").Descr.Shape)
	require.Equal(t, []int{3}, r.Header("weights_.npy").Descr.Shape)
	var u []float64
	require.NoError(t, r.Read("precisions_cholesky_.npy", &u))
	for k := range 3 {
		factor := mat.NewDense(4, 4, u[k*16:(k+1)*16])
		for i := range 4 {
			for j := range i {
				require.Zero(t, factor.At(i, j))
			}
		}
		var product mat.Dense
		product.Product(factor, factor.T(), m.Covariance(k))
		require.True(t, mat.EqualApprox(&product, mat.NewDiagDense(4, []float64{1, 1, 1, 1}), 1e-9))
	}
}

// Arrays in float32 are read, with the digits that they have; other types are not.
func TestFloat32(t *testing.T) {
	m, x := fitted(t, gmm.Full)
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, a := range tensors(m) {
		narrow := make([]float32, len(a.Data))
		for i, v := range a.Data {
			narrow[i] = float32(v)
		}
		if a.Name == "covariances" {
			narrow[1] *= 1 + 0x1p-22 // as a product in float32 leaves it
		}
		w, err := archive.Create(a.Name + "_.npy")
		require.NoError(t, err)
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Shape), " ", ", "), "[]")
		header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }", shape)
		header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
		_, err = fmt.Fprintf(w, "\x93NUMPY\x01\x00%c\x00%s", len(header), header)
		require.NoError(t, err)
		require.NoError(t, binary.Write(w, binary.LittleEndian, narrow))
	}
	require.NoError(t, archive.Close())
	back, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "")
	require.NoError(t, err)
	require.InDeltaSlice(t, m.LogProb(nil, x), back.LogProb(nil, x), 1e-3)
}

// The shape does not tell tied from diag when K = D.
func TestAmbiguousShape(t *testing.T) {
	x := mat.NewDense(200, 2, nil)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		x.SetRow(i, []float64{random.NormFloat64() + float64(i%2)*9, random.NormFloat64()})
	}
	for _, family := range []gmm.Covariance{gmm.Tied, gmm.Diagonal} {
		m, _, err := gmm.Fit(context.Background(), x, gmm.Settings{Components: 2, Covariance: family}, density.NewSource(1, "t"))
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, Write(&b, m))
		_, err = Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "")
		require.ErrorIs(t, err, ErrFormat)
		require.ErrorContains(t, err, "say which")
		back, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), family.String())
		require.NoError(t, err)
		require.InDeltaSlice(t, m.LogProb(nil, x), back.LogProb(nil, x), 1e-10)
	}
}

// Damage is an error, never a panic and never a model with other densities.
func TestDamage(t *testing.T) {
	m, x := fitted(t, gmm.Full)
	var b bytes.Buffer
	require.NoError(t, Write(&b, m))
	want := m.LogProb(nil, x)
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		raw := bytes.Clone(b.Bytes())
		if random.IntN(4) == 0 {
			raw = raw[:random.IntN(len(raw))]
		} else {
			raw[random.IntN(len(raw))] ^= byte(1 + random.IntN(255))
		}
		back, err := Read(bytes.NewReader(raw), int64(len(raw)), "")
		if err == nil { // a date or another byte without meaning
			require.InDeltaSlice(t, want, back.LogProb(nil, x), 1e-9)
		}
	}
	_, err := Read(bytes.NewReader(nil), 0, "")
	require.ErrorIs(t, err, ErrFormat)
}

func FuzzRead(f *testing.F) {
	m, _ := fitted(f, gmm.Diagonal)
	var b bytes.Buffer
	require.NoError(f, Write(&b, m))
	f.Add(b.Bytes(), "")
	f.Add(b.Bytes(), "full")
	f.Fuzz(func(t *testing.T, raw []byte, kind string) {
		if m, err := Read(bytes.NewReader(raw), int64(len(raw)), kind); err == nil {
			require.Positive(t, m.Components())
		}
	})
}

// Arrays of two dimensions in Fortran order are refused: read as they stand they would
// be other numbers.
func TestFortranOrderIsRefused(t *testing.T) {
	m, err := gmm.New([]float64{0.25, 0.75}, mat.NewDense(2, 2, []float64{1, 2, 3, 4}), []mat.Symmetric{
		mat.NewSymDense(2, []float64{2, 0.5, 0.5, 1}), mat.NewSymDense(2, []float64{1, 0, 0, 3}),
	})
	require.NoError(t, err)
	read := func(turn string) error {
		var file bytes.Buffer
		archive := zip.NewWriter(&file)
		for _, one := range tensors(m) {
			var array bytes.Buffer
			require.NoError(t, writeArray(&array, one))
			text := array.Bytes()
			if one.Name == turn {
				text = bytes.Replace(bytes.Replace(text, []byte("False"), []byte("True"), 1), []byte("\n"), []byte(" \n"), 1)
			}
			f, err := archive.Create(one.Name + "_.npy")
			require.NoError(t, err)
			_, err = f.Write(text)
			require.NoError(t, err)
		}
		require.NoError(t, archive.Close())
		_, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "full")
		return err
	}
	require.NoError(t, read(""))
	require.NoError(t, read("weights"), "of one dimension there is one order")
	require.ErrorContains(t, read("means"), "Fortran order")
	require.ErrorContains(t, read("covariances"), "Fortran order")
}

// The factor of a diagonal precision is 1 over the standard deviation; an array with
// more numbers than its shape is refused.
func TestPrecisionsOfDiagonals(t *testing.T) {
	m, err := gmm.NewDiagonal([]float64{1}, mat.NewDense(1, 2, nil), mat.NewDense(1, 2, []float64{4, 0.25}))
	require.NoError(t, err)
	list := tensors(m)
	require.Equal(t, "precisions_cholesky", list[3].Name)
	require.Equal(t, []float64{0.5, 2}, list[3].Data)

	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for _, one := range list {
		f, err := archive.Create(one.Name + "_.npy")
		require.NoError(t, err)
		require.NoError(t, writeArray(f, one))
		if one.Name == "means" {
			require.NoError(t, binary.Write(f, binary.LittleEndian, 1.0))
		}
	}
	require.NoError(t, archive.Close())
	_, err = Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "diag")
	require.ErrorIs(t, err, ErrFormat)
}

// A covariance counts as symmetric where its halves differ by a millionth of the two
// deviations, whatever the other columns are.
func TestNearlySymmetric(t *testing.T) {
	c := []float64{1, 0, 0, 0, 4e6, 1000.5, 0, 1001.5, 9e6}
	symmetrize(c, 3)
	require.Equal(t, []float64{1, 0, 0, 0, 4e6, 1001, 0, 1001, 9e6}, c)
	c = []float64{4e6, 0.5, 0, 1.5, 1, 0, 0, 0, 1}
	symmetrize(c, 3)
	require.Equal(t, 0.5, c[1], "1 is more than a millionth of 2000")
}
