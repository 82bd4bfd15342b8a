package main

import (
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"likely/internal/kernel"
)

// product is the same matrix product for this project's kernel and for gonum's.
type product[T kernel.Float] struct {
	shape
	transA, transB bool
	lda, ldb       int
	a, b, c        []T
}

func newProduct[T kernel.Float](s shape, transA, transB bool) *product[T] {
	p := &product[T]{shape: s, transA: transA, transB: transB, lda: s.k, ldb: s.n}
	if transA {
		p.lda = s.m
	}
	if transB {
		p.ldb = s.k
	}
	p.a, p.b, p.c = numbers[T](s.m*s.k), numbers[T](s.k*s.n), numbers[T](s.m*s.n)
	return p
}

// numbers returns n numbers that are not all alike, none of them zero, which
// gonum would skip.
func numbers[T kernel.Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(i%13-6)/7 + 0.05
	}
	return x
}

func (p *product[T]) ours(calls int) (time.Duration, error) {
	start := time.Now()
	for range calls {
		kernel.Gemm(p.transA, p.transB, p.m, p.n, p.k, 1, p.a, p.lda, p.b, p.ldb, 0, p.c, p.n)
	}
	return time.Since(start), nil
}

func (p *product[T]) gonum(calls int) (time.Duration, error) {
	tA, tB := blas.NoTrans, blas.NoTrans
	if p.transA {
		tA = blas.Trans
	}
	if p.transB {
		tB = blas.Trans
	}
	var theirs gonum.Implementation
	start := time.Now()
	for range calls {
		switch a := any(p.a).(type) {
		case []float32:
			theirs.Sgemm(tA, tB, p.m, p.n, p.k, 1, a, p.lda, any(p.b).([]float32), p.ldb, 0, any(p.c).([]float32), p.n)
		case []float64:
			theirs.Dgemm(tA, tB, p.m, p.n, p.k, 1, a, p.lda, any(p.b).([]float64), p.ldb, 0, any(p.c).([]float64), p.n)
		}
	}
	return time.Since(start), nil
}
