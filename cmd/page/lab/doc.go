// Package lab is what the page shows, without the page: a Gaussian mixture and a
// variational autoencoder on one set of points in the plane, half a step of EM at a
// time. It knows no browser, so that the same code runs there and in a test.
package lab
