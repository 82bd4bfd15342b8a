//go:build !amd64

package kernel

func settings() []setting {
	return []setting{portableSetting(2, 2, sums[float32], sums[float64]), {name: "avx2"}, {name: "avx512"}}
}
