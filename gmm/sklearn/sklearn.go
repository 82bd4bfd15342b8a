// Package sklearn exchanges mixtures with scikit-learn's GaussianMixture, as an npz
// archive of its attributes:
//
//	weights_               [K]
//	means_                 [K,D]
//	covariances_           [K,D,D] full, [D,D] tied, [K,D] diag, [K] spherical
//	precisions_cholesky_   the same shape
//
// In Python an archive is written by
//
//	np.savez("mixture.npz", weights_=g.weights_, means_=g.means_, covariances_=g.covariances_)
//
// and read by setting the attributes of a GaussianMixture with the right
// covariance_type, after which it predicts:
//
//	for name, value in np.load("mixture.npz").items(): setattr(g, name, value)
//
// scikit-learn's precisions_cholesky_ is U with UUᵀ = Σ⁻¹, upper triangular: the
// inverse of the transposed Cholesky factor of Σ, not the Cholesky factor of Σ⁻¹.
package sklearn

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"codeberg.org/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"

	"likely/gmm"
	"likely/internal/oneline"
	"likely/internal/safetensors"
)

// ErrFormat reports an archive that holds no mixture.
var ErrFormat = errors.New("not the parameters of a GaussianMixture")

// maxArray bounds the bytes that an array may unpack to.
const maxArray = 1 << 30

// Read reads a mixture from an npz archive of size bytes. covarianceType is full,
// tied, diag or spherical, or empty where the shape of covariances_ tells, which it
// does not for tied and diag when K = D. A damaged archive is an error that wraps
// ErrFormat, gmm.ErrParameters or gmm.ErrCollapsed.
func Read(r io.ReaderAt, size int64, covarianceType string) (_ *gmm.Model, err error) {
	defer func() { err = oneline.Error(err) }()
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("sklearn: %w: %w", ErrFormat, err)
	}
	members := make(map[string]*zip.File)
	for _, f := range archive.File {
		members[strings.TrimSuffix(f.Name, ".npy")] = f
	}
	var arrays [3]safetensors.Tensor
	for i, name := range []string{"weights", "means", "covariances"} {
		f := members[name+"_"]
		if f == nil {
			return nil, fmt.Errorf("sklearn: there is no array %s_: %w; save the attributes of a fitted GaussianMixture", name, ErrFormat)
		}
		if arrays[i], err = readArray(f); err != nil {
			return nil, fmt.Errorf("sklearn: array %s_: %w", name, err)
		}
		arrays[i].Name = name
	}
	if len(arrays[1].Shape) != 2 {
		return nil, fmt.Errorf("sklearn: means_ has shape %v: %w; want [K,D]", arrays[1].Shape, ErrFormat)
	}
	k, d := arrays[1].Shape[0], arrays[1].Shape[1]
	if covarianceType == "" {
		if covarianceType, err = infer(arrays[2].Shape, k, d); err != nil {
			return nil, err
		}
	}
	if covarianceType == "full" || covarianceType == "tied" {
		symmetrize(arrays[2].Data, d)
	}
	m, err := gmm.FromTensors(gmm.Config{Dim: d, Components: k, Covariance: covarianceType}, arrays[:])
	if err != nil {
		return nil, fmt.Errorf("sklearn: %w", err)
	}
	return m, nil
}

// infer returns the covariance type that a shape belongs to.
func infer(shape []int, k, d int) (string, error) {
	switch {
	case len(shape) == 3:
		return "full", nil
	case len(shape) == 1:
		return "spherical", nil
	case len(shape) == 2 && k == d:
		return "", fmt.Errorf("sklearn: covariances_ of shape %v may be tied or diag: %w; say which", shape, ErrFormat)
	case len(shape) == 2 && shape[0] == d:
		return "tied", nil
	case len(shape) == 2:
		return "diag", nil
	}
	return "", fmt.Errorf("sklearn: covariances_ has shape %v: %w", shape, ErrFormat)
}

// symmetrize averages out what rounding in NumPy's products leaves of asymmetry, up
// to 1e-6 of the elements, which is that of float32; more is left for the caller to refuse.
func symmetrize(data []float64, d int) {
	if d == 0 || len(data)%(d*d) != 0 {
		return
	}
	for from := 0; from < len(data); from += d * d {
		c := data[from : from+d*d]
		for i := range d {
			for j := range i {
				a, b := c[i*d+j], c[j*d+i]
				if math.Abs(a-b) <= 1e-6*math.Sqrt(math.Abs(c[i*d+i]*c[j*d+j])) {
					c[i*d+j], c[j*d+i] = 0.5*(a+b), 0.5*(a+b)
				}
			}
		}
	}
}

