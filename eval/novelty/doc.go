// Package novelty asks whether a model repeats or mixes its training rows, or draws
// something new.
//
// A sample that lies near a training row is no proof of copying: so do held-out rows,
// where the data are dense. Every statistic here compares generated rows with held-out
// rows as the training rows see them. Read it beside the same statistic of four
// controls ([Controls]). Held-out rows must look new, and training rows must look
// copied. Between the two are training rows with a little noise, and kernel density
// estimates from narrow to wide.
//
//   - [Copying]: are generated rows nearer to training rows than held-out rows are?
//     (C_T, Meehan, Chaudhuri & Dasgupta 2020)
//   - [Hull]: how far is a row from the convex hull of its nearest training rows?
//     0 is a mixture of training rows.
//   - [Bins]: does each region get its share? (NDB, Richardson & Weiss 2018)
//   - [Coverage]: precision, recall, density and coverage (Kynkäänniemi et al. 2019;
//     Naeem et al. 2020).
//   - [Memory]: does a decoder give back the average of training rows that is
//     optimal at infinite capacity? (Bozkurt et al. 2018)
//
// Distances are Euclidean in the columns as given: put columns of different units
// on one scale first.
package novelty
