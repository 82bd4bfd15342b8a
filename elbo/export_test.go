package elbo

import "likely/density"

// OrthantsForTest gives tests outside a split normal.
func OrthantsForTest(mean, out, in, up, down []float64, logDet float64) density.ProposalGradient {
	return newOrthants(mean, out, in, up, down, logDet)
}
