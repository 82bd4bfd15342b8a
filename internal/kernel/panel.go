package kernel

import "unsafe"

// A panel is a strip of op(B), c.width() columns wide, with its rows one after
// the other. Columns past the last one hold anything.

// panelsLength is the length that the panels of a k×n matrix need. A little
// more than the panels themselves lets whole vectors be written.
func panelsLength[T Float](c *code[T], k, n int) int {
	return roundUp(n, c.width())*k + c.width()
}

// packPanel lays out columns j to j+cols of op(B), rows kc to kc+k.
func (s *scratch[T]) packPanel(c *code[T], dst []T, trans bool, kc, k, j, cols int, b []T, ldb int) {
	width := c.width()
	size := int(unsafe.Sizeof(dst[0]))
	switch {
	case c.tiles == nil:
		packPortable(dst, width, trans, kc, k, j, cols, b, ldb)
	case !trans:
		vectors := ceilDiv(cols, c.lanes)
		c.copy[vectors-1]((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&b[kc*ldb+j])),
			width*size, ldb*size, k, c.mask(cols-(vectors-1)*c.lanes))
	default:
		for h := 0; h < cols; h += c.lanes {
			s.packTurned(c, dst[h:], kc, k, j+h, min(c.lanes, cols-h), b, ldb)
		}
	}
}

// packTurned lays out at most one vector of columns of Bᵀ.
func (s *scratch[T]) packTurned(c *code[T], dst []T, kc, k, j, cols int, b []T, ldb int) {
	width := c.width()
	size := int(unsafe.Sizeof(dst[0]))
	whole := k / c.lanes
	if whole > 0 {
		for r := range c.lanes {
			s.row[r] = min(r, cols-1) * ldb * size
		}
		c.turn((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&b[j*ldb+kc])), width*size, &s.row[0], whole)
	}
	for r := range cols {
		row := b[(j+r)*ldb+kc:][:k]
		for l := whole * c.lanes; l < k; l++ {
			dst[l*width+r] = row[l]
		}
	}
}

// packPortable is packPanel in Go: dst[l·width + q] ← op(b)[kc+l][j+q].
func packPortable[T Float](dst []T, width int, trans bool, kc, k, j, cols int, b []T, ldb int) {
	if trans {
		q := 0
		for ; q+4 <= cols; q += 4 {
			interleave(dst[q:], width, b[(j+q)*ldb+kc:], ldb, k)
		}
		for ; q < cols; q++ {
			for l, v := range b[(j+q)*ldb+kc:][:k] {
				dst[l*width+q] = v
			}
		}
		return
	}
	switch cols {
	case 4:
		for l := range k {
			*(*[4]T)(dst[l*width:]) = [4]T(b[(kc+l)*ldb+j:])
		}
	case 8:
		for l := range k {
			*(*[8]T)(dst[l*width:]) = [8]T(b[(kc+l)*ldb+j:])
		}
	default:
		for l := range k {
			copy(dst[l*width:], b[(kc+l)*ldb+j:][:cols])
		}
	}
}

// interleave packs four rows at once.
func interleave[T Float](dst []T, width int, b []T, ldb, k int) {
	r0, r1, r2, r3 := b[:k], b[ldb:][:k], b[2*ldb:][:k], b[3*ldb:][:k]
	for l, v := range r0 {
		*(*[4]T)(dst[l*width:]) = [4]T{v, r1[l], r2[l], r3[l]}
	}
}
