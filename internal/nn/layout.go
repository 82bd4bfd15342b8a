package nn

// alignment is a cache line of float32, in elements: every span starts at a multiple of
// it.
const alignment = 16

// Span is a place in the flat parameter slice.
type Span struct{ From, Len int }

// View returns the elements of v that s covers.
func View[T any](v []T, s Span) []T { return v[s.From : s.From+s.Len : s.From+s.Len] }

// Layout assigns places in a flat slice to the tensors of a model.
type Layout struct{ size int }

// Reserve returns the place of n new elements.
func (l *Layout) Reserve(n int) Span {
	s := Span{From: l.size, Len: n}
	l.size += (n + alignment - 1) / alignment * alignment
	return s
}

// Size returns the length of the flat slice, padding included. The padding is
// never written.
func (l *Layout) Size() int { return l.size }
