package figure_test

import (
	"fmt"
	"math"
	"os"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/figure"
)

func ExampleScores() {
	f, err := figure.Scores("Old Faithful", "test rows", []figure.Score{
		{Name: "gaussian", Estimate: density.Estimate{Value: -4.74, DataErr: 0.05, Kind: density.ExactValue, Rows: 54}},
		{Name: "vae", Estimate: density.Estimate{Value: -4.21, DataErr: 0.07, SampleErr: 0.01, Kind: density.Consistent, Rows: 54, Samples: 5000}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "figure")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := f.SaveAll(dir, "scores"); err != nil {
		fmt.Println(err)
		return
	}
	files, _ := os.ReadDir(dir)
	for _, file := range files {
		fmt.Println(file.Name())
	}
	// Output:
	// scores.png
	// scores.svg
}

// Any function of the right form is a density to draw: the method LogProb of
// a model, or one written out.
func ExampleDensities() {
	points := mat.NewDense(3, 2, []float64{-1, 0.5, 0, 0, 1, -0.2})
	normal := func(dst []float64, x *mat.Dense) []float64 {
		n, _ := x.Dims()
		dst = density.Resize(dst, n)
		for i := range dst {
			u, v := x.At(i, 0), x.At(i, 1)
			dst[i] = -(u*u+v*v)/2 - math.Log(2*math.Pi)
		}
		return dst
	}
	f, err := figure.Densities("A standard normal", points, []figure.Panel{
		{Title: "normal", Subtitle: "exact", LogDensity: normal},
	}, [2]string{"u (m)", "v (m)"})
	if err != nil {
		fmt.Println(err)
		return
	}
	width, height := f.Size()
	fmt.Printf("%.1f × %.1f inches\n", width.Dots(1), height.Dots(1))

	points.Set(1, 1, math.NaN())
	_, err = figure.Densities("", points, []figure.Panel{{LogDensity: normal}}, [2]string{})
	fmt.Println(err)
	// Output:
	// 5.6 × 6.7 inches
	// figure: the data: density: row 2, column 2 is NaN: value is not finite; remove the row or fill the value in
}

// A decoder turns the codes into images, in the same order.
func ExampleManifoldCodes() {
	z := figure.ManifoldCodes(2)
	fmt.Printf("%.2f\n", mat.Formatted(z))
	// Output:
	// ⎡-0.67   0.67⎤
	// ⎢ 0.67   0.67⎥
	// ⎢-0.67  -0.67⎥
	// ⎣ 0.67  -0.67⎦
}
