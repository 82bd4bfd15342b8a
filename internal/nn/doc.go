// Package nn holds feed-forward networks with hand-written backward passes,
// generic over float32 and float64.
//
// A layer is
//
//	y = f(x·W + b)          x: rows×In, W: In×Out, b: Out
//
// and with G = ∂loss/∂y its backward pass is
//
//	H = G ⊙ f′              (H: rows×Out, the gradient at the affine part)
//	∂loss/∂x = H·Wᵀ
//	∂loss/∂W = xᵀ·H
//	∂loss/∂b = Σ rows of H
//
// A hidden layer may be normalised (Ba, Kiros & Hinton 2016): f is then applied to
//
//	γ ⊙ n + β,   n = (a − mean a) / √(var a + ε),   a = x·W + b
//
// with mean and variance over the units of a row, so that no row depends on another.
//
// # One slice for all parameters
//
// A [Layout] gives every weight its place in one flat slice. The networks themselves
// hold no numbers, only places. Parameters, gradients, the moments of an optimiser and
// a snapshot of the best weights are thus plain slices of one length. They are copied
// and updated in one pass.
//
// # Parallel and reproducible
//
// A training step is cut in two ways. The passes through the layers are cut
// by rows of the minibatch, which do not depend on each other. The gradients
// of the weights are cut by rows of the weight matrix, each piece summed over
// the whole minibatch in one go. No number is ever added up in an order that
// depends on the number of processors, so the same seed gives the same bits
// under any GOMAXPROCS.
package nn
