// Package figure draws what the rest of likely finds out. There are densities over the
// data they claim to explain, samples beside real rows, and the course of a fit. Scores
// show what kind of number they are.
//
// Every function takes plain data (points, log-densities, estimates) and
// returns a [Figure], which saves itself as PNG or SVG. Nothing here fits,
// samples or knows a model; the same input gives the same bytes.
//
// # How to read a density picture
//
// A density has the unit of one over an area, so its height means little to
// the eye, and two models can differ by a factor of a thousand where neither
// has any mass. [Densities] therefore draws highest-density regions
// (Hyndman 1996): for a share q of the mass, the smallest set that holds it,
//
//	R(q) = {x : p(x) ≥ c(q)},   ∫ over R(q) of p(x) dx = q.
//
// The shares are the same for all panels, the thresholds c(q) are each
// model's own. A model that wastes mass has larger regions; a model that
// leaves out data has points outside all of them. About 5 % of the held-out
// rows should fall outside the 95 % region; where many more do, the model is
// overconfident there.
//
// # How to read scores
//
// [Scores] sorts models by nats per row and gives each [density.Kind] a marker of its
// own. A disc is an exact value, and a ring an estimate. A triangle is a bound; it
// points to the side on which the truth lies. The bars are one standard error over rows
// and draws (thick) and two (thin). They describe each model by itself; differences
// between models are taken row by row, and are sharper than two overlapping bars
// suggest.
//
// # Colours
//
// Categories use the colours of Okabe and Ito (2008), which people with any of
// the common colour-vision deficiencies can tell apart, and never colour
// alone: shape, dashes or place repeat the message. Densities use the light
// half of viridis, whose lightness falls evenly.
package figure
