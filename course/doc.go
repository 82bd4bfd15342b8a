// Package course holds the studies of the course: the claims that a beginner's
// text makes of autoencoders and mixtures, each put to a measurement.
//
// A study is one file. It says the claim in our words, asks a question, measures,
// and judges what it measured:
//
//	record, err := study.Run(ctx, course.Settings{Seed: 1})
//
// The verdict is computed from the numbers by a rule that the record states in
// words. The rule is a pure function, so that a test can hand it other numbers and
// see another verdict. Records of full size are part of the package (see Last), and
// the pages of docs/course are filled from them by Fill.
//
// All studies work on data that are part of the program, on one stream of
// randomness from Settings.Seed, and give the same bits for any number of cores.
package course
