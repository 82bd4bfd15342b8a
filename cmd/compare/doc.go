// Command compare fits density models to a table of data and says how good
// each one is, in nats that can be trusted.
//
//	compare [DATASET]     fit the models and compare them; same as compare run
//	compare data          list the known datasets; data info NAME
//	compare score         log p(x) of each row of a file under a saved model
//	compare sample        draw from a saved model
//	compare version
//
// DATASET is the name of a known dataset or a file. Results go to standard
// output, progress and warnings to standard error. The output folder holds
// results.json, the figures and the fitted models.
//
// Exit codes: 0 all went well, 1 the data or the fit failed, 2 the command was
// called wrongly, 130 it was interrupted.
package main
