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
		portableSetting(4, 2, sums32SSE2, sums64SSE2),
		{
			name: "avx2", supported: avx2,
			single: &code[float32]{
				rows: 6, lanes: 8, depth: 512,
				tiles:     &tiles32AVX2,
				copy:      panelCopies{copyPanel32_1AVX2, copyPanel32_2AVX2},
				turn:      turnPanel32AVX2,
				distances: panelDistances{distances32_1AVX2, distances32_8AVX2},
				squares:   panelSquares{squares32_1AVX2, squares32_2AVX2, squares32_3AVX2, squares32_4AVX2},
				functions: functions[float32]{
					exp: exp32AVX2, log: log32AVX2,
					activation: activationTable[float32]{Tanh: tanh32AVX2, ReLU: relu32AVX2, ELU: elu32AVX2, GELU: gelu32AVX2, Softplus: softplus32AVX2, Sigmoid: sigmoid32AVX2},
					gradient:   gradientTable[float32]{Tanh: tanhGrad32AVX2, ReLU: reluGrad32AVX2, ELU: eluGrad32AVX2, GELU: geluGrad32AVX2, Softplus: softplusGrad32AVX2, Sigmoid: sigmoidGrad32AVX2},
					axpy:       axpy32AVX2, centre: centre32AVX2, adam: adam32AVX2,
					maximum: maximum32AVX2, sumExp: sumExp32AVX2, sumSquares: sumSquares32AVX2,
				},
				mask: func(n int) uintptr { return uintptr(unsafe.Pointer(&maskWords32[8-n])) },
			},
			double: &code[float64]{
				rows: 6, lanes: 4, depth: 256,
				tiles:     &tiles64AVX2,
				copy:      panelCopies{copyPanel64_1AVX2, copyPanel64_2AVX2},
				turn:      turnPanel64AVX2,
				distances: panelDistances{distances64_1AVX2, distances64_8AVX2},
				squares:   panelSquares{squares64_1AVX2, squares64_2AVX2, squares64_3AVX2, squares64_4AVX2},
				functions: functions[float64]{
					exp: exp64AVX2, log: log64AVX2,
					activation: activationTable[float64]{Tanh: tanh64AVX2, ReLU: relu64AVX2, ELU: elu64AVX2, GELU: gelu64AVX2, Softplus: softplus64AVX2, Sigmoid: sigmoid64AVX2},
					gradient:   gradientTable[float64]{Tanh: tanhGrad64AVX2, ReLU: reluGrad64AVX2, ELU: eluGrad64AVX2, GELU: geluGrad64AVX2, Softplus: softplusGrad64AVX2, Sigmoid: sigmoidGrad64AVX2},
					axpy:       axpy64AVX2, centre: centre64AVX2, adam: adam64AVX2,
					maximum: maximum64AVX2, sumExp: sumExp64AVX2, sumSquares: sumSquares64AVX2,
				},
				mask: func(n int) uintptr { return uintptr(unsafe.Pointer(&maskWords64[4-n])) },
			},
		},
		{
			name: "avx512", supported: avx512,
			single: &code[float32]{
				rows: 14, lanes: 16, depth: 512,
				tiles:     &tiles32AVX512,
				copy:      panelCopies{copyPanel32_1AVX512, copyPanel32_2AVX512},
				turn:      turnPanel32AVX512,
				distances: panelDistances{distances32_1AVX512, distances32_8AVX512},
				squares:   panelSquares{squares32_1AVX512, squares32_2AVX512, squares32_3AVX512, squares32_4AVX512},
				functions: functions[float32]{
					exp: exp32AVX512, log: log32AVX512,
					activation: activationTable[float32]{Tanh: tanh32AVX512, ReLU: relu32AVX512, ELU: elu32AVX512, GELU: gelu32AVX512, Softplus: softplus32AVX512, Sigmoid: sigmoid32AVX512},
					gradient:   gradientTable[float32]{Tanh: tanhGrad32AVX512, ReLU: reluGrad32AVX512, ELU: eluGrad32AVX512, GELU: geluGrad32AVX512, Softplus: softplusGrad32AVX512, Sigmoid: sigmoidGrad32AVX512},
					axpy:       axpy32AVX512, centre: centre32AVX512, adam: adam32AVX512,
					maximum: maximum32AVX512, sumExp: sumExp32AVX512, sumSquares: sumSquares32AVX512,
				},
				mask: maskBits,
			},
			double: &code[float64]{
				rows: 14, lanes: 8, depth: 256,
				tiles:     &tiles64AVX512,
				copy:      panelCopies{copyPanel64_1AVX512, copyPanel64_2AVX512},
				turn:      turnPanel64AVX512,
				distances: panelDistances{distances64_1AVX512, distances64_8AVX512},
				squares:   panelSquares{squares64_1AVX512, squares64_2AVX512, squares64_3AVX512, squares64_4AVX512},
				functions: functions[float64]{
					exp: exp64AVX512, log: log64AVX512,
					activation: activationTable[float64]{Tanh: tanh64AVX512, ReLU: relu64AVX512, ELU: elu64AVX512, GELU: gelu64AVX512, Softplus: softplus64AVX512, Sigmoid: sigmoid64AVX512},
					gradient:   gradientTable[float64]{Tanh: tanhGrad64AVX512, ReLU: reluGrad64AVX512, ELU: eluGrad64AVX512, GELU: geluGrad64AVX512, Softplus: softplusGrad64AVX512, Sigmoid: sigmoidGrad64AVX512},
					axpy:       axpy64AVX512, centre: centre64AVX512, adam: adam64AVX512,
					maximum: maximum64AVX512, sumExp: sumExp64AVX512, sumSquares: sumSquares64AVX512,
				},
				mask: maskBits,
			},
		},
	}
}

type (
	activationTable[T Float] = [activations]func(dst, x *T, n int)
	gradientTable[T Float]   = [activations]func(dst, g, x *T, n int)
)

type (
	panelCopies    = [2]func(dst, src *byte, stride, ld, k int, mask uintptr)
	panelDistances = [2]func(dst, x, panel *byte, ldd, ldx, d int, mask uintptr)
	panelSquares   = [squaresVectors]func(sums, x, centre, weight *byte, ldx, ldw, rows int, mask uintptr)
)

// AVX-512 selects lanes by bits.
func maskBits(lanes int) uintptr { return 1<<lanes - 1 }

// AVX2 selects lanes by the signs of words: a window of maskWords that starts
// n words before the zeros selects n lanes.
var (
	maskWords32 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
	maskWords64 = [8]int64{-1, -1, -1, -1}
)