// readArray reads a float64 or float32 array in C order. Its header is trusted for nothing:
// the product of the shape must be what the bytes hold.
func readArray(f *zip.File) (t safetensors.Tensor, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: damaged header (%v)", ErrFormat, p)
		}
	}()
	open, err := f.Open()
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer open.Close()
	raw, err := io.ReadAll(io.LimitReader(open, maxArray+1))
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(raw) > maxArray {
		return t, fmt.Errorf("%w: larger than %d bytes", ErrFormat, maxArray)
	}
	rest := bytes.NewReader(raw)
	r, err := npy.NewReader(rest)
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	width := 8
	switch strings.Trim(r.Header.Descr.Type, "'") {
	case "<f8":
	case "<f4":
		width = 4
	default:
		return t, fmt.Errorf("%w: numbers of type %q; save as float64 (.astype(np.float64))", ErrFormat, r.Header.Descr.Type)
	}
	if r.Header.Descr.Fortran && len(r.Header.Descr.Shape) > 1 {
		return t, fmt.Errorf("%w: numbers in Fortran order; save in C order (np.ascontiguousarray)", ErrFormat)
	}
	count := rest.Len() / width
	product := 1
	for _, n := range r.Header.Descr.Shape {
		if n < 1 || n > count/product {
			return t, fmt.Errorf("%w: shape %v of %d numbers", ErrFormat, r.Header.Descr.Shape, count)
		}
		product *= n
	}
	if product*width != rest.Len() {
		return t, fmt.Errorf("%w: shape %v of %d bytes", ErrFormat, r.Header.Descr.Shape, rest.Len())
	}
	t.Shape = r.Header.Descr.Shape
	t.Data = make([]float64, product)
	if width == 8 {
		err = binary.Read(rest, binary.LittleEndian, t.Data)
	} else {
		narrow := make([]float32, product)
		err = binary.Read(rest, binary.LittleEndian, narrow)
		for i, v := range narrow {
			t.Data[i] = float64(v)
		}
	}
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return t, nil
}

// Write writes a mixture as an npz archive. Families that scikit-learn lacks are
// written as full covariances.
func Write(w io.Writer, m *gmm.Model) error {
	archive := zip.NewWriter(w)
	for _, t := range tensors(m) {
		f, err := archive.Create(t.Name + "_.npy")
		if err != nil {
			return fmt.Errorf("sklearn: %w", err)
		}
		if err := writeArray(f, t); err != nil {
			return fmt.Errorf("sklearn: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("sklearn: %w", err)
	}
	return nil
}

// tensors returns the attributes.
func tensors(m *gmm.Model) []safetensors.Tensor {
	out := m.Tensors()
	k, d := m.Components(), m.Dim()
	whiten := safetensors.Tensor{Name: "precisions_cholesky"}
	switch m.Family() {
	case gmm.Diagonal, gmm.Spherical:
		whiten.Shape = out[2].Shape
		for _, v := range out[2].Data {
			whiten.Data = append(whiten.Data, 1/math.Sqrt(v))
		}
		return append(out, whiten)
	case gmm.Tied:
		whiten.Shape = out[2].Shape
		whiten.Data = inverseFactor(m.Covariance(0))
		return append(out, whiten)
	}
	full := safetensors.Tensor{Name: "covariances", Shape: []int{k, d, d}}
	whiten.Shape = full.Shape
	for c := range k {
		sigma := m.Covariance(c)
		for i := range d {
			for j := range d {
				full.Data = append(full.Data, sigma.At(i, j))
			}
		}
		whiten.Data = append(whiten.Data, inverseFactor(sigma)...)
	}
	out[2] = full
	return append(out, whiten)
}

// inverseFactor returns U = L⁻ᵀ for Σ = LLᵀ, row-major.
func inverseFactor(sigma *mat.SymDense) []float64 {
	d := sigma.SymmetricDim()
	var chol mat.Cholesky
	if !chol.Factorize(sigma) {
		panic("sklearn: a covariance is not positive definite")
	}
	var lower, inverse mat.TriDense
	chol.LTo(&lower)
	if err := inverse.InverseTri(&lower); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			panic("sklearn: a covariance is not positive definite")
		}
	}
	out := make([]float64, d*d)
	for i := range d {
		for j := i; j < d; j++ {
			out[i*d+j] = inverse.At(j, i)
		}
	}
	return out
}

// writeArray writes version 1.0 of the npy format: magic, version, length of the
// header, header padded to a multiple of 64 bytes, numbers.
func writeArray(w io.Writer, t safetensors.Tensor) error {
	var shape strings.Builder
	for _, n := range t.Shape {
		fmt.Fprintf(&shape, "%d, ", n)
	}
	header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }", strings.TrimSuffix(shape.String(), " "))
	const before = 10
	header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n"
	start := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	if _, err := w.Write(append(start, header...)); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, t.Data)
}
