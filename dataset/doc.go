// Package dataset holds the data that models are fitted to: named real data,
// a few synthetic densities whose log p(x) is known, and files.
//
//	faithful, err := dataset.Open("faithful")        // embedded
//	mine, err := dataset.Open("measurements.csv")    // a file
//	train, test, err := dataset.OpenPair("mnist", dataset.Options{})
//	train, valid, test := faithful.Split(0.2, 0.1, seed)
//
// [List] names what is known. Files may be CSV or TSV, NPY, NPZ, Parquet or
// IDX, also gzipped, or a folder in the form of MNIST. What is wrong with a
// file is said with its line and column and what to do about it.
//
// # Files as they come
//
// A reader never drops data in silence. What it skips or decides, such as a
// comment or what a comma means, is a [Note] of the dataset. What can be read in
// two ways is an error that names the cell. [Options] chooses columns, says which
// values are missing and turns texts into categories; [Dataset.Typed] and
// [Describe] say what each column holds. A second file is read like a first one
// by [OpenTest], or by Options.Like and the [Schema] of the first.
//
// # A density needs a measure
//
// A density p(x) is probability per volume of x, so it makes sense only for
// values that fill a volume. Measurements rounded to a grid do not: a model
// may put a spike of width ε on a level that occurs again and again, gain
// −ln ε nats a row, and say nothing about the world. [Dataset.Measure]
// declares which of three cases the data are, and numbers on different
// measures are never compared:
//
//   - continuous: the values as they are. Fine where the grid is much finer
//     than anything the model can resolve.
//
//   - dequantised: levels x spread over the gap above them,
//     y = x + U·step with U uniform on (0,1). The probability of a level is
//     then an integral of the density, P(x) = ∫ p(x + u) du over the cell of
//     volume stepᴰ, and by Jensen's inequality
//
//     E log p(y) + D·ln step ≤ log P(x)
//
//     so no spike can win ([Dataset.Dequantize]).
//
//   - binary: 0 or 1, and p(x) is a probability ([Dataset.BinarizeThreshold],
//     [Dataset.BinarizeStatic]).
//
// Noise and binarisation are drawn once, from the seed and from the row and
// column of each cell in the original data. All models see the same draw, and
// it does not change when the data are split otherwise.
//
// # Units
//
// Values stay in the units of the file, and log p is in nats of those units.
// An 8-bit image is a point of (0,256)ᴰ after dequantisation; log p of the
// same image scaled to [0,1] is larger by D·ln 256, which for 784 pixels is
// 4347.5 nats. Bits per dimension, −log₂ p(y)/D, are the usual ones when they
// are taken in original units.
//
// # Held-out rows
//
// [Split] shuffles with a stream of the seed and deals out test, validation
// and training rows. The test rows depend on the seed and their share alone.
package dataset
