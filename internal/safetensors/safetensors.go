// Package safetensors reads and writes the safetensors format: eight bytes
// with the length of a JSON header, the header, and the raw little-endian
// numbers of all tensors.
//
//	u64 length | {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {...}} | bytes
//
// The format is that of the Hugging Face library of the same name, whose
// Python package opens the files written here. Values are kept as float64 in
// memory; files hold F32 or F64.
//
// A file comes from elsewhere, so nothing in it is trusted: [Read] checks the
// length of the header, every offset, overlap, holes, duplicate names and
// shapes against the bytes that are there, and returns an error that wraps
// [ErrFormat] rather than a wrong tensor.
package safetensors
