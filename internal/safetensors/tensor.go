package safetensors

import "errors"

// ErrFormat reports bytes that are not a well-formed safetensors file.
var ErrFormat = errors.New("not a valid safetensors file")

// Tensor is a named dense array in row-major order. The product of Shape is
// the length of Data.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float64
}

// File is the content of a safetensors file.
type File struct {
	Tensors  []Tensor
	Metadata map[string]string
}

// Lookup returns the tensor with the given name, and whether there is one.
func (f *File) Lookup(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}
