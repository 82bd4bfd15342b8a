package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C asm . ..

func settings() []setting {
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	avx512 := avx2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BW
	return []setting{
		portableSetting(),
		{
			name: "avx2", supported: avx2,
			single: &code[float32]{
				rows: 6, lanes: 8, depth: 512,
				tiles: &tiles32AVX2,
				copy:  panelCopies{copyPanel32_1AVX2, copyPanel32_2AVX2},
				turn:  turnPanel32AVX2,
				mask:  func(n int) uintptr { return uintptr(unsafe.Pointer(&maskWords32[8-n])) },
			},
			double: &code[float64]{
				rows: 6, lanes: 4, depth: 256,
				tiles: &tiles64AVX2,
				copy:  panelCopies{copyPanel64_1AVX2, copyPanel64_2AVX2},
				turn:  turnPanel64AVX2,
				mask:  func(n int) uintptr { return uintptr(unsafe.Pointer(&maskWords64[4-n])) },
			},
		},
		{
			name: "avx512", supported: avx512,
			single: &code[float32]{
				rows: 14, lanes: 16, depth: 512,
				tiles: &tiles32AVX512,
				copy:  panelCopies{copyPanel32_1AVX512, copyPanel32_2AVX512},
				turn:  turnPanel32AVX512,
				mask:  maskBits,
			},
			double: &code[float64]{
				rows: 14, lanes: 8, depth: 256,
				tiles: &tiles64AVX512,
				copy:  panelCopies{copyPanel64_1AVX512, copyPanel64_2AVX512},
				turn:  turnPanel64AVX512,
				mask:  maskBits,
			},
		},
	}
}

type panelCopies = [2]func(dst, src *byte, stride, ld, k int, mask uintptr)

// AVX-512 selects lanes by bits.
func maskBits(lanes int) uintptr { return 1<<lanes - 1 }

// AVX2 selects lanes by the signs of words: a window of maskWords that starts
// n words before the zeros selects n lanes.
var (
	maskWords32 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
	maskWords64 = [8]int64{-1, -1, -1, -1}
)
