// Package search chooses among candidates of one kind of model, such as mixtures of
// several sizes or networks of several widths, within a budget of work.
//
// One rule serves every kind. Candidates are scored by log p of rows that they were not
// trained on. The best is the one with the highest mean; chosen is the simplest, by
// its number of parameters, whose mean is below the best's by at most one standard error
// of the difference. The difference is taken row by row, so what is hard about a row
// counts for both sides alike. Ties go to the smaller.
//
// One schedule serves every kind, too. A [Problem] proposes candidates in rounds, each
// knowing what the rounds before it found. Fits that can be stopped and continued go
// through successive halving (Jamieson & Talwalkar 2016): all are trained for a few
// passes over the rows, the better half for twice as many, and so on. Fits that cannot
// are made whole, as long as the budget has room for them.
//
// Work is counted in floating-point operations, from the sizes of rows and models alone.
// A search within such a budget gives the same bits on any machine. A budget of time is
// turned into work by the speed that is seen.
package search
