//go:build !amd64

package kernel

func settings() []setting {
	return []setting{portableSetting(), {name: "avx2"}, {name: "avx512"}}
}
