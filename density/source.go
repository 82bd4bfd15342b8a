package density

import (
	"hash/fnv"
	"math/rand/v2"
)

// NewSource returns the random stream that belongs to a seed, a purpose and
// any number of indices. Streams with different arguments are independent for
// all practical purposes; the same arguments give the same stream on every
// platform. Give each unit of work (a start, an epoch, a row) its own stream
// and the result cannot depend on the order in which the units are done.
func NewSource(seed uint64, purpose string, index ...uint64) rand.Source {
	h := fnv.New64a()
	h.Write([]byte(purpose)) // a hash.Hash never returns an error
	hi := mix(seed ^ mix(h.Sum64()))
	lo := mix(hi ^ 0x9e3779b97f4a7c15)
	for _, i := range index {
		hi = mix(hi ^ mix(i+0x9e3779b97f4a7c15))
		lo = mix(lo + hi)
	}
	return rand.NewPCG(hi, lo)
}

// mix is the finaliser of SplitMix64 (Steele, Lea & Flood 2014): a bijection
// of 64-bit words in which every input bit affects every output bit.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
