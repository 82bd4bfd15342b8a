package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"

	"likely/dataset"
)

func ExampleOpen() {
	d, err := dataset.Open("faithful")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Rows(), d.Dim(), d.Columns, d.Measure)
	fmt.Println(d.X.RawRowView(0))
	// Output:
	// 272 2 [eruptions waiting] continuous
	// [3.6 79]
}

// A cell that is no number is named by its line and its column.
func ExampleOpen_mistake() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	here, err := os.Getwd()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Chdir(here)
	os.Chdir(folder)
	os.WriteFile(filepath.Join(folder, "trees.csv"), []byte("height,age\n12.5,40\n8.1,unknown\n"), 0o644)
	_, err = dataset.Open("trees.csv")
	fmt.Println(err)
	_, err = dataset.Open("ires")
	fmt.Println(err)
	// Output:
	// dataset: trees.csv, line 3, column 2 ("age"): "unknown" is not a number; correct the cell, or remove the column if it holds names or classes (Options.Drop age)
	// dataset: "ires" is neither a file nor a known name: unknown dataset; did you mean iris?
}

func ExampleSplit() {
	train, valid, test := dataset.Split(10, 0.2, 0.25, 1)
	fmt.Println(train, valid, test)
	// Output: [7 0 2 4 3 5] [8 6] [1 9]
}

// Each level is spread over the gap above it, and the parts of a split carry
// the same noise as the whole.
func ExampleDataset_Dequantize() {
	digits, err := dataset.Open("digits")
	if err != nil {
		fmt.Println(err)
		return
	}
	noisy, err := digits.Dequantize(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(digits.X.At(0, 2), "becomes", noisy.X.At(0, 2), noisy.Measure, "by", noisy.Step)

	_, _, test := digits.Split(0.2, 0, 1)
	again, err := test.Dequantize(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.X.At(0, 2) == noisy.X.At(test.Row(0), 2))
	// Output:
	// 5 becomes 5.236265531391837 dequantized by 1
	// true
}

// The mean log p of the true density is what no model can exceed on average.
func ExampleSynthetic() {
	d, truth, err := dataset.Synthetic("eight-gaussians", 5000, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var mean float64
	for _, l := range truth.LogProb(nil, d.X) {
		mean += l / float64(d.Rows())
	}
	fmt.Printf("%.2f nats\n", mean)
	// Output: -1.71 nats
}
